/**
 * The checksum of the discovery protocol: a structural hash (hashstructure v2, slices as sets) over FNV-1.
 *
 * Lists are XORed, so order does not matter, one element's share can be put in or taken out in constant time, and equal
 * elements cancel in pairs (10.18). So does whatever accounts have in common that differ in their last character alone:
 * `{x0, x1}` and `{y0, y1}` have one hash. Hence checksums serve the wire only: whether something changed is decided by
 * comparing the messages.
 * @see reference §4.6
 */
import { Fnv64 } from "./fnv64.js";
import type { AnnouncedPort, AnnouncedService, NetworkGatewayEndpoint } from "./message.js";

/** One half each of an unsigned 64-bit number, as signed 32-bit integers. */
interface Halves {
  readonly high: number;
  readonly low: number;
}

/** Scratch: every hash is started and read in one expression. */
const hash = new Fnv64();

function halves({ high, low }: Halves): Halves {
  return { high, low };
}

function textHalves(text: string): Halves {
  return halves(hash.reset().text(text));
}

function toHalves(value: bigint): Halves {
  return { high: Number((value >> 32n) & 0xffffffffn) | 0, low: Number(value & 0xffffffffn) | 0 };
}

/** The hash of one number: finishes each field of a structure, and once more a list that is tagged as a set. */
function finishedHalves(value: Halves): Halves {
  return halves(hash.reset().word(value.low).word(value.high));
}

function table<const Name extends string>(hashOf: (name: Name) => Halves, ...list: readonly Name[]) {
  return Object.fromEntries(list.map((name) => [name, hashOf(name)])) as Record<Name, Halves>;
}

/** Where the hash of a structure starts. */
const TYPE = table(
  textHalves,
  "ServiceListMessage",
  "ServiceMessage",
  "ServiceKey",
  "ServicePort",
  "ServiceMeshPeerRemote",
  "ServiceEndpoint",
);

/** Where the hash of a pair of field name and value starts: its first eight bytes are the name's hash. */
const FIELD = table(
  (name) => finishedHalves(textHalves(name)),
  "Services",
  "NetworkGatewayEndpoints",
  "ServiceKey",
  "ServicePorts",
  "ServiceAccounts",
  "Name",
  "Namespace",
  "Hostname",
  "Port",
  "Protocol",
  "Addresses",
  "DiscoveryPort",
  "ServicePort",
);

/** Takes one field into a structure's hash. Fields go in declaration order. */
function field(structure: Halves, pairStart: Halves, value: Halves): Halves {
  hash.resume(pairStart).word(value.low).word(value.high);
  const high = structure.high ^ hash.high;
  const low = structure.low ^ hash.low;
  return halves(hash.reset().word(low).word(high));
}

function setHalves<Element>(elements: readonly Element[], hashOf: (element: Element) => Halves): Halves {
  let high = 0;
  let low = 0;
  for (const element of elements) {
    const value = hashOf(element);
    high ^= value.high;
    low ^= value.low;
  }
  return { high, low };
}

/** Go's `int`: 64 bits, sign extended. */
function int64Halves(value: number): Halves {
  return halves(
    hash
      .reset()
      .word(value)
      .word(Math.floor(value / 2 ** 32)),
  );
}

function int32Halves(value: number): Halves {
  return halves(hash.reset().word(value));
}

function portHalves(port: AnnouncedPort): Halves {
  const named = field(TYPE.ServicePort, FIELD.Name, textHalves(port.name));
  const numbered = field(named, FIELD.Port, int64Halves(port.port));
  return field(numbered, FIELD.Protocol, textHalves(port.protocol));
}

function endpointHalves(endpoint: NetworkGatewayEndpoint): Halves {
  const numbered = field(TYPE.ServiceEndpoint, FIELD.Port, int64Halves(endpoint.port));
  return field(numbered, FIELD.Hostname, textHalves(endpoint.hostname));
}

function keyHalves(service: AnnouncedService): Halves {
  const named = field(TYPE.ServiceKey, FIELD.Name, textHalves(service.name));
  const placed = field(named, FIELD.Namespace, textHalves(service.namespace));
  return field(placed, FIELD.Hostname, textHalves(service.hostname));
}

function toBigInt({ high, low }: Halves): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** The share of one service in its list's checksum. Costs a few microseconds: keep it beside the service. */
export function serviceChecksum(service: AnnouncedService): bigint {
  const keyed = field(TYPE.ServiceMessage, FIELD.ServiceKey, keyHalves(service));
  const withPorts = field(keyed, FIELD.ServicePorts, setHalves(service.servicePorts, portHalves));
  return toBigInt(field(withPorts, FIELD.ServiceAccounts, setHalves(service.serviceAccounts, textHalves)));
}

/** XOR of the services' checksums: what `toListChecksum` finishes. XOR a service's checksum in to add or remove it. */
export function combineServiceChecksums(checksums: Iterable<bigint>): bigint {
  let combined = 0n;
  for (const checksum of checksums) combined ^= checksum;
  return combined;
}

/** The checksum of a list, from the XOR of its services' checksums. */
export function toListChecksum(combined: bigint): bigint {
  return toBigInt(field(TYPE.ServiceListMessage, FIELD.Services, finishedHalves(toHalves(combined))));
}

/** The checksum of a list of releases up to 2.3.3, from the XORs of its services' and its endpoints' checksums. */
export function toLegacyListChecksum(combined: bigint, combinedEndpoints: bigint): bigint {
  const endpoints = finishedHalves(toHalves(combinedEndpoints));
  const withEndpoints = field(TYPE.ServiceListMessage, FIELD.NetworkGatewayEndpoints, endpoints);
  return toBigInt(field(withEndpoints, FIELD.Services, finishedHalves(toHalves(combined))));
}

/** XOR of the endpoints' checksums, for `toLegacyListChecksum`. */
export function combineEndpointChecksums(endpoints: readonly NetworkGatewayEndpoint[]): bigint {
  return toBigInt(setHalves(endpoints, endpointHalves));
}

/** The checksum of a list, whatever the order of its services. */
export function listChecksum(services: readonly AnnouncedService[]): bigint {
  return toListChecksum(combineServiceChecksums(services.map(serviceChecksum)));
}

/** The checksum of a list as releases up to 2.3.3 count it; theirs differs even without endpoints. */
export function legacyListChecksum(
  services: readonly AnnouncedService[],
  endpoints: readonly NetworkGatewayEndpoint[],
): bigint {
  return toLegacyListChecksum(
    combineServiceChecksums(services.map(serviceChecksum)),
    combineEndpointChecksums(endpoints),
  );
}

/** `spec.remote` of a ServiceMeshPeer, as written: an unset port is not its default. */
export interface WrittenRemote {
  readonly addresses?: readonly string[] | undefined;
  readonly discoveryPort?: number | undefined;
  readonly servicePort?: number | undefined;
}

/**
 * Value of the `remote` header of discovery requests.
 * @see reference §4.7
 */
export function remoteChecksum(remote: WrittenRemote): bigint {
  const addressed = field(TYPE.ServiceMeshPeerRemote, FIELD.Addresses, setHalves(remote.addresses ?? [], textHalves));
  const withDiscovery = field(addressed, FIELD.DiscoveryPort, int32Halves(remote.discoveryPort ?? 0));
  return toBigInt(field(withDiscovery, FIELD.ServicePort, int32Halves(remote.servicePort ?? 0)));
}

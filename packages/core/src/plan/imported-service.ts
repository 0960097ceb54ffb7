/**
 * An imported service as local workloads name it, put together from what peers offer and, with importAsLocal, from the
 * mesh's own Service of that name.
 *
 * Where there is such a Service, its ports are the service's ports. A port that a peer offers goes to the port of the same
 * name, otherwise to the one of the same number; one that fits neither is left out and reported. Without such a Service
 * the first peer's ports are the service's, and further peers add what they have beyond.
 * @see reference §7.3, §7.7
 */
import type { PortProtocol, ServiceMessage, ServicePort } from "../discovery/message.js";
import type { SpiffeId } from "../naming/spiffe-id.js";
import type {
  ImportedService,
  ImportedServicePort,
  Locality,
  RemoteService,
  WorkloadEndpoint,
} from "./gateway-resource.js";
import type { ServicePortEndpoints } from "./service-endpoints.js";

/** What one peer offers for the service. */
export interface RemoteOffer {
  readonly peer: string;
  readonly message: ServiceMessage;
  readonly locality: Locality | undefined;
}

/** A port that a peer offers and that the service has no place for. */
export interface UnmatchedPort<O extends RemoteOffer = RemoteOffer> {
  readonly offer: O;
  readonly port: ServicePort;
}

interface Port {
  readonly name: string;
  readonly port: number;
  readonly protocol: PortProtocol;
  readonly endpoints: readonly WorkloadEndpoint[];
  readonly remotes: RemoteService[];
}

export function importedService<O extends RemoteOffer>(
  localHost: string,
  offers: readonly O[],
  local: readonly ServicePortEndpoints[] | undefined,
): { readonly service: ImportedService; readonly unmatched: readonly UnmatchedPort<O>[] } {
  const ports: Port[] = (local ?? []).map((port) => ({ ...port, remotes: [] }));
  const unmatched: UnmatchedPort<O>[] = [];
  for (const offer of offers) {
    for (const [port, remote] of assignPorts(offer, ports, local === undefined)) {
      if (port === undefined) unmatched.push({ offer, port: remote });
      else port.remotes.push(remoteService(offer, remote));
    }
  }
  return { service: { kind: "ImportedService", localHost, ports }, unmatched };
}

/** Where each TCP port of the offer goes. `ports` grows when `isOpen`. */
function assignPorts(
  { message }: RemoteOffer,
  ports: Port[],
  isOpen: boolean,
): readonly (readonly [Port | undefined, ServicePort])[] {
  const remotePorts = message.servicePorts.filter(({ protocol }) => protocol !== "UDP");
  const byName = new Map(
    remotePorts.flatMap((remote) => {
      const port = ports.find(({ name }) => name !== "" && name === remote.name);
      return port === undefined ? [] : [[remote, port] as const];
    }),
  );
  const taken = new Set(byName.values());
  return remotePorts.map((remote) => {
    const port = byName.get(remote) ?? portOfNumber(remote, ports, isOpen);
    if (port === undefined || (taken.has(port) && !byName.has(remote))) return [undefined, remote];
    taken.add(port);
    return [port, remote];
  });
}

function portOfNumber(remote: ServicePort, ports: Port[], isOpen: boolean): Port | undefined {
  const port = ports.find((candidate) => candidate.port === remote.port);
  if (port !== undefined || !isOpen) return port;
  const added: Port = { ...remote, endpoints: [], remotes: [] };
  ports.push(added);
  return added;
}

function remoteService({ peer, message, locality }: RemoteOffer, { port }: ServicePort): RemoteService {
  return {
    peer,
    exportedHost: message.hostname,
    remotePort: port,
    // checkAnnouncement has found each of them to be a SPIFFE ID.
    serviceAccounts: message.serviceAccounts as readonly SpiffeId[],
    ...(locality && { locality }),
  };
}

/** Protocols whose requests name their host, so that one address can serve all services. */
const HTTP_PROTOCOLS: ReadonlySet<PortProtocol> = new Set(["HTTP", "HTTP2", "GRPC", "GRPC-Web", "HTTP_PROXY"]);

/** True when a port is, or may be, other than HTTP. */
export function needsVirtualAddress(ports: readonly ImportedServicePort[]): boolean {
  return ports.some(({ protocol }) => !HTTP_PROTOCOLS.has(protocol));
}

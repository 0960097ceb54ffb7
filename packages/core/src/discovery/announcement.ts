/**
 * What a peer announces is checked before it is believed: it may name only hosts of its own exports and only identities
 * of its own trust domain. A violation costs the peer that one service.
 * @see reference §10.36, §4.3
 */
import { isDnsLabel } from "../naming/dns-name.js";
import { type ExportedHost, parseExportedHost } from "../naming/host-names.js";
import { parseSpiffeId } from "../naming/spiffe-id.js";
import { type FieldViolation, failure, type Result, success, type ViolationReason } from "../result.js";
import { DEFAULT_DISCOVERY_LIMITS, type DiscoveryLimits } from "./discovery-limits.js";
import {
  type AnnouncedPort,
  type AnnouncedService,
  PORT_PROTOCOLS,
  type PortProtocol,
  type ServiceMessage,
} from "./message.js";
import { equalPorts, withoutDuplicates } from "./service-message.js";

export interface AnnouncementPolicy {
  /** `spec.security.trustDomain` of the ServiceMeshPeer. */
  readonly peerTrustDomain: string;
  readonly limits?: Pick<DiscoveryLimits, "maxPorts" | "maxServiceAccounts">;
  /** What the peer calls this mesh, where that is known: the label before `-exports` that its hosts must have. */
  readonly seenExporterLabel?: string;
}

const MAX_PORT = 65_535;
const MAX_QUOTED = 80;
const PROTOCOLS: ReadonlySet<string> = new Set(PORT_PROTOCOLS);

/** A peer's text in our messages: short, and visibly quoted. */
function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}...` : text);
}

function violation(path: string, reason: ViolationReason, message: string): FieldViolation {
  return { path, reason, message };
}

function isProtocol(text: string): text is PortProtocol {
  return PROTOCOLS.has(text);
}

function* checkName(path: string, value: string): Generator<FieldViolation> {
  if (!isDnsLabel(value)) yield violation(path, "Invalid", `${quote(value)} is not a DNS label`);
}

function* checkHostname(service: AnnouncedService, label: string | undefined): Generator<FieldViolation> {
  const { name, namespace, hostname } = service;
  const host: ExportedHost | undefined = parseExportedHost(hostname);
  if (host === undefined || host.name !== name || host.namespace !== namespace) {
    const expected = quote(`${name}.${namespace}.svc.<peer>-exports.local`);
    yield violation("hostname", "Invalid", `${quote(hostname)} is not of the form ${expected}`);
  } else if (label !== undefined && host.peerLabel !== label) {
    yield violation("hostname", "Invalid", `${quote(hostname)} does not end with ${quote(`.${label}-exports.local`)}`);
  }
}

/** UDP and everything else count their ports apart, as in Kubernetes: 53 may serve both. */
function portKey({ port, protocol }: AnnouncedPort): string {
  return `${protocol === "UDP" ? "UDP" : "TCP"}/${port}`;
}

/** Equal ports are not wrong: the reference can send them, and they are taken once. */
function* checkPorts(ports: readonly AnnouncedPort[]): Generator<FieldViolation> {
  const known = new Map<string, AnnouncedPort>();
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const path = `servicePorts[${index}]`;
    const other = known.get(portKey(port));
    if (other !== undefined && equalPorts(other, port)) continue;
    if (!Number.isInteger(port.port) || port.port < 1 || port.port > MAX_PORT) {
      yield violation(`${path}.port`, "Invalid", `${port.port} is not a port number from 1 to ${MAX_PORT}`);
    } else if (other !== undefined) {
      yield violation(`${path}.port`, "Duplicate", `port ${port.port} is announced more than once`);
    }
    if (port.name !== "" && !isDnsLabel(port.name)) {
      yield violation(`${path}.name`, "Invalid", `${quote(port.name)} is not a DNS label`);
    } else if (names.has(port.name)) {
      yield violation(`${path}.name`, "Duplicate", `port name ${quote(port.name)} is announced more than once`);
    }
    known.set(portKey(port), port);
    names.add(port.name);
  }
}

function* checkAccounts(accounts: readonly string[], trustDomain: string): Generator<FieldViolation> {
  for (const [index, account] of accounts.entries()) {
    const path = `serviceAccounts[${index}]`;
    const id = parseSpiffeId(account);
    if (!id.ok) {
      yield violation(path, "Invalid", `${quote(account)} is not a SPIFFE ID`);
    } else if (id.value.trustDomain !== trustDomain) {
      const message = `${quote(account)} is not in the peer's trust domain ${quote(trustDomain)}`;
      yield violation(path, "Forbidden", message);
    } else if (id.value.path === "") {
      yield violation(path, "Invalid", `${quote(account)} names a trust domain, not a workload`);
    }
  }
}

function* checkSize(path: string, found: number, limit: number): Generator<FieldViolation> {
  if (found > limit) yield violation(path, "TooLong", `has ${found} entries, at most ${limit} are accepted`);
}

/** Ports of a protocol that we do not know are carried as those whose protocol is to be sniffed, as Istio reads them. */
function withKnownProtocols(service: AnnouncedService): ServiceMessage {
  const known = (port: AnnouncedPort) => isProtocol(port.protocol);
  if (service.servicePorts.every(known)) return service as ServiceMessage;
  return {
    ...service,
    servicePorts: service.servicePorts.map(({ name, port, protocol }) => ({
      name,
      port,
      protocol: isProtocol(protocol) ? protocol : "UnsupportedProtocol",
    })),
  };
}

/**
 * The service as it can be believed, or everything that is wrong with it. What it guarantees: name and namespace are DNS
 * labels, the hostname is `name.namespace.svc.<label>-exports.local`, port numbers and names are legal and unique, every
 * account is a workload's SPIFFE ID in the peer's trust domain, accounts are sorted, and nothing is doubled.
 */
export function checkAnnouncement(service: AnnouncedService, policy: AnnouncementPolicy): Result<ServiceMessage> {
  const limits = policy.limits ?? DEFAULT_DISCOVERY_LIMITS;
  const sizes = [
    ...checkSize("servicePorts", service.servicePorts.length, limits.maxPorts),
    ...checkSize("serviceAccounts", service.serviceAccounts.length, limits.maxServiceAccounts),
  ];
  if (sizes.length > 0) return failure(...sizes);
  const violations = [
    ...checkName("name", service.name),
    ...checkName("namespace", service.namespace),
    ...checkHostname(service, policy.seenExporterLabel),
    ...checkPorts(service.servicePorts),
    ...checkAccounts(service.serviceAccounts, policy.peerTrustDomain),
  ];
  if (violations.length > 0) return failure(...violations);
  return success(withoutDuplicates(withKnownProtocols(service)));
}

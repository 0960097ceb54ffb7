/** Which imported service a request of a workload is for. Pure: the tables of its test are its specification. */
import type { PortProtocol } from "../discovery/message.js";
import type { ImportedService, ImportedServicePort } from "../plan/gateway-resource.js";
import type { HopFailureReason } from "./hop-error.js";

/** Host and port as a request names them. */
export interface Authority {
  /** Lower case, without a final dot. */
  readonly host: string;
  readonly port?: number;
}

export type OutboundRoute =
  | { readonly ok: true; readonly service: ImportedService; readonly port: ImportedServicePort }
  | { readonly ok: false; readonly reason: HopFailureReason; readonly message: string };

export interface RouteOptions {
  readonly findService: (host: string) => ImportedService | undefined;
  /** Of the listener that took the request: a client that only knows the listener's address puts it into `Host`. */
  readonly listenerPort?: number;
}

const HTTP: ReadonlySet<PortProtocol> = new Set<PortProtocol>(["HTTP", "HTTP2", "GRPC", "GRPC-Web", "HTTP_PROXY"]);
const DEFAULT_HTTP_PORT = 80;
const HOST = /^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_-])?$/;
const PORT = /^[1-9]\d{0,4}$/;
const MAX_PORT = 65_535;

/** True for ports that are reached by `Host`; all others are reached by the service's virtual address. */
export function isHttpProtocol(protocol: PortProtocol): boolean {
  return HTTP.has(protocol);
}

/** True for ports that have a listener on the service's virtual address. */
export function isTcpProtocol(protocol: PortProtocol): boolean {
  return !isHttpProtocol(protocol) && protocol !== "UDP";
}

/** `host` or `host:port`, also with a final dot -> its parts; undefined for anything else, IPv6 addresses included. */
export function parseAuthority(text: string): Authority | undefined {
  const [host = "", port, ...rest] = text.split(":");
  const name = host.toLowerCase().replace(/\.$/, "");
  if (rest.length > 0 || !HOST.test(name)) return undefined;
  if (port === undefined) return { host: name };
  return PORT.test(port) && Number(port) <= MAX_PORT ? { host: name, port: Number(port) } : undefined;
}

/**
 * The port that an HTTP request is for: the one that it names; without one 80, or else the service's only HTTP port. A
 * port of protocol `UnsupportedProtocol` is one whose protocol is not declared, so HTTP may be what it speaks.
 */
export function routeHttp(
  { host, port: named }: Authority,
  { findService, listenerPort }: RouteOptions,
): OutboundRoute {
  const service = findService(host);
  if (service === undefined) return hostUnknown(host);
  const exact = service.ports.find(({ port }) => port === named);
  if (exact !== undefined) {
    if (isHttpProtocol(exact.protocol) || exact.protocol === "UnsupportedProtocol")
      return { ok: true, service, port: exact };
    return {
      ok: false,
      reason: "ProtocolMismatch",
      message: `port ${exact.port} of "${service.localHost}" is declared as ${exact.protocol}, which is not HTTP${atVirtualAddress(service, exact)}`,
    };
  }
  if (named !== undefined && named !== listenerPort) return portUnknown(service, `no port ${named}`);
  const candidates = service.ports.filter(({ protocol }) => isHttpProtocol(protocol));
  const [first, ...others] = candidates;
  const port =
    candidates.find((candidate) => candidate.port === DEFAULT_HTTP_PORT) ?? (others.length === 0 ? first : undefined);
  if (port !== undefined) return { ok: true, service, port };
  return portUnknown(service, candidates.length === 0 ? "no HTTP port" : "several HTTP ports");
}

/** The port that `CONNECT host:port` is for: any protocol, since the bytes are the caller's business. */
export function routeConnect({ host, port: named }: Authority, { findService }: RouteOptions): OutboundRoute {
  const service = findService(host);
  if (service === undefined) return hostUnknown(host);
  const port = service.ports.find((candidate) => candidate.port === named && candidate.protocol !== "UDP");
  return port === undefined ? portUnknown(service, `no port ${named ?? "(none named)"}`) : { ok: true, service, port };
}

function hostUnknown(host: string): OutboundRoute {
  return { ok: false, reason: "HostUnknown", message: `no imported service has the name "${host}"` };
}

function portUnknown({ localHost, ports }: ImportedService, what: string): OutboundRoute {
  const listed = ports.map(({ port, protocol }) => `${port} (${protocol})`).join(", ");
  return { ok: false, reason: "PortUnknown", message: `"${localHost}" has ${what}; its ports are ${listed || "none"}` };
}

function atVirtualAddress({ virtualAddress }: ImportedService, { port }: ImportedServicePort): string {
  return virtualAddress === undefined ? "" : `; it is reached at ${virtualAddress}:${port}`;
}

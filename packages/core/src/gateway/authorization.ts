/**
 * Who may reach what through the ingress of a peer. Denied unless two independent conditions hold: the caller is the
 * peer's configured client, and the host is exported to this peer with the port that was asked for (reference 10.37).
 */
import { parseServerName } from "../naming/server-name.js";
import type { SpiffeId } from "../naming/spiffe-id.js";
import type { ExportRoute, ExportRoutePort, IngressGateway } from "../plan/gateway-resource.js";

/**
 * - `IdentityNotClient`: the certificate is valid, but of somebody else
 * - `ServerNameMissing`, `ServerNameInvalid`: the TLS server name (SNI) is absent or of no known form
 * - `HostNotExported`, `PortNotExported`: not exported to this peer
 * - `PortAmbiguous`: the bare host of a service with several ports does not say which one is meant (reference 10.15)
 */
export type DenyReason =
  | "IdentityNotClient"
  | "ServerNameMissing"
  | "ServerNameInvalid"
  | "HostNotExported"
  | "PortNotExported"
  | "PortAmbiguous";

export type IngressVerdict =
  | { readonly allowed: true; readonly route: ExportRoute; readonly port: ExportRoutePort }
  | { readonly allowed: false; readonly reason: DenyReason; readonly message: string };

export interface IngressRequest {
  readonly gateway: Pick<IngressGateway, "peer" | "clientId">;
  /** From a certificate that has been verified against the peer's roots. */
  readonly identity: SpiffeId;
  /** As the TLS handshake had it. */
  readonly serverName: string | undefined;
  /** The export of `host` to the gateway's peer. */
  readonly findRoute: (host: string) => ExportRoute | undefined;
}

/** True only for the one identity that the peer's ServiceMeshPeer names. */
export function isClientOf(gateway: Pick<IngressGateway, "clientId">, identity: SpiffeId): boolean {
  return identity === gateway.clientId;
}

export function identityNotClient(gateway: Pick<IngressGateway, "clientId">, identity: SpiffeId): string {
  return `"${identity}" is not the client "${gateway.clientId}" that spec.security.clientID of the ServiceMeshPeer names`;
}

/** Decides on one connection; also asked again about established ones when the configuration changes. */
export function authorizeIngress({ gateway, identity, serverName, findRoute }: IngressRequest): IngressVerdict {
  if (!isClientOf(gateway, identity)) return deny("IdentityNotClient", identityNotClient(gateway, identity));
  if (!serverName) return deny("ServerNameMissing", "the client sent no TLS server name");

  const name = parseServerName(serverName);
  if (name === undefined)
    return deny("ServerNameInvalid", `the TLS server name ${quote(serverName)} has no known form`);

  const route = findRoute(name.host);
  if (route === undefined || route.peer !== gateway.peer) {
    return deny("HostNotExported", `"${name.host}" is not exported to "${gateway.peer}"`);
  }
  return selectPort(route, name.port);
}

function selectPort(route: ExportRoute, wanted: number | undefined): IngressVerdict {
  const listed = route.ports.map(({ port }) => port).join(", ");
  if (wanted === undefined) {
    const [only, ...others] = route.ports;
    if (only !== undefined && others.length === 0) return { allowed: true, route, port: only };
    return deny(
      "PortAmbiguous",
      `"${route.exportedHost}" has the ports ${listed || "(none)"}: the TLS server name must say which, as in outbound_.PORT_._.HOST`,
    );
  }
  const port = route.ports.find((candidate) => candidate.port === wanted);
  if (port !== undefined) return { allowed: true, route, port };
  return deny("PortNotExported", `"${route.exportedHost}" has no port ${wanted}, only ${listed || "none"}`);
}

function deny(reason: DenyReason, message: string): IngressVerdict {
  return { allowed: false, reason, message };
}

/** Server names come from callers that are not known yet: control characters and length stay out of logs. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 255));
}

/**
 * In which order the ways to an imported service are tried: its local endpoints, if it is imported as local, and the peers
 * that export it. Each counts once, as each endpoint of an Istio service does (reference §7.7).
 */
import type { ImportedServicePort, RemoteService, WorkloadEndpoint } from "../plan/gateway-resource.js";
import { formatEndpoint } from "./proxy-stream.js";

export type Upstream =
  | { readonly kind: "Endpoint"; readonly key: string; readonly endpoint: WorkloadEndpoint }
  | { readonly kind: "Remote"; readonly key: string; readonly remote: RemoteService };

/** Every way to one port of an imported service, in the order of the configuration. */
export function upstreamsOf({ endpoints, remotes }: ImportedServicePort): readonly Upstream[] {
  return [
    ...endpoints.map((endpoint) => ({
      kind: "Endpoint" as const,
      key: `endpoint ${formatEndpoint(endpoint.address, endpoint.port)}`,
      endpoint,
    })),
    ...remotes.map((remote) => ({ kind: "Remote" as const, key: remoteKey(remote), remote })),
  ];
}

/** Two remotes with one key may share connections: what was verified for one holds for the other. */
function remoteKey({ peer, exportedHost, remotePort, serviceAccounts }: RemoteService): string {
  return JSON.stringify([peer, exportedHost, remotePort, ...serviceAccounts]);
}

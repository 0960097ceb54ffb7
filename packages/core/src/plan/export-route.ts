/** One exported service: what is announced to the peer, and how its ingress gateway reaches it. */
import type { ServiceMessage } from "../discovery/message.js";
import type { SpiffeId } from "../naming/spiffe-id.js";
import type { EndpointSlice } from "../resources/endpoint-slice.js";
import { portProtocol, type Service } from "../resources/service.js";
import type { ExportRoute } from "./gateway-resource.js";
import type { LocalService } from "./mesh-plan.js";
import { portsWithEndpoints } from "./service-endpoints.js";

export interface ExportedName {
  readonly exportedName: string;
  readonly exportedNamespace: string;
  readonly hostname: string;
}

/**
 * Ports in the Service's order, UDP ones included as the reference announces them. `ingressIdentity` is absent as long as
 * the ingress gateway is missing; then the list of accounts is empty.
 * @see reference §4.3
 */
export function exportedServiceMessage(
  service: Service,
  { exportedName, exportedNamespace, hostname }: ExportedName,
  ingressIdentity: SpiffeId | undefined,
): ServiceMessage {
  return {
    name: exportedName,
    namespace: exportedNamespace,
    hostname,
    servicePorts: (service.spec.ports ?? [])
      .filter(({ protocol }) => protocol !== "SCTP")
      .map((port) => ({ name: port.name ?? "", port: port.port, protocol: portProtocol(port) })),
    serviceAccounts: ingressIdentity === undefined ? [] : [ingressIdentity],
  };
}

/** Leads to the Service's own workloads only, whatever was imported under its name (reference 10.40). */
export function exportRoute(
  peer: string,
  localService: LocalService,
  exportedHost: string,
  backend: { readonly service: Service; readonly slices: readonly EndpointSlice[] },
): ExportRoute {
  return {
    kind: "ExportRoute",
    peer,
    exportedHost,
    localHost: localService.hostname,
    ports: portsWithEndpoints(backend.service, backend.slices).map(({ port, protocol, endpoints }) => ({
      port,
      protocol,
      endpoints,
    })),
  };
}

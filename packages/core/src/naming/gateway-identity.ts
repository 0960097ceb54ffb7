/**
 * Identities of federation gateways.
 * @see reference §2.4
 */
import { type SpiffeId, workloadSpiffeId } from "./spiffe-id.js";

const SCHEME = "spiffe://";

/** The service account that a gateway runs as: `egress-red-mesh-service-account`. */
export function gatewayServiceAccount(gateway: string): string {
  return `${gateway}-service-account`;
}

/** What a gateway's certificate says: `spiffe://red-mesh.local/ns/red-mesh-system/sa/ingress-green-mesh-service-account`. */
export function gatewaySpiffeId(trustDomain: string, namespace: string, gateway: string): SpiffeId {
  return workloadSpiffeId(trustDomain, namespace, gatewayServiceAccount(gateway));
}

/** A SPIFFE ID as `spec.security.clientID` has it: without `spiffe://`. */
export function formatClientId(id: SpiffeId): string {
  return id.slice(SCHEME.length);
}

/** `spec.security.clientID` with its scheme; the result is a SPIFFE ID only if `parseSpiffeId` takes it. */
export function clientIdUri(clientId: string): string {
  return `${SCHEME}${clientId}`;
}

/**
 * Fixed names and defaults of the federation resources.
 * @see reference §1.5, §2.7
 */

/** ConfigMap with a peer's root certificates, unless `spec.security.certificateChain.name` names another. */
export function defaultRootCertificateConfigMap(peer: string): string {
  return `${peer}-ca-root-cert`;
}

/** Lock of the leader election, in the control plane's namespace. */
export const LEADER_ELECTION_LOCK = "servicemesh-federation";

/** Annotation of generated discovery objects: the ServiceMeshPeer's generation that they were made from. */
export const RECONCILED_GENERATION_ANNOTATION = "reconciledGeneration";

/** Annotation of generated Gateways; `"false"`: OpenShift creates no Route for them. Import Gateways too (10.39). */
export const MANAGE_ROUTE_ANNOTATION = "maistra.io/manageRoute";

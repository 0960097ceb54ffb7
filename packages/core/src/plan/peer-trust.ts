/** What is trusted of a peer: its trust domain and the root certificates that its administrator handed over. */
import { type ConfigMap, ROOT_CERTIFICATE_KEY } from "../resources/config-map.js";
import { rootCertificateReference, type ServiceMeshPeer, trustDomainOfPeer } from "../resources/service-mesh-peer.js";
import { type FieldViolation, formatViolations } from "../result.js";
import type { PeerTrust } from "./gateway-resource.js";
import type { Mesh } from "./mesh.js";
import type { PeerProblem } from "./peer-conditions.js";

export interface TrustEnvironment {
  readonly mesh: Mesh | undefined;
  /** Of the control plane's namespace. */
  readonly configMap: (name: string) => ConfigMap | undefined;
  /** Empty when the text holds root certificates that can be used. Answers the same for the same text. */
  readonly checkRootCertificates: (pem: string) => readonly FieldViolation[];
}

/** Trust domain -> the first peer that has it, and its root. */
export type TrustDomainClaims = Map<string, { readonly peer: string; readonly rootCertificates: string }>;

/** What to trust, or why nothing is. Wrong fields of the peer itself are objected to elsewhere. */
export interface FoundTrust {
  readonly trust?: PeerTrust;
  readonly problems: readonly PeerProblem[];
}

export function findTrust(peer: ServiceMeshPeer, environment: TrustEnvironment, claims: TrustDomainClaims): FoundTrust {
  const root = readRootCertificates(peer, environment);
  const trustDomain = trustDomainOfPeer(peer);
  if (trustDomain === undefined) return { problems: root.problems };
  const conflict = trustDomainConflict(trustDomain, root.pem, environment.mesh, claims);
  const problems = [...conflict, ...root.problems];
  if (problems.length > 0 || root.pem === undefined) return { problems };
  return { trust: { trustDomain, rootCertificates: root.pem }, problems };
}

interface RootCertificates {
  readonly pem?: string;
  readonly problems: readonly PeerProblem[];
}

function readRootCertificates(peer: ServiceMeshPeer, environment: TrustEnvironment): RootCertificates {
  const { kind, namespace, name } = rootCertificateReference(peer);
  if (kind !== "ConfigMap") return { problems: [] };
  const configMap = environment.configMap(name);
  const notFound = (message: string) => ({ problems: [rootProblem("RootCertificateNotFound", name, message)] });
  if (configMap === undefined) return notFound(`there is no ConfigMap "${namespace}/${name}"`);
  const pem = configMap.data?.[ROOT_CERTIFICATE_KEY];
  if (pem === undefined) return notFound(`the ConfigMap "${namespace}/${name}" has no key "${ROOT_CERTIFICATE_KEY}"`);
  const violations = environment.checkRootCertificates(pem);
  if (violations.length === 0) return { pem, problems: [] };
  const message = `the ConfigMap "${namespace}/${name}" cannot be used: ${formatViolations(violations)}`;
  return { problems: [rootProblem("InvalidRootCertificate", name, message)] };
}

function rootProblem(
  reason: "RootCertificateNotFound" | "InvalidRootCertificate",
  configMap: string,
  message: string,
): PeerProblem {
  const source = `ConfigMap "istio-ca-root-cert" of the peer's control plane`;
  const remedy = `copy the key "${ROOT_CERTIFICATE_KEY}" of the ${source} into a ConfigMap "${configMap}"`;
  return {
    condition: "ResolvedRefs",
    reason,
    direction: "both",
    path: "spec.security.certificateChain",
    message,
    remedy,
  };
}

/** A trust domain stands for one root; the mesh's own stands for the mesh. @see reference §6.1, §6.4 */
function trustDomainConflict(
  trustDomain: string,
  pem: string | undefined,
  mesh: Mesh | undefined,
  claims: TrustDomainClaims,
): readonly PeerProblem[] {
  const problem = (owner: string): PeerProblem => ({
    condition: "Accepted",
    reason: "TrustDomainConflict",
    direction: "both",
    path: "spec.security.trustDomain",
    message: `found "${trustDomain}", which ${owner}`,
    remedy: "give each mesh a trust domain of its own, in spec.security.trust.domain of its ServiceMeshControlPlane",
  });
  if (trustDomain === mesh?.trustDomain) return [problem("is this mesh's own trust domain")];
  const earlier = claims.get(trustDomain);
  if (earlier === undefined || pem === undefined || earlier.rootCertificates.trim() === pem.trim()) return [];
  return [problem(`the peer "${earlier.peer}" has with another root certificate`)];
}

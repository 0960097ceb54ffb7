/**
 * Which peers are trusted, and the gateways that serve them.
 *
 * A peer is decided from the snapshot alone, so that its deletion, a changed `clientID` or trust domain, and a
 * re-creation under the same name take effect at once (reference 10.3, 10.7, 10.8, 10.44). For the same reason a root
 * certificate that was once good is not kept when its ConfigMap goes or becomes unreadable: deleting it is how trust is
 * revoked. (Reference 10.35 asks to keep it; a plan cannot tell an accident from a revocation, and says which it found.)
 *
 * Peers are taken in the order of their names. Of two that claim one ingress gateway, or one trust domain with different
 * roots, the first has it.
 */
import type { SpiffeId } from "../naming/spiffe-id.js";
import { clientIdOfPeer, type ServiceMeshPeer } from "../resources/service-mesh-peer.js";
import { checkServiceMeshPeer } from "../resources/service-mesh-peer-check.js";
import { compareText } from "./compare-text.js";
import type { EgressGateway, IngressGateway } from "./gateway-resource.js";
import type { Diagnostic } from "./mesh-plan.js";
import type { PeerDirection, PeerProblem } from "./peer-conditions.js";
import { egressGateway, findGateway, type GatewayEnvironment, ingressGateway } from "./peer-gateways.js";
import { findTrust, type TrustDomainClaims, type TrustEnvironment } from "./peer-trust.js";
import type { PeerRefusal } from "./set-findings.js";

/** What a ServiceMeshPeer comes to. */
export interface PlannedPeer {
  readonly name: string;
  readonly problems: readonly PeerProblem[];
  /** Why nothing may be exported to it; undefined when services may be. */
  readonly exportRefusal: PeerRefusal | undefined;
  /** Why nothing may be imported from it; undefined when services may be. */
  readonly importRefusal: PeerRefusal | undefined;
  /** `spec.gateways.ingress.name`, when it names one. */
  readonly ingressName: string | undefined;
  /** What the ingress gateway presents; announced with every exported service. Absent while the gateway is missing. */
  readonly ingressIdentity: SpiffeId | undefined;
  /** Present when the peer may come in and the gateway is there. */
  readonly ingress: IngressGateway | undefined;
  /** Present when the peer may be reached and the gateway is there. */
  readonly egress: EgressGateway | undefined;
}

export interface PeerEnvironment extends TrustEnvironment, Omit<GatewayEnvironment, "mesh"> {}

interface Claims {
  /** Ingress gateway -> the first peer that has it. */
  readonly ingressGateways: Map<string, string>;
  readonly trustDomains: TrustDomainClaims;
}

/** Every peer by name, in ascending order. */
export function resolvePeers(
  peers: Iterable<ServiceMeshPeer>,
  environment: PeerEnvironment,
): ReadonlyMap<string, PlannedPeer> {
  const claims: Claims = { ingressGateways: new Map(), trustDomains: new Map() };
  const resolved = [...peers]
    .sort((a, b) => compareText(a.metadata.name, b.metadata.name))
    .map((peer) => resolvePeer(peer, environment, claims));
  return new Map(resolved.map((peer) => [peer.name, peer]));
}

function resolvePeer(peer: ServiceMeshPeer, environment: PeerEnvironment, claims: Claims): PlannedPeer {
  const name = peer.metadata.name;
  const ingressName = peer.spec.gateways?.ingress?.name || undefined;
  const { mesh } = environment;
  if (mesh === undefined) return closedPeer(name, ingressName, [noControlPlane(peer)]);

  const { trust, problems: trustProblems } = findTrust(peer, environment, claims.trustDomains);
  const ingress = findGateway("ingress", peer, { ...environment, mesh });
  const egress = findGateway("egress", peer, { ...environment, mesh });
  const problems = [
    ...fieldProblems(peer),
    ...ingressConflict(ingressName, claims),
    ...trustProblems,
    ...ingress.problems,
    ...egress.problems,
  ];
  const clientId = clientIdOfPeer(peer);
  if (trust === undefined || clientId === undefined) return closedPeer(name, ingressName, problems);

  const exportRefusal = refusal("ingress", problems);
  const importRefusal = refusal("egress", problems);
  const receives = exportRefusal === undefined;
  const sends = importRefusal === undefined;
  if (receives || sends) claims.trustDomains.set(trust.trustDomain, { peer: name, ...trust });
  if (receives && ingressName !== undefined) claims.ingressGateways.set(ingressName, name);
  const isIngressThere = receives && ingress.gateway !== undefined;
  return {
    name,
    problems,
    exportRefusal,
    importRefusal,
    ingressName,
    ingressIdentity: isIngressThere ? ingress.gateway.identity : undefined,
    ingress: isIngressThere
      ? ingressGateway(name, ingress.gateway, { clientId, trust, nodeAddress: environment.nodeAddress })
      : undefined,
    egress: sends && egress.gateway !== undefined ? egressGateway(peer, egress.gateway, trust) : undefined,
  };
}

/** What is told when no problem says why a peer cannot be told from others: it stays shut all the same. */
const NOT_IDENTIFIED: PeerRefusal = { reason: "PeerNotAccepted", message: "its identity cannot be told" };

function closedPeer(name: string, ingressName: string | undefined, problems: readonly PeerProblem[]): PlannedPeer {
  return {
    name,
    problems,
    exportRefusal: refusal("ingress", problems) ?? NOT_IDENTIFIED,
    importRefusal: refusal("egress", problems) ?? NOT_IDENTIFIED,
    ingressName,
    ingressIdentity: undefined,
    ingress: undefined,
    egress: undefined,
  };
}

/** What closes a direction. A missing gateway does not by itself: there is nothing to go through. */
function refusal(direction: PeerDirection, problems: readonly PeerProblem[]): PeerRefusal | undefined {
  const closing = problems.filter(
    (problem) =>
      problem.condition !== "Programmed" &&
      problem.reason !== "GatewayNotFound" &&
      (problem.direction === direction || problem.direction === "both"),
  );
  if (closing.length === 0) return undefined;
  const isAccepted = closing.every(({ condition }) => condition !== "Accepted");
  return {
    reason: isAccepted ? "PeerNotResolved" : "PeerNotAccepted",
    message: closing.map(({ path, message }) => `${path}: ${message}`).join("; "),
  };
}

function noControlPlane(peer: ServiceMeshPeer): PeerProblem {
  return {
    condition: "Accepted",
    reason: "NoControlPlane",
    direction: "both",
    path: "metadata.namespace",
    message: `no ServiceMeshControlPlane is in charge of the namespace "${peer.metadata.namespace}"`,
    remedy: "create the ServiceMeshControlPlane",
  };
}

function fieldProblems(peer: ServiceMeshPeer): readonly PeerProblem[] {
  return checkServiceMeshPeer(peer).map(({ path, message }) => ({
    condition: "Accepted",
    reason: "Invalid",
    direction: directionOf(path),
    path,
    message,
    remedy: "correct the field",
  }));
}

function directionOf(path: string): PeerDirection {
  if (path.startsWith("spec.remote") || path.startsWith("spec.gateways.egress")) return "egress";
  return path.startsWith("spec.gateways.ingress") ? "ingress" : "both";
}

/** @see reference §7.6: two peers must never share an ingress */
function ingressConflict(ingressName: string | undefined, { ingressGateways }: Claims): readonly PeerProblem[] {
  const other = ingressName === undefined ? undefined : ingressGateways.get(ingressName);
  if (other === undefined) return [];
  return [
    {
      condition: "Accepted",
      reason: "GatewayConflict",
      direction: "ingress",
      path: "spec.gateways.ingress.name",
      message: `found "${ingressName}", which receives from the peer "${other}" already`,
      remedy: "give each peer an ingress gateway of its own",
    },
  ];
}

/** The problems as diagnostics of the ServiceMeshPeer. */
export function peerDiagnostics(peer: PlannedPeer, namespace: string): readonly Diagnostic[] {
  return peer.problems.map(({ condition, reason, path, message, remedy }) => ({
    severity: condition === "Programmed" ? "warning" : "error",
    reason,
    object: { kind: "ServiceMeshPeer", namespace, name: peer.name },
    path,
    message,
    remedy,
  }));
}

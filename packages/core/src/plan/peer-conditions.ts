/**
 * The conditions of a ServiceMeshPeer, and what can be wrong with one.
 *
 * Nothing is shared in a direction in which anything is wrong: an identity, a root certificate or a gateway that cannot be
 * told for certain keeps the gateway shut rather than open (reference 10.9).
 */
import type { ConditionState } from "./conditions.js";
import type { GatewayProblem } from "./gateway-problem.js";

/** @see Gateway API, GatewayConditionType */
export type PeerConditionType =
  /** What the object says can be carried out. */
  | "Accepted"
  /** What it refers to is there. */
  | "ResolvedRefs"
  /** Its gateways are configured and have an address. */
  | "Programmed";

/** Reasons of `Accepted` = False. True has the reason `Accepted`. */
export type NotAcceptedReason =
  /** A field is missing or wrong; the message names each. */
  | "Invalid"
  /** The mesh itself is missing: no ServiceMeshControlPlane of this namespace is in charge. */
  | "NoControlPlane"
  /** The trust domain is the mesh's own, or another peer's with another root certificate. */
  | "TrustDomainConflict"
  /** The ingress gateway is another peer's; a gateway receives from one peer. */
  | "GatewayConflict";

/** Reasons of `ResolvedRefs` = False. True has the reason `ResolvedRefs`, Unknown `NoControlPlane`. */
export type UnresolvedReason =
  /** The ConfigMap or its key `root-cert.pem` is missing. Trust is revoked by deleting it, so that it is not remembered. */
  | "RootCertificateNotFound"
  /** What the key holds cannot be used. An earlier, good certificate is not used in its place. */
  | "InvalidRootCertificate"
  /** There is no Service of the gateway's name in the control plane's namespace, or it lacks a port. */
  | "GatewayNotFound";

/** Reasons of `Programmed` = False. True has the reason `Programmed`. */
export type NotProgrammedReason =
  /** The peer is not accepted. */
  | "Invalid"
  /** What it refers to is not there. */
  | "Pending"
  /** The ingress gateway's Service has no address yet. */
  | "AddressNotAssigned"
  /** The data plane cannot run a gateway. */
  | GatewayProblem["reason"];

/** Which direction a problem closes: `ingress` what is received from the peer, `egress` what is sent to it. */
export type PeerDirection = "ingress" | "egress" | "both";

interface Problem<C extends PeerConditionType, R extends string> {
  readonly condition: C;
  readonly reason: R;
  readonly direction: PeerDirection;
  /** Path in the ServiceMeshPeer. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

export type PeerProblem =
  | Problem<"Accepted", NotAcceptedReason>
  | Problem<"ResolvedRefs", UnresolvedReason>
  | Problem<"Programmed", "AddressNotAssigned" | GatewayProblem["reason"]>;

export function peerConditionStates(problems: readonly PeerProblem[]): readonly ConditionState[] {
  const accepted = conditionState("Accepted", problems, "the peer's configuration is valid");
  const resolved = problems.some(({ reason }) => reason === "NoControlPlane")
    ? NOT_LOOKED_AT
    : conditionState("ResolvedRefs", problems, "the root certificate and both gateways are there");
  return [accepted, resolved, programmedState(problems, accepted, resolved)];
}

const NOT_LOOKED_AT: ConditionState = {
  type: "ResolvedRefs",
  status: "Unknown",
  reason: "NoControlPlane",
  message: "what the peer refers to is not looked at without a ServiceMeshControlPlane",
};

function conditionState(type: PeerConditionType, problems: readonly PeerProblem[], whenTrue: string): ConditionState {
  const [first, ...others] = problems.filter((problem) => problem.condition === type);
  if (first === undefined) return { type, status: "True", reason: type, message: whenTrue };
  const message = [first, ...others].map((problem) => `${problem.path}: ${problem.message}`).join("; ");
  return { type, status: "False", reason: first.reason, message };
}

function programmedState(
  problems: readonly PeerProblem[],
  accepted: ConditionState,
  resolved: ConditionState,
): ConditionState {
  const type = "Programmed";
  const state = (reason: NotProgrammedReason, message: string): ConditionState => ({
    type,
    status: "False",
    reason,
    message,
  });
  if (accepted.status === "False") return state("Invalid", "the peer is not accepted");
  if (resolved.status === "False") return state("Pending", "something that the peer refers to is missing");
  return conditionState(type, problems, "the gateways are configured");
}

/** What a data plane reports of its gateways: the one input of a plan that comes from where the plan is carried out. */
import type { GatewayResource, GatewayResourceKey, SocketAddress } from "./gateway-resource.js";
import { OUTBOUND_SERVICE } from "./installation.js";
import type { Diagnostic } from "./mesh-plan.js";
import type { ControlPlaneReference } from "./owned-object.js";
import type { PeerProblem } from "./peer-conditions.js";

/**
 * A part of the configuration that does not run.
 * - `AddressInUse`: another program, or another gateway of this engine, has the address
 * - `AddressNotAvailable`, `PermissionDenied`, `ListenFailed`: the operating system refused to listen
 * - `CertificateUnavailable`: the gateway's identity has no certificate, or one that cannot be used
 * - `TrustInvalid`: the peer's root certificates cannot be used
 */
export interface GatewayProblem {
  readonly resource: GatewayResourceKey;
  readonly reason:
    | "AddressInUse"
    | "AddressNotAvailable"
    | "PermissionDenied"
    | "ListenFailed"
    | "CertificateUnavailable"
    | "TrustInvalid";
  /** The listener that is affected; absent when all of the resource is. */
  readonly listener?: SocketAddress;
  readonly message: string;
  readonly remedy: string;
}

/** A problem with the resource that it is about. */
export interface LocatedProblem {
  readonly problem: GatewayProblem;
  readonly resource: GatewayResource;
}

/** The component of the control plane that does not run because of it. */
export function componentOf(resource: GatewayResource): string {
  return resource.kind === "IngressGateway" || resource.kind === "EgressGateway" ? resource.gateway : OUTBOUND_SERVICE;
}

/** What the ServiceMeshPeer of an ingress or egress gateway is told; undefined for other resources. */
export function gatewayPeerProblem({ problem, resource }: LocatedProblem): PeerProblem | undefined {
  if (resource.kind !== "IngressGateway" && resource.kind !== "EgressGateway") return undefined;
  const direction = resource.kind === "IngressGateway" ? "ingress" : "egress";
  const { reason, message, remedy } = problem;
  return { condition: "Programmed", reason, direction, path: `spec.gateways.${direction}.name`, message, remedy };
}

/** What is told about the control plane and its peers. */
export function gatewayDiagnostic(
  { problem, resource }: LocatedProblem,
  { namespace, name }: ControlPlaneReference,
): Diagnostic {
  const { reason, message, remedy } = problem;
  const peerProblem = gatewayPeerProblem({ problem, resource });
  const object =
    peerProblem !== undefined && "peer" in resource
      ? { kind: "ServiceMeshPeer", namespace, name: resource.peer }
      : { kind: "ServiceMeshControlPlane", namespace, name };
  return { severity: "error", reason, object, path: peerProblem?.path ?? "", message, remedy };
}

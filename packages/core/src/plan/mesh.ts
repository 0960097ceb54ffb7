/** The mesh that is planned, as its ServiceMeshControlPlane says. */
import type { TrustDomain } from "../naming/spiffe-id.js";
import { type FederationGateway, resolveGateways } from "../resources/federation-gateway.js";
import { checkGateways } from "../resources/federation-gateway-check.js";
import {
  clusterDomainOf,
  type ServiceMeshControlPlane,
  serviceMeshControlPlaneType,
  trustDomainOf,
} from "../resources/service-mesh-control-plane.js";
import { fieldPath } from "../resources/violations.js";
import type { FieldViolation } from "../result.js";
import type { Diagnostic } from "./mesh-plan.js";
import type { ControlPlaneReference } from "./owned-object.js";
import type { Snapshot } from "./snapshot.js";

export interface Mesh {
  readonly controlPlane: ServiceMeshControlPlane;
  readonly trustDomain: TrustDomain;
  readonly clusterDomain: string;
  /** The enabled gateways that nothing is wrong with. */
  readonly gateways: readonly FederationGateway[];
  /** Names of the enabled gateways that something is wrong with. */
  readonly invalidGateways: readonly string[];
  /** What is wrong with gateways, also with those that are not enabled. */
  readonly gatewayViolations: readonly FieldViolation[];
}

/**
 * The mesh, or undefined while it does not exist: there is no such ServiceMeshControlPlane, it is being deleted, or an
 * older one rules its namespace (a namespace has one control plane).
 */
export function resolveMesh(identity: ControlPlaneReference, snapshot: Snapshot): Mesh | undefined {
  const controlPlane = snapshot.controlPlanes.get(identity.name);
  if (controlPlane === undefined || rulingControlPlane(snapshot) !== controlPlane) return undefined;
  const gatewayViolations = checkGateways(controlPlane);
  const enabled = resolveGateways(controlPlane).filter((gateway) => gateway.enabled);
  const isInvalid = (gateway: FederationGateway) =>
    gatewayViolations.some(({ path }) => isWithin(path, gatewayPath(gateway)));
  return {
    controlPlane,
    trustDomain: trustDomainOf(controlPlane),
    clusterDomain: clusterDomainOf(controlPlane),
    gateways: enabled.filter((gateway) => !isInvalid(gateway)),
    invalidGateways: enabled.filter(isInvalid).map(({ name }) => name),
    gatewayViolations,
  };
}

/** The one that was created first; of several from one second the first by name. */
export function rulingControlPlane(snapshot: Snapshot): ServiceMeshControlPlane | undefined {
  const age = ({ metadata }: ServiceMeshControlPlane) => `${metadata.creationTimestamp ?? ""} ${metadata.name}`;
  return [...snapshot.controlPlanes.values()].sort((a, b) => (age(a) < age(b) ? -1 : 1))[0];
}

function gatewayPath({ kind, name }: FederationGateway): string {
  return fieldPath(["spec", "gateways", kind === "ingress" ? "additionalIngress" : "additionalEgress", name]);
}

function isWithin(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`);
}

/** What to tell the author of the ServiceMeshControlPlane. */
export function meshDiagnostics(identity: ControlPlaneReference, snapshot: Snapshot, mesh: Mesh | undefined) {
  const object = { kind: serviceMeshControlPlaneType.kind, ...identity };
  if (mesh === undefined) {
    const ruling = rulingControlPlane(snapshot);
    if (ruling === undefined || !snapshot.controlPlanes.has(identity.name)) return [];
    const other: Diagnostic = {
      severity: "error",
      reason: "MultipleControlPlanes",
      object,
      path: "",
      message: `the namespace "${identity.namespace}" has the older ServiceMeshControlPlane "${ruling.metadata.name}"`,
      remedy: "give each ServiceMeshControlPlane a namespace of its own",
    };
    return [other];
  }
  return mesh.gatewayViolations.map(
    ({ path, message }): Diagnostic => ({
      severity: "error",
      reason: "InvalidGateway",
      object,
      path,
      message,
      remedy: "correct the gateway; until then it is not run",
    }),
  );
}

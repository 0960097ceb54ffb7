/**
 * The objects that a control plane needs in the cluster: a Service and a ServiceAccount for each enabled gateway, and the
 * Service `outbound`, through which workloads reach imported services by HTTP `Host`.
 * @see reference §1.4, what the operator renders per additional gateway
 */
import { gatewayServiceAccount } from "../naming/gateway-identity.js";
import type { FederationGateway, GatewayPort } from "../resources/federation-gateway.js";
import { type KubernetesObject, objectReference } from "../resources/kubernetes-object.js";
import { apiVersionOf } from "../resources/resource-types.js";
import { type ServiceMeshControlPlane, serviceMeshControlPlaneType } from "../resources/service-mesh-control-plane.js";
import type { Mesh } from "./mesh.js";
import type { Diagnostic } from "./mesh-plan.js";
import { type ControlPlaneReference, isOwnedBy, ownerLabels } from "./owned-object.js";

/** Name of the Service of the outbound listener, in the control plane's namespace. */
export const OUTBOUND_SERVICE = "outbound";
/** Istio's port for outbound traffic. */
export const OUTBOUND_PORT = 15_001;

/** Every object that the mesh has to have, with the fields that it sets. */
export function desiredObjects(mesh: Mesh, { outbound }: { readonly outbound: boolean }): readonly KubernetesObject[] {
  const gateways = mesh.gateways.flatMap((gateway) => [
    gatewayService(mesh.controlPlane, gateway),
    serviceAccount(mesh.controlPlane, gateway),
  ]);
  const isTaken = mesh.gateways.some(
    ({ name, namespace }) => name === OUTBOUND_SERVICE && namespace === mesh.controlPlane.metadata.namespace,
  );
  return outbound && !isTaken ? [...gateways, gatewayService(mesh.controlPlane, outboundGateway(mesh))] : gateways;
}

type GatewayServiceSource = Pick<
  FederationGateway,
  "name" | "namespace" | "serviceType" | "loadBalancerIP" | "ports" | "labels" | "annotations"
>;

function outboundGateway({ controlPlane }: Mesh): GatewayServiceSource {
  return {
    name: OUTBOUND_SERVICE,
    namespace: controlPlane.metadata.namespace,
    serviceType: "LoadBalancer",
    ports: [{ name: "http-outbound", port: OUTBOUND_PORT, targetPort: OUTBOUND_PORT }],
    labels: { app: OUTBOUND_SERVICE },
    annotations: {},
  };
}

/** The fields that are ours to set; what the cluster assigns is left to the cluster. */
interface GatewayService extends KubernetesObject {
  readonly spec: {
    readonly type: FederationGateway["serviceType"];
    readonly loadBalancerIP?: string;
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly (GatewayPort & { readonly protocol: "TCP" })[];
  };
}

function gatewayService(controlPlane: ServiceMeshControlPlane, gateway: GatewayServiceSource): GatewayService {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: ownedMetadata(controlPlane, gateway, gateway.name),
    spec: {
      type: gateway.serviceType,
      ...(gateway.loadBalancerIP !== undefined && { loadBalancerIP: gateway.loadBalancerIP }),
      selector: gateway.labels,
      ports: gateway.ports.map((port) => ({ ...port, protocol: "TCP" })),
    },
  };
}

function serviceAccount(controlPlane: ServiceMeshControlPlane, gateway: GatewayServiceSource): KubernetesObject {
  const name = gatewayServiceAccount(gateway.name);
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: ownedMetadata(controlPlane, { ...gateway, annotations: {} }, name),
  };
}

function ownedMetadata(controlPlane: ServiceMeshControlPlane, gateway: GatewayServiceSource, name: string) {
  const { metadata } = controlPlane;
  const { namespace, labels, annotations } = gateway;
  return {
    name,
    namespace,
    labels: { ...labels, ...ownerLabels(metadata) },
    ...(Object.keys(annotations).length > 0 && { annotations }),
    // An owner in another namespace would make Kubernetes' garbage collector delete the object.
    ...(metadata.uid !== undefined && metadata.namespace === namespace && { ownerReferences: [owner(controlPlane)] }),
  };
}

function owner({ metadata }: ServiceMeshControlPlane) {
  return {
    apiVersion: apiVersionOf(serviceMeshControlPlaneType),
    kind: serviceMeshControlPlaneType.kind,
    name: metadata.name,
    uid: metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** A Service or ServiceAccount that is there already and is not ours: it is used as it is, and never written. */
export function foreignObject(
  owner: ControlPlaneReference,
  desired: KubernetesObject,
  actual: KubernetesObject | undefined,
): Diagnostic | undefined {
  if (actual === undefined || isOwnedBy(actual, owner)) return undefined;
  return {
    severity: "warning",
    reason: "ForeignObject",
    object: objectReference(desired),
    path: "metadata.labels",
    message: `the ${desired.kind} "${desired.metadata.name}" exists and is not managed by the control plane "${owner.name}"; it is left as it is`,
    remedy: "delete it, so that the control plane makes its own, or give the gateway another name",
  };
}

/**
 * The additional gateways of a ServiceMeshControlPlane, complete with the defaults of the product's charts.
 * @see reference §1.4
 */
import type {
  AdditionalGateway,
  AdditionalGatewayPort,
  ServiceMeshControlPlane,
} from "./service-mesh-control-plane.js";

export interface GatewayPort {
  /** Tells the protocol by its prefix; `tcp-<port>` where none is given. */
  readonly name: string;
  readonly port: number;
  /** A number, or a port's name in the gateway's Pods. */
  readonly targetPort: number | string;
  /** Absent: any free one. */
  readonly nodePort?: number;
}

/** One additional gateway, as it is to be run. Its Service has its name. */
export interface FederationGateway {
  readonly kind: "ingress" | "egress";
  readonly name: string;
  readonly namespace: string;
  /** Only `enabled: true` enables. */
  readonly enabled: boolean;
  readonly serviceType: "ClusterIP" | "NodePort" | "LoadBalancer";
  /** The address that a LoadBalancer is to have; absent: any. */
  readonly loadBalancerIP?: string;
  readonly ports: readonly GatewayPort[];
  /** Of the Service and of the gateway's Pods. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of the Service. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Always empty for an ingress gateway. */
  readonly requestedNetworkView: readonly string[];
}

/** Ports of a gateway for which none are given; a list that is given replaces these, even an empty one. */
const DEFAULT_PORTS: Readonly<Record<FederationGateway["kind"], readonly GatewayPort[]>> = {
  ingress: [
    { name: "status-port", port: 15_021, targetPort: 15_021 },
    { name: "http2", port: 80, targetPort: 8080 },
    { name: "https", port: 443, targetPort: 8443 },
  ],
  egress: [
    { name: "http2", port: 80, targetPort: 8080 },
    { name: "https", port: 443, targetPort: 8443 },
  ],
};

/** All additional gateways, also those that are not enabled: ingress before egress, each by name. */
export function resolveGateways(controlPlane: ServiceMeshControlPlane): readonly FederationGateway[] {
  const { additionalIngress = {}, additionalEgress = {} } = controlPlane.spec.gateways ?? {};
  return [
    ...byName(additionalIngress).map(([name, gateway]) => resolveGateway(controlPlane, "ingress", name, gateway)),
    ...byName(additionalEgress).map(([name, gateway]) => resolveGateway(controlPlane, "egress", name, gateway)),
  ];
}

function byName<T>(gateways: Readonly<Record<string, T>>): readonly (readonly [string, T])[] {
  return Object.entries(gateways).sort(([left], [right]) => (left < right ? -1 : 1));
}

function resolveGateway(
  controlPlane: ServiceMeshControlPlane,
  kind: FederationGateway["kind"],
  name: string,
  gateway: AdditionalGateway,
): FederationGateway {
  const service = gateway.service;
  return {
    kind,
    name,
    namespace: gateway.namespace ?? controlPlane.metadata.namespace,
    enabled: gateway.enabled === true,
    serviceType: service?.type ?? "ClusterIP",
    ...(service?.loadBalancerIP ? { loadBalancerIP: service.loadBalancerIP } : {}),
    ports: service?.ports?.map(resolvePort) ?? DEFAULT_PORTS[kind],
    labels: { istio: `${kind}gateway`, app: name, ...service?.metadata?.labels },
    annotations: { ...service?.metadata?.annotations },
    requestedNetworkView: kind === "egress" ? (gateway.requestedNetworkView ?? []) : [],
  };
}

function resolvePort({ name, port, targetPort, nodePort }: AdditionalGatewayPort): GatewayPort {
  return {
    name: name ?? `tcp-${port}`,
    port,
    targetPort: targetPort || port,
    ...(nodePort ? { nodePort } : {}),
  };
}

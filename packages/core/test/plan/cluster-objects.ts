/** Objects of a cluster, as short as a test wants them. All have passed their type's `parse`. */
import type { KubernetesObject, PortProtocol, ServiceMessage } from "../../src/index.js";
import { toObject } from "./golden-case.js";

export const CONTROL_PLANE = { namespace: "red-mesh-system", name: "red-mesh" } as const;
const NAMESPACE = CONTROL_PLANE.namespace;

type Fields = Readonly<Record<string, unknown>>;

export function pem(content: string): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(content).toString("base64")}\n-----END CERTIFICATE-----\n`;
}

export function controlPlane(spec: Fields = {}, metadata: Fields = {}): KubernetesObject {
  return toObject({
    apiVersion: "maistra.io/v2",
    kind: "ServiceMeshControlPlane",
    metadata: { ...CONTROL_PLANE, ...metadata },
    spec: { security: { trust: { domain: "red-mesh.local" } }, ...spec },
  });
}

/** `spec.gateways` with an ingress and an egress gateway for each peer. */
export function gateways(...peers: readonly string[]): Fields {
  const ports = (discovery: string) => [
    { name: "tls", port: 15443 },
    { name: discovery, port: 8188 },
  ];
  const ingress = { enabled: true, service: { type: "LoadBalancer", ports: ports("https-discovery") } };
  const egress = { enabled: true, service: { ports: ports("http-discovery") } };
  return {
    additionalIngress: Object.fromEntries(peers.map((name) => [`ingress-${name}`, ingress])),
    additionalEgress: Object.fromEntries(peers.map((name) => [`egress-${name}`, egress])),
  };
}

export function peer(name: string, spec: Fields = {}, metadata: Fields = {}): KubernetesObject {
  return toObject({
    apiVersion: "federation.maistra.io/v1",
    kind: "ServiceMeshPeer",
    metadata: { name, namespace: NAMESPACE, ...metadata },
    spec: {
      remote: { addresses: ["192.0.2.1"] },
      gateways: { ingress: { name: `ingress-${name}` }, egress: { name: `egress-${name}` } },
      security: security(name),
      ...spec,
    },
  });
}

export function security(name: string, fields: Fields = {}): Fields {
  const clientID = `${name}.local/ns/${name}-system/sa/egress-red-mesh-service-account`;
  return { trustDomain: `${name}.local`, clientID, ...fields };
}

export function rootConfigMap(name: string, data: Fields = { "root-cert.pem": pem(name) }): KubernetesObject {
  return toObject({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `${name}-ca-root-cert`, namespace: NAMESPACE },
    data,
  });
}

export const MANAGED = {
  "app.kubernetes.io/managed-by": "meshfed",
  "maistra.io/owner": CONTROL_PLANE.namespace,
  "maistra.io/owner-name": CONTROL_PLANE.name,
} as const;

/** A gateway's Service with an address, as it is once everything is in place. */
export function gatewayService(name: string, ip?: string, labels: Fields = MANAGED): KubernetesObject {
  return toObject({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: NAMESPACE, labels },
    spec: {
      type: "LoadBalancer",
      ports: [
        { name: "tls", port: 15443 },
        { name: "https-discovery", port: 8188 },
      ],
    },
    ...(ip !== undefined && { status: { loadBalancer: { ingress: [{ ip }] } } }),
  });
}

export function exportSet(name: string, exportRules: readonly Fields[], metadata: Fields = {}): KubernetesObject {
  return toObject({
    apiVersion: "federation.maistra.io/v1",
    kind: "ExportedServiceSet",
    metadata: { name, namespace: NAMESPACE, ...metadata },
    spec: { exportRules },
  });
}

export function importSet(name: string, spec: Fields, metadata: Fields = {}): KubernetesObject {
  return toObject({
    apiVersion: "federation.maistra.io/v1",
    kind: "ImportedServiceSet",
    metadata: { name, namespace: NAMESPACE, ...metadata },
    spec,
  });
}

export function byName(namespace: string, name: string, fields: Fields = {}): Fields {
  const { alias, ...rest } = fields;
  return { type: "NameSelector", nameSelector: { namespace, name, ...(alias !== undefined && { alias }) }, ...rest };
}

export function namespace(name: string, labels: Fields = {}): KubernetesObject {
  return toObject({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
}

export function memberRoll(spec: Fields): KubernetesObject {
  return toObject({
    apiVersion: "maistra.io/v1",
    kind: "ServiceMeshMemberRoll",
    metadata: { name: "default", namespace: NAMESPACE },
    spec,
  });
}

export function member(of: string, controlPlaneRef: Fields = CONTROL_PLANE): KubernetesObject {
  return toObject({
    apiVersion: "maistra.io/v1",
    kind: "ServiceMeshMember",
    metadata: { name: "default", namespace: of },
    spec: { controlPlaneRef },
  });
}

export function service(key: string, spec: Fields = {}, metadata: Fields = {}): KubernetesObject {
  const [of, name] = key.split("/");
  return toObject({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: of, ...metadata },
    spec: { ports: [{ name: "http", port: 80 }], ...spec },
  });
}

export function endpointSlice(
  key: string,
  addresses: readonly string[],
  { suffix = "1", ports = [{ name: "http", port: 8080 }], ...fields }: Fields & { readonly suffix?: string } = {},
): KubernetesObject {
  const [of, name] = key.split("/");
  return toObject({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-${suffix}`, namespace: of, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports,
    endpoints: addresses.map((address) => ({ addresses: [address], ...fields })),
  });
}

/** What a peer announces that calls this mesh `label`. */
export function message(
  key: string,
  { label = "red-mesh", ports = ["http:80:HTTP"], accounts = [] }: MessageOptions = {},
): ServiceMessage {
  const [of = "", name = ""] = key.split("/");
  return {
    name,
    namespace: of,
    hostname: `${name}.${of}.svc.${label}-exports.local`,
    servicePorts: ports.map((port) => {
      const [portName = "", number, protocol] = port.split(":");
      return { name: portName, port: Number(number), protocol: protocol as PortProtocol };
    }),
    serviceAccounts: accounts,
  };
}

interface MessageOptions {
  readonly label?: string;
  /** `name:port:protocol` */
  readonly ports?: readonly string[];
  readonly accounts?: readonly string[];
}

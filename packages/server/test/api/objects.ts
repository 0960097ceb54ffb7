/** Objects as users write them. */
import type { ConfigMap, Namespace, ServiceMeshPeer } from "@meshfed/core";

export function namespace(name: string): Namespace {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

export function configMap(
  name: string,
  fields: { namespace?: string; labels?: Record<string, string>; data?: Record<string, string> } = {},
): ConfigMap {
  const { namespace: where = "default", labels, data = { key: "value" } } = fields;
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: where, ...(labels === undefined ? {} : { labels }) },
    data,
  };
}

export function peer(name: string, fields: { namespace?: string; addresses?: string[] } = {}): ServiceMeshPeer {
  return {
    apiVersion: "federation.maistra.io/v1",
    kind: "ServiceMeshPeer",
    metadata: { name, namespace: fields.namespace ?? "default" },
    spec: {
      remote: { addresses: fields.addresses ?? ["192.0.2.1"] },
      gateways: { ingress: { name: `ingress-${name}` }, egress: { name: `egress-${name}` } },
      security: {
        trustDomain: `${name}.local`,
        clientID: `${name}.local/ns/${name}-system/sa/egress-red-mesh-service-account`,
        certificateChain: { kind: "ConfigMap", name: `${name}-ca-root-cert` },
      },
    },
  };
}

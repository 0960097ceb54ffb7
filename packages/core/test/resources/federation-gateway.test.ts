import { describe, expect, test } from "vitest";
import {
  checkGateways,
  clusterDomainOf,
  resolveGateways,
  type ServiceMeshControlPlane,
  serviceMeshControlPlaneType,
  trustDomainOf,
} from "../../src/index.js";

function controlPlane(spec: object): ServiceMeshControlPlane {
  const result = serviceMeshControlPlaneType.parse({
    apiVersion: "maistra.io/v2",
    kind: "ServiceMeshControlPlane",
    metadata: { name: "red-mesh", namespace: "red-mesh-system" },
    spec,
  });
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return result.value;
}

const withIngress = (gateways: object, egress: object = {}) =>
  controlPlane({ gateways: { additionalIngress: gateways, additionalEgress: egress } });

describe("resolveGateways: the product's defaults (reference §1.4)", () => {
  test("an empty ingress and egress gateway", () => {
    expect(resolveGateways(withIngress({ i: {} }, { e: {} }))).toEqual([
      {
        kind: "ingress",
        name: "i",
        namespace: "red-mesh-system",
        enabled: false,
        serviceType: "ClusterIP",
        ports: [
          { name: "status-port", port: 15021, targetPort: 15021 },
          { name: "http2", port: 80, targetPort: 8080 },
          { name: "https", port: 443, targetPort: 8443 },
        ],
        labels: { istio: "ingressgateway", app: "i" },
        annotations: {},
        requestedNetworkView: [],
      },
      {
        kind: "egress",
        name: "e",
        namespace: "red-mesh-system",
        enabled: false,
        serviceType: "ClusterIP",
        ports: [
          { name: "http2", port: 80, targetPort: 8080 },
          { name: "https", port: 443, targetPort: 8443 },
        ],
        labels: { istio: "egressgateway", app: "e" },
        annotations: {},
        requestedNetworkView: [],
      },
    ]);
  });

  test("what is given replaces what is not", () => {
    const given = {
      enabled: true,
      namespace: "gateways",
      service: {
        type: "NodePort",
        metadata: { labels: { app: "mine", x: "y" }, annotations: { a: "b" } },
        ports: [
          { port: 15443, targetPort: "tls", nodePort: 30510 },
          { name: "discovery", port: 8188, targetPort: 0, nodePort: 0 },
        ],
      },
      requestedNetworkView: ["network-green"],
    };
    expect(resolveGateways(withIngress({}, { e: given }))).toEqual([
      {
        kind: "egress",
        name: "e",
        namespace: "gateways",
        enabled: true,
        serviceType: "NodePort",
        ports: [
          { name: "tcp-15443", port: 15443, targetPort: "tls", nodePort: 30510 },
          { name: "discovery", port: 8188, targetPort: 8188 },
        ],
        labels: { istio: "egressgateway", app: "mine", x: "y" },
        annotations: { a: "b" },
        requestedNetworkView: ["network-green"],
      },
    ]);
  });

  test("an empty list of ports is a list of ports", () => {
    expect(resolveGateways(withIngress({ i: { service: { ports: [] } } }))[0]?.ports).toEqual([]);
  });

  test("their order does not depend on the order in the manifest", () => {
    const names = (object: ServiceMeshControlPlane) => resolveGateways(object).map(({ name }) => name);
    expect(names(withIngress({ b: {}, a: {} }, { c: {} }))).toEqual(["a", "b", "c"]);
    expect(names(withIngress({ a: {}, b: {} }, { c: {} }))).toEqual(["a", "b", "c"]);
    expect(names(controlPlane({}))).toEqual([]);
  });
});

describe("checkGateways", () => {
  const ports = [
    { name: "tls", port: 15443 },
    { name: "https-discovery", port: 8188 },
  ];
  const nodePorts = (...numbers: readonly number[]) => ({
    enabled: true,
    service: { type: "NodePort", ports: ports.map((port, index) => ({ ...port, nodePort: numbers[index] ?? 0 })) },
  });
  const at = "spec.gateways.additionalIngress";

  test.each([
    ["nothing", controlPlane({})],
    ["two gateways", withIngress({ i: { service: { ports } } }, { e: { service: { ports } } })],
    ["one name in two namespaces", withIngress({ g: {} }, { g: { namespace: "elsewhere" } })],
    ["one unnamed port", withIngress({ i: { service: { ports: [{ port: 15443 }] } } })],
    ["node ports of their own", withIngress({ a: nodePorts(30001, 30002), b: nodePorts(30003, 30004) })],
    [
      "a node port that only a gateway has that is not enabled",
      withIngress({ a: nodePorts(30001), b: { ...nodePorts(30001), enabled: false } }),
    ],
    ["node port 0, any free one", withIngress({ a: nodePorts(0, 0) })],
  ])("has nothing against %s", (_, object) => {
    expect(checkGateways(object)).toEqual([]);
  });

  test.each([
    [
      "a reserved ingress name",
      withIngress({ "istio-ingressgateway": {} }),
      `${at}.istio-ingressgateway`,
      "Forbidden",
      "this one is the default gateway's",
    ],
    [
      "a reserved egress name",
      withIngress({}, { "istio-egressgateway": {} }),
      "spec.gateways.additionalEgress.istio-egressgateway",
      "Forbidden",
      "expected another name",
    ],
    [
      "an ingress name as egress name",
      withIngress({}, { "istio-ingressgateway": {} }),
      "spec.gateways.additionalEgress.istio-ingressgateway",
      "Forbidden",
      "expected another name",
    ],
    [
      "one name for ingress and egress",
      withIngress({ g: {} }, { g: {} }),
      "spec.gateways.additionalEgress.g",
      "Duplicate",
      `found "g", which ${at}.g has already in namespace "red-mesh-system"`,
    ],
    [
      "a port twice",
      withIngress({ i: { service: { ports: [...ports, { name: "x", port: 8188 }] } } }),
      `${at}.i.service.ports[2].port`,
      "Duplicate",
      "found 8188, which ports[1] has already",
    ],
    [
      "a port name twice",
      withIngress({ i: { service: { ports: [...ports, { name: "tls", port: 1 }] } } }),
      `${at}.i.service.ports[2].name`,
      "Duplicate",
      'found "tls", which ports[0] has already',
    ],
    [
      "an unnamed port among several",
      withIngress({ i: { service: { ports: [...ports, { port: 1 }] } } }),
      `${at}.i.service.ports[2].name`,
      "Required",
      "missing, expected a name: there are several ports",
    ],
    [
      "a node port with ClusterIP",
      withIngress({ i: { service: { ports: [{ port: 1, nodePort: 30001 }] } } }),
      `${at}.i.service.ports[0].nodePort`,
      "Forbidden",
      "found 30001, expected none with type ClusterIP",
    ],
    [
      "a node port of two gateways",
      withIngress({ a: nodePorts(30001, 30002), b: nodePorts(30003, 30001) }),
      `${at}.b.service.ports[1].nodePort`,
      "Duplicate",
      `found 30001, which ${at}.a.service.ports[0].nodePort has already`,
    ],
  ])("reports %s", (_, object, path, reason, message) => {
    expect(checkGateways(object)).toEqual([{ path, reason, message: expect.stringContaining(message) }]);
  });
});

test.each([
  [{}, "cluster.local", "cluster.local"],
  [{ security: { trust: { domain: "" } } }, "cluster.local", "cluster.local"],
  [
    { security: { trust: { domain: "red-mesh.local" } }, proxy: { networking: { clusterDomain: "red.internal" } } },
    "red-mesh.local",
    "red.internal",
  ],
])("trust domain and cluster domain of %j", (spec, trustDomain, clusterDomain) => {
  const object = controlPlane(spec);
  expect(trustDomainOf(object)).toBe(trustDomain);
  expect(clusterDomainOf(object)).toBe(clusterDomain);
});

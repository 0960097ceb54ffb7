/** The manifests of the product documentation, as a user has them; what is odd about them is in the folder's README.md. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import {
  checkGateways,
  checkLocality,
  checkServiceMeshPeer,
  importLocalityOf,
  isKind,
  parseObject,
  resolveGateways,
  resolveRemote,
  rootCertificateReference,
  trustDomainOf,
} from "../../src/index.js";
import type { KnownObject } from "../../src/resources/resource-types.js";

const FOLDER = fileURLToPath(new URL("../../../../test/fixtures/manifests/", import.meta.url));

const MANIFESTS = [
  "blue-mesh-imports-red-mesh.yaml",
  "export-to-green-mesh.yaml",
  "green-mesh-imports-red-mesh-alias.yaml",
  "green-mesh-imports-red-mesh-failover.yaml",
  "green-mesh-imports-red-mesh-whole-namespace.yaml",
  "green-mesh-smcp-nodeport.yaml",
  "green-mesh-us-west-destinationrule.yaml",
  "import-from-red-mesh.yaml",
  "red-mesh-exports-blue-mesh-any-namespace.yaml",
  "red-mesh-exports-green-mesh-full.yaml",
  "red-mesh-exports-green-mesh-whole-namespace.yaml",
  "red-mesh-peer-green-mesh.yaml",
  "red-mesh-smcp.yaml",
];

const STATUSES = [
  ["export-to-green-mesh.status.yaml", "export-to-green-mesh.yaml"],
  ["import-from-red-mesh.status.yaml", "import-from-red-mesh.yaml"],
  ["peer-connected.status.yaml", "red-mesh-peer-green-mesh.yaml"],
] as const;

function read(file: string): object {
  const content: unknown = parse(readFileSync(FOLDER + file, "utf8"));
  if (typeof content !== "object" || content === null) throw new Error(`${file} holds no object`);
  return content;
}

function load<K extends KnownObject["kind"]>(file: string, kind: K): Extract<KnownObject, { readonly kind: K }> {
  const result = parseObject(read(file));
  if (!result.ok || !isKind(result.value, kind)) throw new Error(`${file} holds no ${kind}`);
  return result.value;
}

test("the folder holds exactly these", () => {
  const yaml = readdirSync(FOLDER).filter((file) => file.endsWith(".yaml"));
  expect(yaml.sort()).toEqual([...MANIFESTS, ...STATUSES.map(([status]) => status)].sort());
});

test.each(MANIFESTS)("%s loads and comes out as it went in", (file) => {
  expect(parseObject(read(file))).toStrictEqual({ ok: true, value: read(file) });
});

test.each(STATUSES)("%s belongs to %s, loads and comes out as it went in", (status, file) => {
  const object = { ...read(file), ...read(status) };
  expect(Object.keys(object)).toContain("status");
  expect(parseObject(object)).toStrictEqual({ ok: true, value: object });
});

describe("what they say", () => {
  test("red's peer green-mesh", () => {
    const peer = load("red-mesh-peer-green-mesh.yaml", "ServiceMeshPeer");
    expect(checkServiceMeshPeer(peer)).toEqual([]);
    expect(resolveRemote(peer)).toEqual({
      addresses: ["ingress-red-mesh.green-mesh-system.apps.domain.com"],
      discoveryPort: 8188,
      servicePort: 15443,
    });
    expect(rootCertificateReference(peer)).toEqual({
      kind: "ConfigMap",
      namespace: "red-mesh-system",
      name: "green-mesh-ca-root-cert",
    });
  });

  test("red's control plane", () => {
    const controlPlane = load("red-mesh-smcp.yaml", "ServiceMeshControlPlane");
    expect(checkGateways(controlPlane)).toEqual([]);
    expect(trustDomainOf(controlPlane)).toBe("red-mesh.local");
    expect(
      resolveGateways(controlPlane).map(({ kind, name, serviceType, enabled }) => [kind, name, serviceType, enabled]),
    ).toEqual([
      ["ingress", "ingress-blue-mesh", "LoadBalancer", true],
      ["ingress", "ingress-green-mesh", "LoadBalancer", true],
      ["egress", "egress-blue-mesh", "ClusterIP", true],
      ["egress", "egress-green-mesh", "ClusterIP", true],
    ]);
    expect(resolveGateways(controlPlane)[1]).toEqual({
      kind: "ingress",
      name: "ingress-green-mesh",
      namespace: "red-mesh-system",
      enabled: true,
      serviceType: "LoadBalancer",
      ports: [
        { name: "tls", port: 15443, targetPort: 15443 },
        { name: "https-discovery", port: 8188, targetPort: 8188 },
      ],
      labels: {
        app: "ingress-green-mesh",
        istio: "ingressgateway",
        "federation.maistra.io/ingress-for": "ingress-green-mesh",
      },
      annotations: {},
      requestedNetworkView: [],
    });
  });

  test("green's control plane on node ports", () => {
    const controlPlane = load("green-mesh-smcp-nodeport.yaml", "ServiceMeshControlPlane");
    expect(checkGateways(controlPlane)).toEqual([]);
    expect(trustDomainOf(controlPlane)).toBe("cluster.local");
    expect(resolveGateways(controlPlane).flatMap(({ serviceType, ports }) => [serviceType, ...ports])).toEqual([
      "NodePort",
      { name: "tls", port: 15443, targetPort: 15443, nodePort: 30510 },
      { name: "https-discovery", port: 8188, targetPort: 8188, nodePort: 32359 },
    ]);
  });

  test("the failover example's locality", () => {
    const set = load("green-mesh-imports-red-mesh-failover.yaml", "ImportedServiceSet");
    expect(checkLocality(set.spec.locality)).toEqual([]);
    expect(importLocalityOf(set)).toEqual({ region: "us-west", zone: "", subzone: "" });
  });
});

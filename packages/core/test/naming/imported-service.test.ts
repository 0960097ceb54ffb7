import {
  formatLocality,
  importedEndpointLabels,
  importedServiceLabels,
  importedServiceName,
  importedServiceNamespace,
  importedWorkloadName,
  isImportedService,
  remoteNetwork,
  remoteServiceName,
} from "@meshfed/core";
import { describe, expect, test } from "vitest";

describe("registry names (reference §2.1, §2.5, §2.6)", () => {
  test("hidden and local service, workload, network", () => {
    expect(remoteServiceName("ratings", "bookinfo", "red-mesh")).toBe("ratings.bookinfo.red-mesh.remote");
    expect(importedServiceName("ratings", "info", "red-mesh")).toBe("ratings.info.red-mesh.local");
    expect(importedWorkloadName("ratings.info.red-mesh.local", 0)).toBe("ratings.info.red-mesh.local-0");
    expect(remoteNetwork("red-mesh")).toBe("network-red-mesh");
  });

  test.each([
    ["ratings.info.svc.cluster.local", "info"],
    ["ratings.info.svc.red-mesh-imports.local", "green-mesh-system"],
    ["bar.other-mesh.imported.local", "green-mesh-system"],
  ])("%s belongs to %s", (host, namespace) => {
    const mesh = { controlPlaneNamespace: "green-mesh-system", clusterDomain: "cluster.local" };
    expect(importedServiceNamespace(host, "info", mesh)).toBe(namespace);
  });
});

describe("labels (reference §2.5)", () => {
  const service = { peer: "red-mesh", network: "Kubernetes", serviceName: "ratings.info.red-mesh.local" };

  test("of a service", () => {
    expect(importedServiceLabels(service)).toEqual({
      "topology.istio.io/cluster": "red-mesh",
      "topology.istio.io/network": "Kubernetes",
      "service.istio.io/canonical-name": "ratings.info.red-mesh.local",
    });
  });

  test("of an endpoint without a locality", () => {
    expect(importedEndpointLabels(service)).toEqual({
      "topology.istio.io/cluster": "red-mesh",
      "topology.istio.io/network": "Kubernetes",
      "service.istio.io/canonical-name": "ratings.info.red-mesh.local",
      "service.istio.io/canonical-revision": "red-mesh",
    });
  });

  test("of an endpoint with a region only", () => {
    const locality = { region: "us-west", zone: "", subzone: "" };
    expect(importedEndpointLabels(service, locality)).toMatchObject({
      "topology.kubernetes.io/region": "us-west",
      "topology.kubernetes.io/zone": "",
      "topology.istio.io/subzone": "",
    });
    expect(formatLocality(locality)).toBe("us-west//");
    expect(formatLocality({ region: "r", zone: "z", subzone: "s" })).toBe("r/z/s");
  });

  test.each([
    ["a local import", importedServiceLabels(service), true],
    ["a hidden service", importedServiceLabels({ ...service, serviceName: "ratings.info.red-mesh.remote" }), true],
    ["no label", {}, false],
    ["a user's cluster label alone", { "topology.istio.io/cluster": "red-mesh" }, false],
    ["a user's canonical name", { "service.istio.io/canonical-name": "ratings.info.red-mesh.local" }, false],
    [
      "the canonical name of another peer",
      { "topology.istio.io/cluster": "blue-mesh", "service.istio.io/canonical-name": "ratings.info.red-mesh.local" },
      false,
    ],
    [
      "an empty cluster label",
      { "topology.istio.io/cluster": "", "service.istio.io/canonical-name": "ratings.info..local" },
      false,
    ],
  ])("isImportedService: %s", (_case, labels, expected) => {
    expect(isImportedService(labels)).toBe(expected);
  });
});

import { describe, expect, test } from "vitest";
import {
  apiVersionOf,
  apiVersionsOf,
  findResourceType,
  findResourceTypeByName,
  findResourceTypeByPlural,
  isKind,
  parseObject,
  RESOURCE_TYPES,
} from "../../src/index.js";
import { SAMPLES } from "./samples.js";

test("every kind with its names", () => {
  const table = RESOURCE_TYPES.map((type) => [
    apiVersionsOf(type).join(" "),
    type.kind,
    type.plural,
    type.singular,
    type.shortNames.join(),
    type.categories.join(),
    type.namespaced ? "namespaced" : "cluster",
    type.statusSubresource ? "status" : "-",
  ]);
  const istio = "networking.istio.io/v1 networking.istio.io/v1beta1 networking.istio.io/v1alpha3";
  expect(table).toEqual([
    [
      "federation.maistra.io/v1",
      "ServiceMeshPeer",
      "servicemeshpeers",
      "servicemeshpeer",
      "",
      "maistra-io",
      "namespaced",
      "status",
    ],
    [
      "federation.maistra.io/v1",
      "ExportedServiceSet",
      "exportedservicesets",
      "exportedserviceset",
      "",
      "",
      "namespaced",
      "status",
    ],
    [
      "federation.maistra.io/v1",
      "ImportedServiceSet",
      "importedservicesets",
      "importedserviceset",
      "",
      "",
      "namespaced",
      "status",
    ],
    [
      "maistra.io/v2",
      "ServiceMeshControlPlane",
      "servicemeshcontrolplanes",
      "servicemeshcontrolplane",
      "smcp",
      "maistra-io",
      "namespaced",
      "status",
    ],
    [
      "maistra.io/v1",
      "ServiceMeshMemberRoll",
      "servicemeshmemberrolls",
      "servicemeshmemberroll",
      "smmr",
      "maistra-io",
      "namespaced",
      "status",
    ],
    [
      "maistra.io/v1",
      "ServiceMeshMember",
      "servicemeshmembers",
      "servicemeshmember",
      "smm",
      "maistra-io",
      "namespaced",
      "status",
    ],
    [
      istio,
      "DestinationRule",
      "destinationrules",
      "destinationrule",
      "dr",
      "istio-io,networking-istio-io",
      "namespaced",
      "status",
    ],
    ["v1", "Namespace", "namespaces", "namespace", "ns", "", "cluster", "status"],
    ["v1", "Service", "services", "service", "svc", "all", "namespaced", "status"],
    ["v1", "ConfigMap", "configmaps", "configmap", "cm", "", "namespaced", "-"],
    ["v1", "Secret", "secrets", "secret", "", "", "namespaced", "-"],
    ["v1", "Pod", "pods", "pod", "po", "all", "namespaced", "status"],
    ["v1", "ServiceAccount", "serviceaccounts", "serviceaccount", "sa", "", "namespaced", "-"],
    ["v1", "Event", "events", "event", "ev", "", "namespaced", "-"],
    ["discovery.k8s.io/v1", "EndpointSlice", "endpointslices", "endpointslice", "", "", "namespaced", "-"],
    ["coordination.k8s.io/v1", "Lease", "leases", "lease", "", "", "namespaced", "-"],
  ]);
});

test("no word names two kinds", () => {
  const words = RESOURCE_TYPES.flatMap(({ singular, plural, shortNames }) => [singular, plural, ...shortNames]);
  expect(words.length).toBe(new Set(words).size);
  expect(RESOURCE_TYPES.length).toBe(new Set(RESOURCE_TYPES.map(({ kind }) => kind)).size);
});

test("the list and its entries cannot be changed", () => {
  expect(Object.isFrozen(RESOURCE_TYPES)).toBe(true);
  expect(RESOURCE_TYPES.every((type) => Object.isFrozen(type))).toBe(true);
});

describe("findResourceTypeByName", () => {
  test.each([
    ["servicemeshpeer", "ServiceMeshPeer"],
    ["servicemeshpeers", "ServiceMeshPeer"],
    ["ServiceMeshPeer", "ServiceMeshPeer"],
    ["servicemeshpeers.federation.maistra.io", "ServiceMeshPeer"],
    ["servicemeshpeers.v1.federation.maistra.io", "ServiceMeshPeer"],
    ["ServiceMeshPeer.federation.maistra.io", "ServiceMeshPeer"],
    ["smcp", "ServiceMeshControlPlane"],
    ["SMCP", "ServiceMeshControlPlane"],
    ["smcp.maistra.io", "ServiceMeshControlPlane"],
    ["dr.v1beta1.networking.istio.io", "DestinationRule"],
    ["svc", "Service"],
    ["services", "Service"],
    ["services.v1.", "Service"],
    ["cm", "ConfigMap"],
  ])("%s", (name, kind) => {
    expect(findResourceTypeByName(name)?.kind).toBe(kind);
  });

  test.each([
    ["smp"],
    ["ess"],
    [""],
    ["."],
    ["services.apps"],
    ["servicemeshpeers.maistra.io"],
    ["servicemeshpeers.v2.federation.maistra.io"],
    ["services.v2."],
    ["service ratings"],
  ])("%j is none", (name) => {
    expect(findResourceTypeByName(name)).toBeUndefined();
  });
});

test.each([
  ["federation.maistra.io", "ServiceMeshPeer", "servicemeshpeers", "federation.maistra.io/v1"],
  ["", "Service", "services", "v1"],
  ["networking.istio.io", "DestinationRule", "destinationrules", "networking.istio.io/v1"],
])("group %j, kind %s, plural %s", (group, kind, plural, apiVersion) => {
  const type = findResourceType({ group, kind });
  expect(type?.kind).toBe(kind);
  expect(findResourceTypeByPlural({ group, plural })).toBe(type);
  expect(type && apiVersionOf(type)).toBe(apiVersion);
});

test.each([
  ["maistra.io", "ServiceMeshPeer", "servicemeshpeers"],
  ["v1", "Service", "services"],
  ["", "service", "service"],
  ["", "Node", "nodes"],
])("group %j has neither kind %s nor plural %s", (group, kind, plural) => {
  expect(findResourceType({ group, kind })).toBeUndefined();
  expect(findResourceTypeByPlural({ group, plural })).toBeUndefined();
});

test("a kind's parse refuses another kind", () => {
  const parse = findResourceTypeByName("exportedserviceset")?.parse;
  expect(parse?.(SAMPLES.ServiceMeshPeer)).toEqual({
    ok: false,
    violations: [
      { path: "kind", reason: "Unsupported", message: 'found "ServiceMeshPeer", expected "ExportedServiceSet"' },
    ],
  });
});

test("isKind narrows what parseObject returned", () => {
  const result = parseObject(SAMPLES.Lease);
  expect(result.ok && isKind(result.value, "Lease") && result.value.spec?.holderIdentity).toBe("istiod-red-mesh-0");
  expect(result.ok && isKind(result.value, "Secret")).toBe(false);
});

import { expect, it } from "vitest";
import { compareVersions } from "../../src/api/resource-catalog.js";
import { startApi } from "./api-rig.js";

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
/** As kubectl sends it. */
const ACCEPT_AGGREGATED = `${AGGREGATED},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json`;

it("answers aggregated discovery to those who ask for it, with the media type that says so", async () => {
  const rig = await startApi();
  const headers = { accept: ACCEPT_AGGREGATED };
  const core = await rig.request("/api", { headers });
  expect(core.headers.get("content-type")).toBe(AGGREGATED);
  expect(core.body).toMatchObject({ kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2" });
  expect(core.body.items.map((group: { metadata: { name: string } }) => group.metadata.name)).toEqual([""]);

  const named = await rig.request("/apis", { headers });
  const federation = named.body.items.find(
    (group: { metadata: { name: string } }) => group.metadata.name === "federation.maistra.io",
  );
  expect(federation.versions).toHaveLength(1);
  expect(federation.versions[0]).toMatchObject({ version: "v1", freshness: "Current" });
  const peers = federation.versions[0].resources.find(
    ({ resource }: { resource: string }) => resource === "servicemeshpeers",
  );
  expect(peers).toEqual({
    resource: "servicemeshpeers",
    responseKind: { group: "federation.maistra.io", version: "v1", kind: "ServiceMeshPeer" },
    scope: "Namespaced",
    singularResource: "servicemeshpeer",
    verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
    shortNames: [],
    categories: ["maistra-io"],
    subresources: [
      {
        subresource: "status",
        responseKind: { group: "federation.maistra.io", version: "v1", kind: "ServiceMeshPeer" },
        verbs: ["get", "patch", "update"],
      },
    ],
  });
  expect(named.body.items.some((group: { metadata: { name: string } }) => group.metadata.name === "")).toBe(false);
});

it("answers v2beta1 to kubectl 1.27 and 1.28, which know no v2", async () => {
  const rig = await startApi();
  const accept = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
  const { body, headers } = await rig.request("/apis", { headers: { accept } });
  expect(body.apiVersion).toBe("apidiscovery.k8s.io/v2beta1");
  expect(headers.get("content-type")).toBe(accept.split(",")[0]);
});

it("answers the legacy documents to everybody else", async () => {
  const rig = await startApi();
  expect((await rig.request("/api")).body).toEqual({
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [],
  });
  const groups = (await rig.request("/apis")).body;
  expect(groups).toMatchObject({ kind: "APIGroupList", apiVersion: "v1" });
  expect(groups.groups).toContainEqual({
    name: "networking.istio.io",
    versions: [
      { groupVersion: "networking.istio.io/v1", version: "v1" },
      { groupVersion: "networking.istio.io/v1beta1", version: "v1beta1" },
      { groupVersion: "networking.istio.io/v1alpha3", version: "v1alpha3" },
    ],
    preferredVersion: { groupVersion: "networking.istio.io/v1", version: "v1" },
  });
  expect((await rig.request("/apis/federation.maistra.io")).body).toMatchObject({
    kind: "APIGroup",
    name: "federation.maistra.io",
  });
  const resources = (await rig.request("/api/v1")).body;
  expect(resources).toMatchObject({ kind: "APIResourceList", groupVersion: "v1" });
  expect(resources.resources).toContainEqual({
    name: "services",
    singularName: "service",
    namespaced: true,
    kind: "Service",
    verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
    shortNames: ["svc"],
    categories: expect.any(Array),
  });
  expect(resources.resources).toContainEqual(expect.objectContaining({ name: "services/status", kind: "Service" }));
  expect(resources.resources.some(({ name }: { name: string }) => name === "configmaps/status")).toBe(false);
});

it("names a Kubernetes version, which decides what kubectl does", async () => {
  const { body, code } = await (await startApi()).request("/version?timeout=5s");
  expect(code).toBe(200);
  expect(body).toMatchObject({ major: "1", minor: "33", gitVersion: "v1.33.0+meshfed" });
});

it("orders versions as Kubernetes does, the most stable and newest first", () => {
  const versions = ["v1alpha3", "foo", "v1", "v10", "v2", "v1beta1", "v11beta2", "v1alpha10"];
  expect(versions.sort(compareVersions)).toEqual([
    "v10",
    "v2",
    "v1",
    "v11beta2",
    "v1beta1",
    "v1alpha10",
    "v1alpha3",
    "foo",
  ]);
});

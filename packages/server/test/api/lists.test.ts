import { expect, it } from "vitest";
import { startApi } from "./api-rig.js";
import { configMap, namespace, peer } from "./objects.js";

const MAPS = "/api/v1/namespaces/default/configmaps";
const TABLE =
  "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

function names(body: { items: readonly { metadata: { namespace: string; name: string } }[] }): readonly string[] {
  return body.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
}

it("lists one namespace or all, with the version of the store", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), namespace("other"), configMap("a"), configMap("b", { namespace: "other" }));
  const one = await rig.request(MAPS);
  expect(one.body).toMatchObject({ kind: "ConfigMapList", apiVersion: "v1" });
  expect(one.body.metadata.resourceVersion).toMatch(/^\d+$/);
  expect(names(one.body)).toEqual(["default/a"]);
  expect(one.body.items[0]).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
  expect(names((await rig.request("/api/v1/configmaps")).body)).toEqual(["default/a", "other/b"]);
  const nowhere = await rig.request("/api/v1/namespaces/nowhere/configmaps");
  expect(nowhere).toMatchObject({ code: 200, body: { items: [] } });
});

it("selects by labels and fields", async () => {
  const rig = await startApi();
  await rig.given(
    namespace("default"),
    configMap("gold", { labels: { tier: "gold" } }),
    configMap("silver", { labels: { tier: "silver", canary: "" } }),
    configMap("plain"),
  );
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ["labelSelector=tier=gold", ["default/gold"]],
    ["labelSelector=tier", ["default/gold", "default/silver"]],
    ["labelSelector=!tier", ["default/plain"]],
    ["labelSelector=tier!=gold", ["default/plain", "default/silver"]],
    ["labelSelector=tier in (gold,silver),!canary", ["default/gold"]],
    ["fieldSelector=metadata.name=plain", ["default/plain"]],
    ["fieldSelector=metadata.name!=plain,metadata.namespace=default", ["default/gold", "default/silver"]],
    ["fieldSelector=metadata.name=gold&labelSelector=tier=silver", []],
  ];
  for (const [query, expected] of rows) {
    const url = `${MAPS}?${query.replaceAll(" ", "%20")}`;
    expect(names((await rig.request(url)).body), query).toEqual(expected);
  }
});

it("answers in pages that together are one version", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), ...["a", "b", "c", "d", "e"].map((name) => configMap(name)));
  const first = (await rig.request(`${MAPS}?limit=2`)).body;
  expect(names(first)).toEqual(["default/a", "default/b"]);
  expect(first.metadata.remainingItemCount).toBe(3);
  await rig.request(`${MAPS}/d`, { method: "DELETE" });
  const next = encodeURIComponent(first.metadata.continue);
  const second = (await rig.request(`${MAPS}?limit=2&continue=${next}`)).body;
  expect(names(second), "as of the first page").toEqual(["default/c", "default/d"]);
  expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  const last = (await rig.request(`${MAPS}?limit=2&continue=${encodeURIComponent(second.metadata.continue)}`)).body;
  expect(names(last)).toEqual(["default/e"]);
  expect(last.metadata.continue).toBeUndefined();
});

it("answers any version that it has reached, an exact one only while it is the newest", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("a"));
  const { resourceVersion } = (await rig.request(MAPS)).body.metadata;
  expect((await rig.request(`${MAPS}?resourceVersion=0`)).code).toBe(200);
  expect((await rig.request(`${MAPS}?resourceVersion=${resourceVersion}`)).code).toBe(200);
  const exact = `${MAPS}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`;
  expect((await rig.request(exact)).code).toBe(200);
  await rig.given(configMap("b"));
  expect((await rig.request(exact)).body).toMatchObject({ code: 410, reason: "Expired" });
  const notOlder = `${MAPS}?resourceVersion=${resourceVersion}&resourceVersionMatch=NotOlderThan`;
  expect(names((await rig.request(notOlder)).body)).toEqual(["default/a", "default/b"]);
});

it("answers the table that kubectl get prints, of a list and of one object", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), peer("green-mesh"));
  const path = "/apis/federation.maistra.io/v1/namespaces/default/servicemeshpeers";
  for (const url of [path, `${path}/green-mesh`]) {
    const { body } = await rig.request(url, { headers: { accept: TABLE } });
    expect(body).toMatchObject({
      kind: "Table",
      apiVersion: "meta.k8s.io/v1",
      metadata: { resourceVersion: expect.any(String) },
    });
    expect(body.columnDefinitions[0]).toMatchObject({ name: "Name", type: "string", format: "name", priority: 0 });
    expect(body.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
      "Name",
      "Connected",
      "Last Sync",
      "Addresses",
      "Age",
    ]);
    expect(body.rows).toHaveLength(1);
    expect(body.rows[0].cells).toEqual([
      "green-mesh",
      "Unknown",
      "<never>",
      "192.0.2.1",
      expect.stringMatching(/^\d+s$/),
    ]);
    expect(body.rows[0].object).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "green-mesh" } });
    expect(body.rows[0].object).not.toHaveProperty("spec");
  }
});

it("puts into the rows of a table what includeObject asks for", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("a"));
  const row = async (includeObject: string) =>
    (await rig.request(`${MAPS}?includeObject=${includeObject}`, { headers: { accept: TABLE } })).body.rows[0];
  expect(await row("None")).not.toHaveProperty("object");
  expect((await row("Metadata")).object).not.toHaveProperty("data");
  expect((await row("Object")).object).toMatchObject({ kind: "ConfigMap", data: { key: "value" } });
});

it("answers metadata alone to clients that need no more", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("a"));
  const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
  const { body } = await rig.request(MAPS, { headers: { accept } });
  expect(body).toMatchObject({ kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1" });
  expect(body.items[0]).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "a" } });
  expect(body.items[0]).not.toHaveProperty("data");
});

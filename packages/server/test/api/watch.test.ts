import { RESOURCE_TYPES } from "@meshfed/core";
import { expect, it } from "vitest";
import { ManualClock } from "../../../../test/conformance/manual-clock.js";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.js";
import { startApi, temporaryDirectory } from "./api-rig.js";
import { configMap, namespace, peer } from "./objects.js";
import { type Frame, openWatch } from "./watch-stream.js";

const MAPS = "/api/v1/namespaces/default/configmaps";

function summary(frames: readonly Frame[]): readonly string[] {
  return frames.map(({ type, object }) => `${type} ${object.metadata?.name ?? ""}`.trim());
}

it("first answers what there is, then what changes", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("a"), configMap("b"));
  for (const version of ["", "&resourceVersion=0"]) {
    const watch = await openWatch(rig, `${MAPS}?watch=true${version}`);
    expect(watch).toMatchObject({ code: 200, contentType: "application/json" });
    expect(summary(await watch.take(2)), version).toEqual(["ADDED a", "ADDED b"]);
    watch.cancel();
  }
  const watch = await openWatch(rig, `${MAPS}?watch=1`);
  await watch.take(2);
  await rig.request(MAPS, { method: "POST", body: configMap("c") });
  await rig.request(`${MAPS}/c`, { method: "PUT", body: configMap("c", { data: {} }) });
  await rig.request(`${MAPS}/a`, { method: "DELETE" });
  const changes = await watch.take(3);
  expect(summary(changes)).toEqual(["ADDED c", "MODIFIED c", "DELETED a"]);
  const versions = changes.map(({ object }) => Number(object.metadata.resourceVersion));
  expect(versions).toEqual([...versions].sort((left, right) => left - right));
  expect(changes[0]?.object).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", data: { key: "value" } });
  watch.cancel();
});

it("answers the headers of a quiet watch at once, and resumes after any version", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("a"));
  const { resourceVersion } = (await rig.request(MAPS)).body.metadata;
  const watch = await openWatch(rig, `${MAPS}?watch=true&resourceVersion=${resourceVersion}`);
  expect(watch.code).toBe(200);
  await rig.given(configMap("b"), configMap("c"));
  const [b] = await watch.take(2);
  watch.cancel();
  const resumed = await openWatch(rig, `${MAPS}?watch=true&resourceVersion=${b?.object.metadata.resourceVersion}`);
  expect(summary(await resumed.take(1))).toEqual(["ADDED c"]);
  resumed.cancel();
});

it("turns entering a selection into ADDED and leaving it into DELETED", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("a"), configMap("b", { labels: { tier: "gold" } }));
  const { resourceVersion } = (await rig.request(MAPS)).body.metadata;
  const watch = await openWatch(rig, `${MAPS}?watch=true&labelSelector=tier=gold&resourceVersion=${resourceVersion}`);
  await rig.request(`${MAPS}/a`, { method: "PUT", body: configMap("a", { labels: { tier: "gold" } }) });
  await rig.request(`${MAPS}/b`, { method: "PUT", body: configMap("b") });
  expect(summary(await watch.take(2))).toEqual(["ADDED a", "DELETED b"]);
  watch.cancel();
});

it("marks the end of the initial events for informers that ask for them", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("a"));
  const { resourceVersion } = (await rig.request(MAPS)).body.metadata;
  const query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
  const watch = await openWatch(rig, `${MAPS}?${query}`);
  const [added, end] = await watch.take(2);
  expect(summary(added === undefined ? [] : [added])).toEqual(["ADDED a"]);
  expect(end).toEqual({
    type: "BOOKMARK",
    object: {
      kind: "ConfigMap",
      apiVersion: "v1",
      metadata: { resourceVersion, annotations: { "k8s.io/initial-events-end": "true" } },
    },
  });
  await rig.given(configMap("b"));
  expect(summary(await watch.take(1))).toEqual(["ADDED b"]);
  watch.cancel();

  const later = await openWatch(rig, `${MAPS}?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`);
  await rig.given(configMap("c"));
  expect(summary(await later.take(1)), "no initial events").toEqual(["ADDED c"]);
  later.cancel();
});

it("sends bookmarks to those who allow them", async () => {
  const clock = new ManualClock();
  const store = createEmbeddedStore({
    directory: temporaryDirectory(),
    types: RESOURCE_TYPES,
    clock,
    bookmarkIntervalMs: 1_000,
  });
  const rig = await startApi({ store });
  await rig.given(namespace("default"));
  const { resourceVersion } = (await rig.request(MAPS)).body.metadata;
  const watch = await openWatch(rig, `${MAPS}?watch=true&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`);
  clock.advance(1_000);
  expect(await watch.next()).toEqual({
    type: "BOOKMARK",
    object: { kind: "ConfigMap", apiVersion: "v1", metadata: { resourceVersion } },
  });
  watch.cancel();
});

it("answers 410 for a version that is forgotten", async () => {
  const store = createEmbeddedStore({
    directory: temporaryDirectory(),
    types: RESOURCE_TYPES,
    clock: new ManualClock(),
    retention: { maxChanges: 2 },
  });
  const rig = await startApi({ store });
  await rig.given(namespace("default"), configMap("a"));
  const { resourceVersion } = (await rig.request(MAPS)).body.metadata;
  for (let round = 0; round < 10; round++) {
    const body = configMap("a", { data: { round: String(round) } });
    await rig.request(`${MAPS}/a`, { method: "PUT", body });
  }
  const answer = await rig.request(`${MAPS}?watch=true&resourceVersion=${resourceVersion}`);
  expect(answer.body).toMatchObject({ kind: "Status", code: 410, reason: "Expired" });
});

it("ends after timeoutSeconds", async () => {
  const clock = new ManualClock();
  const rig = await startApi({ clock });
  await rig.given(namespace("default"), configMap("a"));
  const watch = await openWatch(rig, `${MAPS}?watch=true&timeoutSeconds=5`);
  expect(summary(await watch.take(1))).toEqual(["ADDED a"]);
  clock.advance(5_000);
  expect(await watch.next()).toBeUndefined();
});

it("sends tables with their columns in the first event only", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), peer("green-mesh"), peer("blue-mesh"));
  const path = "/apis/federation.maistra.io/v1/servicemeshpeers?watch=true";
  const watch = await openWatch(rig, path, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
  const frames = await watch.take(2);
  expect(frames.map(({ object }) => object.kind)).toEqual(["Table", "Table"]);
  expect(frames.map(({ object }) => object.columnDefinitions.length > 0)).toEqual([true, false]);
  expect(frames.map(({ object }) => object.rows[0].cells[0])).toEqual(["blue-mesh", "green-mesh"]);
  watch.cancel();
});

it("frees what a watch held when its caller goes", async () => {
  const clock = new ManualClock();
  const rig = await startApi({ clock });
  await rig.given(namespace("default"), configMap("a"));
  const idle = clock.pending;
  const watch = await openWatch(rig, `${MAPS}?watch=true`);
  await watch.take(1);
  expect(clock.pending).toBe(idle + 1);
  watch.cancel();
  await expect.poll(() => clock.pending).toBe(idle);
});

import { configMapType, type KubernetesObject, secretType } from "@meshfed/core";
import { expect, it } from "vitest";
import { versionOf, WatchRecorder } from "../../../../test/conformance/watch-recorder.js";
import { configMap, namespace, StoreRig, secret } from "./store-rig.js";

it("a watch with bookmarks hears from time to time how far the store is, a watch without does not", async () => {
  const rig = new StoreRig();
  const store = rig.open({ bookmarkIntervalMs: 1_000 });
  await store.create(namespace("default"));
  const { resourceVersion } = await store.list({ type: configMapType });
  const plain = new WatchRecorder(store, { type: configMapType, resourceVersion });
  const marked = new WatchRecorder(store, { type: configMapType, resourceVersion, allowBookmarks: true });
  const other = await store.create(secret("of-another-kind", "key"));
  expect(marked.summary).toEqual([]);
  rig.clock.advance(1_000);
  await marked.untilCount(1);
  expect(marked.events.map(versionOf)).toEqual([other.metadata.resourceVersion]);
  rig.clock.advance(999);
  const created = await store.create(configMap("a"));
  await marked.untilCount(2);
  rig.clock.advance(1);
  await marked.untilCount(3);
  expect(marked.summary).toEqual(["BOOKMARK", "ADDED a", "BOOKMARK"]);
  expect(marked.events.map(versionOf).at(-1)).toBe(created.metadata.resourceVersion);
  expect(plain.summary).toEqual(["ADDED a"]);
  await Promise.all([plain.stop(), marked.stop()]);
});

it("a watch whose selection is never hit gets bookmarks although its kind is busy", async () => {
  const rig = new StoreRig();
  const store = rig.open({ bookmarkIntervalMs: 1_000 });
  await store.create(namespace("default"));
  const { resourceVersion } = await store.list({ type: secretType });
  const matches = (object: KubernetesObject) => object.metadata.name === "never";
  const watch = new WatchRecorder(store, { type: secretType, resourceVersion, matches, allowBookmarks: true });
  for (let round = 0; round < 5; round += 1) {
    await store.create(secret(`busy-${round}`, "key"));
    rig.clock.advance(300);
  }
  await watch.untilCount(1);
  expect(watch.summary).toEqual(["BOOKMARK"]);
  await watch.stop();
  expect(rig.clock.pending, "only the store's own timer is left").toBe(1);
});

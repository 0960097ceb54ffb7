import { configMapType, objectKey, objectReference } from "@meshfed/core";
import type { ResourceStore } from "@meshfed/server";
import { beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { createInformer, type ObjectChange } from "../../src/controller/informer.js";
import { configMap, namespace, StoreRig } from "../store/store-rig.js";

let rig: StoreRig;
let store: ResourceStore;
beforeEach(async () => {
  rig = new StoreRig();
  store = rig.open({ retention: { maxChanges: 5 } });
  await store.create(namespace("default"));
});

/** The state that follows from the changes alone. */
function follow() {
  const seen = new Map<string, string | undefined>();
  const problems: unknown[] = [];
  const onChange = (change: ObjectChange) => {
    if (change.type === "delete") seen.delete(objectKey(change.reference));
    else seen.set(objectKey(objectReference(change.object)), change.object.metadata.resourceVersion);
  };
  const informer = createInformer({
    store,
    type: configMapType,
    clock: rig.clock,
    onChange,
    onProblem: (error) => problems.push(error),
  });
  onTestFinished(() => informer.close());
  return { informer, seen, problems };
}

async function listed(): Promise<Map<string, string | undefined>> {
  const { items } = await store.list({ type: configMapType });
  return new Map(items.map((item) => [objectKey(objectReference(item)), item.metadata.resourceVersion]));
}

it("delivers what is there, then every change", async () => {
  await store.create(configMap("before"));
  const { informer, seen } = follow();
  await informer.synced;
  expect(seen).toEqual(await listed());
  const created = await store.create(configMap("after"));
  await store.delete(configMapType, { namespace: "default", name: "before" });
  await vi.waitFor(async () => expect(seen).toEqual(await listed()));
  expect(informer.get({ namespace: "default", name: "after" })?.metadata.uid).toBe(created.metadata.uid);
  expect([...informer.objects()]).toHaveLength(1);
});

it("ends in the store's state after more changes at once than the store's history keeps", async () => {
  const { informer, seen, problems } = follow();
  await informer.synced;
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => store.create(configMap(`map-${round}-${index}`))));
    await store.delete(configMapType, { namespace: "default", name: `map-${round}-7` });
  }
  await vi.waitFor(async () => expect(seen).toEqual(await listed()));
  expect(problems).toEqual([]);
});

import {
  configMapType,
  type FederationError,
  type KubernetesObject,
  namespaceType,
  RESOURCE_TYPES,
} from "@meshfed/core";
import { describe, expect, it } from "vitest";
import { WatchRecorder } from "../../../../test/conformance/watch-recorder.js";
import { configMap, namespace, StoreRig } from "./store-rig.js";

const reference = (name: string) => ({ namespace: "default", name });

describe("a store that is opened again", () => {
  it("has everything as it was", async () => {
    const rig = new StoreRig();
    const store = rig.open();
    await store.create(namespace("default"));
    for (const name of ["b", "a", "c"]) await store.create(configMap(name, { name }));
    await store.update(configMap("b", { name: "changed" }));
    await store.delete(configMapType, reference("c"));
    const before = await store.list({ type: configMapType });
    await rig.close();
    const again = rig.open();
    expect(await again.list({ type: configMapType })).toEqual(before);
    expect(await again.get(namespaceType, { name: "default" })).toMatchObject({ status: { phase: "Active" } });
  });

  it("goes on counting versions, even when the newest change was a deletion and the log is empty", async () => {
    const rig = new StoreRig();
    const store = rig.open();
    await store.create(namespace("default"));
    await store.create(configMap("a"));
    const deleted = await store.delete(configMapType, reference("a"));
    rig.clock.advance(10_000_000);
    await rig.close();
    const again = rig.open();
    expect((await again.list({ type: configMapType })).resourceVersion).toBe(deleted.metadata.resourceVersion);
    const created = await again.create(configMap("b"));
    expect(Number(created.metadata.resourceVersion)).toBe(Number(deleted.metadata.resourceVersion) + 1);
  });

  it("replays the same events as before, with the states before them", async () => {
    const rig = new StoreRig();
    const store = rig.open();
    await store.create(namespace("default"));
    const { resourceVersion } = await store.list({ type: configMapType });
    await store.create(configMap("a", { tier: "gold" }));
    await store.update(configMap("a", { tier: "silver" }));
    await store.update(configMap("a", { tier: "gold" }));
    await store.delete(configMapType, reference("a"));
    const matches = (object: KubernetesObject) => JSON.stringify(object).includes("gold");
    const record = async (from: typeof store) => {
      const watch = new WatchRecorder(from, { type: configMapType, resourceVersion, matches });
      await watch.untilCount(4);
      await watch.stop();
      return watch;
    };
    const before = await record(store);
    expect(before.summary).toEqual(["ADDED a", "DELETED a", "ADDED a", "DELETED a"]);
    await rig.close();
    expect((await record(rig.open())).events).toEqual(before.events);
  });

  it("still collects garbage and still knows which namespace is being deleted", async () => {
    const rig = new StoreRig();
    const store = rig.open();
    await store.create(namespace("default"));
    const owner = await store.create(configMap("owner"));
    const { metadata } = configMap("held");
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: owner.metadata.uid ?? "" }];
    const held = { ...configMap("held"), metadata: { ...metadata, ownerReferences, finalizers: ["example/hold"] } };
    await store.create(held);
    await store.delete(namespaceType, { name: "default" });
    await rig.close();

    const again = rig.open();
    expect(await again.get(configMapType, reference("owner"))).toBeUndefined();
    await expect(again.create(configMap("late"))).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
    await again.update({ ...held, metadata: { ...held.metadata, finalizers: [] } });
    expect(await again.get(configMapType, reference("held"))).toBeUndefined();
    expect(await again.get(namespaceType, { name: "default" })).toBeUndefined();
  });

  it("refuses a watch from a version that it never gave out", async () => {
    const rig = new StoreRig();
    const store = rig.open();
    await store.create(namespace("default"));
    const signal = new AbortController().signal;
    const watch = () => store.watch({ type: configMapType, resourceVersion: "1000", signal });
    expect(watch).toThrow(/"1000" is ahead of the store/);
  });

  it("keeps objects of kinds that it does not serve any more, says so, and has them when they are served again", async () => {
    const rig = new StoreRig();
    const store = rig.open();
    await store.create(namespace("default"));
    const created = await store.create(configMap("a"));
    await rig.close();

    const problems: FederationError[] = [];
    const types = RESOURCE_TYPES.filter(({ kind }) => kind !== "ConfigMap");
    const without = rig.open({ types, onProblem: (problem) => problems.push(problem) });
    expect(problems.map(({ message }) => message)).toEqual([
      '1 objects of kind "ConfigMap" are kept in the store but not served by this release',
    ]);
    await expect(without.create(configMap("b"))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    const other = await without.create(namespace("other"));
    expect(Number(other.metadata.resourceVersion)).toBeGreaterThan(Number(created.metadata.resourceVersion));
    await rig.close();

    expect(await rig.open().get(configMapType, reference("a"))).toEqual(created);
  });
});

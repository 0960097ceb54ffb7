import { readFileSync } from "node:fs";
import { join } from "node:path";
import { configMapType, FederationError, type KubernetesObject, secretType } from "@meshfed/core";
import type { ResourceStore } from "@meshfed/server";
import { describe, expect, it, vi } from "vitest";
import { WatchRecorder } from "../../../../test/conformance/watch-recorder.js";
import { configMap, namespace, StoreRig, secret } from "./store-rig.js";

const HOUR_MS = 3_600_000;

async function createMany(store: ResourceStore, names: string): Promise<string[]> {
  const created: KubernetesObject[] = [];
  for (const name of names) created.push(await store.create(configMap(name)));
  return created.map(({ metadata }) => metadata.resourceVersion ?? "");
}

function openWatch(store: ResourceStore, resourceVersion: string): WatchRecorder {
  return new WatchRecorder(store, { type: configMapType, resourceVersion });
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (FederationError.is(error)) return error.code;
    throw error;
  }
  return "did not throw";
}

describe("retention of the change log", () => {
  it("keeps the newest changes: a watch from before them is told to list again", async () => {
    const store = new StoreRig().open({ retention: { maxChanges: 3 } });
    await store.create(namespace("default"));
    const versions = await createMany(store, "abcdef");
    // Three were left when "f" was written.
    const oldest = openWatch(store, versions[1] ?? "");
    await oldest.untilCount(4);
    expect(oldest.summary).toEqual(["ADDED c", "ADDED d", "ADDED e", "ADDED f"]);
    expect(codeOf(() => openWatch(store, versions[0] ?? ""))).toBe("OUT_OF_RANGE");
    await oldest.stop();
  });

  it("drops what is too old, also while nothing is written", async () => {
    const rig = new StoreRig();
    const store = rig.open();
    await store.create(namespace("default"));
    const [version = ""] = await createMany(store, "ab");
    rig.clock.advance(HOUR_MS);
    const recorder = openWatch(store, version);
    await recorder.untilCount(1);
    rig.clock.advance(61_000);
    expect(codeOf(() => openWatch(store, version))).toBe("OUT_OF_RANGE");
    await recorder.stop();
  });

  it("drops much history in several steps, between which others get their turn", async () => {
    const rig = new StoreRig();
    const store = rig.open();
    await store.create(namespace("default"));
    const [version = ""] = await createMany(store, "a");
    await Promise.all(Array.from({ length: 2_500 }, (_, index) => store.create(configMap(`c-${index}`))));
    const newest = await store.list({ type: configMapType, limit: 1 });
    rig.clock.advance(HOUR_MS + 60_000);
    const watchAll = () => openWatch(store, String(Number(newest.resourceVersion) - 1));
    expect(
      codeOf(() => openWatch(store, version)),
      "the first step is done",
    ).toBe("OUT_OF_RANGE");
    const first = watchAll();
    await first.untilCount(1);
    await first.stop();
    await vi.waitFor(() => expect(codeOf(watchAll)).toBe("OUT_OF_RANGE"));
  });

  it("is bounded in bytes", async () => {
    const store = new StoreRig().open({ retention: { maxBytes: 10_000 } });
    await store.create(namespace("default"));
    const [version = ""] = await createMany(store, "a");
    for (const name of "bcdef") await store.create(configMap(name, { big: "x".repeat(4_000) }));
    expect(codeOf(() => openWatch(store, version))).toBe("OUT_OF_RANGE");
  });

  it("does not disturb a watch that has seen everything, whatever other kinds do", async () => {
    const store = new StoreRig().open({ retention: { maxChanges: 3 } });
    await store.create(namespace("default"));
    const [version = ""] = await createMany(store, "a");
    const watch = openWatch(store, version);
    for (let count = 0; count < 20; count += 1) await store.create(secret(`s-${count}`, "key"));
    await createMany(store, "b");
    await watch.untilCount(1);
    expect(watch.summary).toEqual(["ADDED b"]);
    await watch.stop();
  });

  it("ends the watch of a consumer that is too slow with OUT_OF_RANGE, and holds nothing for it", async () => {
    const store = new StoreRig().open({ retention: { maxChanges: 3 } });
    await store.create(namespace("default"));
    const [version = ""] = await createMany(store, "a");
    const signal = new AbortController().signal;
    const events = store.watch({ type: configMapType, resourceVersion: version, signal })[Symbol.asyncIterator]();
    await createMany(store, "b");
    expect((await events.next()).value).toMatchObject({ type: "ADDED", object: { metadata: { name: "b" } } });
    await createMany(store, "cdefg");
    await expect(events.next()).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it("lets a list go on after its version was dropped, and does not pass the rest off as a snapshot", async () => {
    const store = new StoreRig().open({ retention: { maxChanges: 3 } });
    await store.create(namespace("default"));
    await createMany(store, "abcd");
    const first = await store.list({ type: configMapType, limit: 2 });
    for (let count = 0; count < 10; count += 1) await store.update(configMap("c", { count: String(count) }));
    const second = await store.list({ type: configMapType, limit: 2, continue: first.continue ?? "" });
    expect(second.items).toMatchObject([{ data: { count: "9" } }, { metadata: { name: "d" } }]);
    expect(second.resourceVersion).toBe(first.resourceVersion);
    expect(codeOf(() => openWatch(store, second.resourceVersion))).toBe("OUT_OF_RANGE");
  });

  it("still holds after the store was opened again", async () => {
    const rig = new StoreRig();
    const store = rig.open({ retention: { maxChanges: 3 } });
    await store.create(namespace("default"));
    const versions = await createMany(store, "abcdef");
    await rig.close();
    const again = rig.open({ retention: { maxChanges: 3 } });
    expect(codeOf(() => openWatch(again, versions[0] ?? ""))).toBe("OUT_OF_RANGE");
    const watch = openWatch(again, versions[1] ?? "");
    await watch.untilCount(4);
    expect(watch.summary).toEqual(["ADDED c", "ADDED d", "ADDED e", "ADDED f"]);
    await watch.stop();
  });

  it("leaves nothing of a deleted Secret in the files once its history is dropped", async () => {
    const rig = new StoreRig();
    const store = rig.open();
    await store.create(namespace("default"));
    const created = await store.create(secret("cacerts", "a private key that nobody else may see"));
    const key = Buffer.from("a private key that nobody else may see").toString("base64");
    await store.delete(secretType, { namespace: "default", name: created.metadata.name });
    rig.clock.advance(2 * HOUR_MS);
    await rig.close();
    expect(readFileSync(join(rig.directory, "meshfed.db")).includes(key)).toBe(false);
    expect(readFileSync(join(rig.directory, "meshfed.db")).includes("Namespace")).toBe(true);
  });
});

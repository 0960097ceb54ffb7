import { configMapType, FederationError, type KubernetesObject } from "@meshfed/core";
import { describe, expect, it } from "vitest";
import { ChangeLog } from "../../src/store/embedded/change-log.js";
import { createObject } from "../../src/store/embedded/create-object.js";
import type { JournalEntry } from "../../src/store/embedded/journal.js";
import { ObjectTable } from "../../src/store/embedded/object-table.js";
import { TypeIndex } from "../../src/store/embedded/type-index.js";
import { WriteQueue } from "../../src/store/embedded/write-queue.js";
import { configMap, namespace as namespaceObject, StoreRig } from "./store-rig.js";

/** A queue over a journal that only remembers, and refuses when told to. */
function createQueue(maxWaiting = 1000) {
  const entries: JournalEntry[] = [];
  const disk = { isFull: false };
  const table = new ObjectTable();
  const log = new ChangeLog(1, 1, { maxChanges: 1000, maxAgeMs: 1000, maxBytes: 1_000_000 });
  const queue = new WriteQueue({
    table,
    log,
    types: new TypeIndex([configMapType]),
    journal: {
      commit(entry) {
        if (disk.isFull) throw new FederationError("UNAVAILABLE", "the disk is full");
        entries.push(entry);
      },
    },
    now: () => 0,
    maxWaiting,
  });
  const create = (name: string): Promise<KubernetesObject> =>
    queue.submit((transaction) => createObject(transaction, configMapType, configMap(name)));
  const names = () => table.range("ConfigMap").map(({ metadata }) => metadata.name);
  return { queue, create, entries, disk, names, log };
}

describe("group commit", () => {
  it("writes what arrives in one turn in one transaction", async () => {
    const { create, entries } = createQueue();
    await Promise.all([..."abcdefgh"].map(create));
    expect(entries.map(({ changes }) => changes.map(({ version }) => version))).toEqual([[2, 3, 4, 5, 6, 7, 8, 9]]);
    await create("i");
    expect(entries).toHaveLength(2);
  });

  it("bounds a transaction, and gives the event loop a turn in between", async () => {
    const { create, entries } = createQueue();
    const names = Array.from({ length: 300 }, (_, index) => `object-${index}`);
    let turns = 0;
    const count = setImmediate(function turn() {
      turns += 1;
      if (entries.length < 3) setImmediate(turn);
    });
    await Promise.all(names.map(create));
    clearImmediate(count);
    expect(entries.map(({ changes }) => changes.length)).toEqual([128, 128, 44]);
    expect(turns).toBeGreaterThanOrEqual(2);
  });

  it("answers a write that is refused alone, and takes back what it had done", async () => {
    const { create, queue, entries, names } = createQueue();
    const createTwo = () =>
      queue.submit((transaction) => {
        createObject(transaction, configMapType, configMap("half"));
        createObject(transaction, configMapType, configMap("a"));
      });
    const outcomes = await Promise.allSettled([create("a"), createTwo(), create("b")]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(names()).toEqual(["a", "b"]);
    expect(entries[0]?.changes.map(({ version }) => version)).toEqual([2, 3]);
    expect(entries).toHaveLength(1);
  });

  it("takes everything back when the disk refuses, tells all, and goes on when there is room again", async () => {
    const { create, disk, names, log, entries } = createQueue();
    await create("before");
    disk.isFull = true;
    const outcomes = await Promise.allSettled([create("a"), create("a"), create("b")]);
    expect(outcomes).toMatchObject(outcomes.map(() => ({ status: "rejected", reason: { code: "UNAVAILABLE" } })));
    expect(names()).toEqual(["before"]);
    expect(log.version).toBe(2);
    disk.isFull = false;
    const created = await create("a");
    expect(created.metadata.resourceVersion).toBe("3");
    expect(entries).toHaveLength(2);
  });

  it("takes no more writes than it may keep waiting", async () => {
    const { create } = createQueue(2);
    const outcomes = await Promise.allSettled([create("a"), create("b"), create("c")]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect(outcomes[2]).toMatchObject({ reason: { code: "UNAVAILABLE" } });
    await create("c");
  });
});

describe("closing a store", () => {
  it("answers what was begun, ends watches, and refuses the rest", async () => {
    const rig = new StoreRig();
    const store = rig.open();
    const signal = new AbortController().signal;
    const watch = store.watch({ type: configMapType, signal })[Symbol.asyncIterator]();
    const next = watch.next();
    const writes = [store.create(namespaceObject("default")), store.create(configMap("a"))];
    await store.close();
    await store.close();
    expect(await Promise.allSettled(writes)).toMatchObject([{ status: "fulfilled" }, { status: "fulfilled" }]);
    expect([await next, await watch.next()].map(({ done }) => done)).toContain(true);
    await expect(store.create(configMap("b"))).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(store.list({ type: configMapType })).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(store.get(configMapType, { namespace: "default", name: "a" })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    expect(() => store.watch({ type: configMapType, signal })).toThrow(/closed/);
    expect(rig.clock.pending, "no timer is left").toBe(0);
    const again = rig.open();
    expect((await again.list({ type: configMapType })).items).toHaveLength(1);
  });
});

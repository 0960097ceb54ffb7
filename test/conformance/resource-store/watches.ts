import type { KubernetesObject } from "@meshfed/core";
import type { StoreEvent } from "@meshfed/server";
import { describe, expect, it } from "vitest";
import { versionOf, WatchRecorder } from "../watch-recorder.js";
import { WatchedState } from "../watched-state.js";
import { CONFIG_MAP, configMapWith, errorOf, PEER, peerWith, type StoreSuite, statusOf } from "./store-suite.js";

export function describeWatches(suite: StoreSuite): void {
  const isGold = (object: KubernetesObject) => object.metadata.labels?.tier === "gold";
  const update = (namespace: string, name: string, tier: string, port = 8188) =>
    suite.store.update(peerWith({ namespace, name, labels: { tier } }, port));
  const create = (namespace: string, name: string, tier = "gold") =>
    suite.store.create(peerWith({ namespace, name, labels: { tier } }));
  const remove = (namespace: string, name: string) => suite.store.delete(PEER, { namespace, name });

  describe("watch", () => {
    it.each([["absent"], ["0"]])("from version %s tells what exists, then what happens", async (version) => {
      const namespace = await suite.namespace();
      await create(namespace, "a");
      await create(namespace, "b");
      const watch = new WatchRecorder(suite.store, {
        type: PEER,
        namespace,
        ...(version === "absent" ? {} : { resourceVersion: version }),
      });
      await watch.untilCount(2);
      await remove(namespace, "a");
      await create(namespace, "c");
      await watch.untilCount(4);
      expect(watch.summary).toEqual(["ADDED a", "ADDED b", "DELETED a", "ADDED c"]);
      await watch.stop();
    });

    it("from a list misses nothing and repeats nothing", async () => {
      const namespace = await suite.namespace();
      await create(namespace, "a");
      const { items, resourceVersion } = await suite.store.list({ type: PEER, namespace });
      await create(namespace, "b");
      await suite.store.create(configMapWith({ namespace, name: "another-kind" }));
      await update(namespace, "a", "gold", 9000);
      const watch = new WatchRecorder(suite.store, { type: PEER, namespace, resourceVersion });
      await suite.store.update(
        { ...peerWith({ namespace, name: "b" }), ...statusOf("istiod") },
        { subresource: "status" },
      );
      await remove(namespace, "a");
      await watch.untilCount(4);
      expect(watch.summary).toEqual(["ADDED b", "MODIFIED a", "MODIFIED b", "DELETED a"]);
      const state = new WatchedState(items, resourceVersion);
      for (const event of watch.events) state.apply(event);
      expect(state.objects).toEqual((await suite.store.list({ type: PEER, namespace })).items);
      await watch.stop();
    });

    it("resumes after any event with exactly the events that follow", async () => {
      const namespace = await suite.namespace();
      const { resourceVersion } = await suite.store.list({ type: PEER, namespace });
      await create(namespace, "a");
      await create(namespace, "b");
      await update(namespace, "a", "silver");
      await remove(namespace, "b");
      await create(namespace, "b", "silver");
      const whole = new WatchRecorder(suite.store, { type: PEER, namespace, resourceVersion });
      await whole.untilCount(5);
      for (const [index, event] of whole.events.slice(0, -1).entries()) {
        const resumed = new WatchRecorder(suite.store, { type: PEER, namespace, resourceVersion: versionOf(event) });
        await resumed.untilCount(whole.events.length - index - 1);
        expect(resumed.events).toEqual(whole.events.slice(index + 1));
        await resumed.stop();
      }
      await whole.stop();
    });

    it("delivers in the order of versions, the same to every watch", async () => {
      const namespace = await suite.namespace();
      const { resourceVersion } = await suite.store.list({ type: PEER, namespace });
      const watches = [1, 2, 3].map(() => new WatchRecorder(suite.store, { type: PEER, namespace, resourceVersion }));
      await Promise.all([..."abcdefgh"].map((name) => create(namespace, name)));
      await Promise.all([..."abcdefgh"].map((name) => update(namespace, name, "silver")));
      await Promise.all(watches.map((watch) => watch.untilCount(16)));
      const versions = watches[0]?.events.map((event) => Number(versionOf(event))) ?? [];
      expect(versions).toEqual([...new Set(versions)].sort((left, right) => left - right));
      for (const watch of watches) expect(watch.events).toEqual(watches[0]?.events);
      await Promise.all(watches.map((watch) => watch.stop()));
    });

    it("says DELETED with the last state, under a version of its own", async () => {
      const namespace = await suite.namespace();
      const created = await create(namespace, "a");
      const watch = new WatchRecorder(suite.store, {
        type: PEER,
        namespace,
        resourceVersion: created.metadata.resourceVersion ?? "",
      });
      await remove(namespace, "a");
      await watch.untilCount(1);
      const [event] = watch.events;
      expect(event).toMatchObject({ type: "DELETED", object: { metadata: { uid: created.metadata.uid } } });
      expect(event).toHaveProperty("object.spec", peerWith({}).spec);
      expect(Number(event && versionOf(event))).toBeGreaterThan(Number(created.metadata.resourceVersion));
      await watch.stop();
    });

    it("of a selection tells entering as ADDED and leaving as DELETED", async () => {
      const namespace = await suite.namespace();
      await create(namespace, "in", "gold");
      await create(namespace, "out", "silver");
      const { resourceVersion } = await suite.store.list({ type: PEER, namespace });
      const watch = new WatchRecorder(suite.store, { type: PEER, namespace, matches: isGold, resourceVersion });
      const left = await update(namespace, "in", "silver");
      await update(namespace, "in", "silver", 9000);
      await update(namespace, "out", "gold");
      await update(namespace, "out", "gold", 9000);
      await remove(namespace, "in");
      await remove(namespace, "out");
      await create(namespace, "never", "silver");
      await create(namespace, "end", "gold");
      await watch.untilCount(5);
      expect(watch.summary).toEqual(["DELETED in", "ADDED out", "MODIFIED out", "DELETED out", "ADDED end"]);
      expect(watch.events[0]).toMatchObject({
        object: { metadata: { labels: { tier: "gold" }, resourceVersion: left.metadata.resourceVersion } },
      });
      await watch.stop();
    });

    it("of one namespace tells nothing of another, of all namespaces everything", async () => {
      const [namespace, other] = [await suite.namespace(), await suite.namespace()];
      const { resourceVersion } = await suite.store.list({ type: PEER });
      const one = new WatchRecorder(suite.store, { type: PEER, namespace, resourceVersion });
      const isOurs = (object: KubernetesObject) => [namespace, other].includes(object.metadata.namespace ?? "");
      const all = new WatchRecorder(suite.store, { type: PEER, matches: isOurs, resourceVersion });
      await create(other, "theirs");
      await create(namespace, "ours");
      await Promise.all([one.untilCount(1), all.untilCount(2)]);
      expect(one.summary).toEqual(["ADDED ours"]);
      expect(all.summary).toEqual(["ADDED theirs", "ADDED ours"]);
      await Promise.all([one.stop(), all.stop()]);
    });

    it("marks the end of what exists with a bookmark, if wanted", async () => {
      const namespace = await suite.namespace();
      await create(namespace, "a");
      const watch = new WatchRecorder(suite.store, { type: PEER, namespace, allowBookmarks: true });
      await watch.untilCount(2);
      expect(watch.summary).toEqual(["ADDED a", "BOOKMARK"]);
      const resourceVersion = versionOf(watch.events[1] as StoreEvent);
      await create(namespace, "b");
      const resumed = new WatchRecorder(suite.store, { type: PEER, namespace, resourceVersion });
      await resumed.untilCount(1);
      expect(resumed.summary).toEqual(["ADDED b"]);
      await Promise.all([watch.stop(), resumed.stop()]);
    });

    it("ends at once when it is told to, before it begins and while it waits", async () => {
      const namespace = await suite.namespace();
      const aborted = suite.store.watch({ type: PEER, namespace, signal: AbortSignal.abort() });
      for await (const event of aborted) throw new Error(`unexpected ${event.type}`);
      const controller = new AbortController();
      const waiting = suite.store.watch({ type: PEER, namespace, signal: controller.signal })[Symbol.asyncIterator]();
      const next = waiting.next();
      controller.abort();
      expect(await next).toEqual({ done: true, value: undefined });
      expect(await waiting.next()).toEqual({ done: true, value: undefined });
    });

    it("ends when its consumer leaves", async () => {
      const namespace = await suite.namespace();
      await create(namespace, "a");
      const watch = suite.store.watch({ type: PEER, namespace, signal: new AbortController().signal });
      for await (const event of watch) {
        expect(event.type).toBe("ADDED");
        break;
      }
      expect(await watch[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
    });

    it("waits for a slow consumer and loses nothing", async () => {
      const namespace = await suite.namespace();
      const { resourceVersion } = await suite.store.list({ type: CONFIG_MAP, namespace });
      const controller = new AbortController();
      const options = { type: CONFIG_MAP, namespace, resourceVersion, signal: controller.signal };
      const events = suite.store.watch(options)[Symbol.asyncIterator]();
      const names = Array.from({ length: 50 }, (_, index) => `slow-${index}`);
      const seen: (string | undefined)[] = [];
      for (const name of names) {
        await suite.store.create(configMapWith({ namespace, name }));
        if (seen.length === 0) seen.push(nameOf((await events.next()).value));
      }
      while (seen.length < names.length) seen.push(nameOf((await events.next()).value));
      expect(seen).toEqual(names);
      controller.abort();
    });

    it("refuses a version that is none", async () => {
      const watch = async () => {
        const signal = new AbortController().signal;
        for await (const event of suite.store.watch({ type: PEER, resourceVersion: "yesterday", signal })) {
          throw new Error(`unexpected ${event.type}`);
        }
      };
      expect((await errorOf(watch())).code).toBe("INVALID_ARGUMENT");
    });
  });
}

function nameOf(event: StoreEvent | undefined): string | undefined {
  return event === undefined || event.type === "BOOKMARK" ? undefined : event.object.metadata.name;
}

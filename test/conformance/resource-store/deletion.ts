import type { KubernetesObject } from "@meshfed/core";
import { describe, expect, it } from "vitest";
import { WatchRecorder } from "../watch-recorder.js";
import { codeOf, PEER, peerWith, type StoreSuite } from "./store-suite.js";

const FINALIZERS = ["federation.example/first", "federation.example/second"];

export function describeDeletion(suite: StoreSuite): void {
  const withFinalizers = (object: KubernetesObject, finalizers: readonly string[]): KubernetesObject => ({
    ...object,
    metadata: { ...object.metadata, finalizers },
  });

  describe("delete", () => {
    it("removes the object; a new one of the name is another object", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace }));
      const deleted = await suite.store.delete(PEER, { namespace, name: "green-mesh" });
      expect(deleted.metadata.uid).toBe(created.metadata.uid);
      expect(await suite.store.get(PEER, { namespace, name: "green-mesh" })).toBeUndefined();
      const again = await suite.store.create(peerWith({ namespace }));
      expect(again.metadata.uid).not.toBe(created.metadata.uid);
      expect(again.metadata.generation).toBe(1);
    });

    it("refuses an object that is not there", async () => {
      const namespace = await suite.namespace();
      await suite.store.create(peerWith({ namespace }));
      await suite.store.delete(PEER, { namespace, name: "green-mesh" });
      expect(await codeOf(suite.store.delete(PEER, { namespace, name: "green-mesh" }))).toBe("NOT_FOUND");
    });

    it("refuses another uid or version than the one there is", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace }, 8188));
      const updated = await suite.store.update(peerWith({ namespace }, 8189));
      const reference = { namespace, name: "green-mesh" };
      const { uid = "", resourceVersion = "" } = created.metadata;
      const otherUid = "11111111-2222-4333-8444-555555555555";
      expect(await codeOf(suite.store.delete(PEER, reference, { resourceVersion }))).toBe("ABORTED");
      expect(await codeOf(suite.store.delete(PEER, reference, { uid: otherUid }))).toBe("ABORTED");
      expect(await suite.store.get(PEER, reference)).toEqual(updated);
      const current = updated.metadata.resourceVersion ?? "";
      await suite.store.delete(PEER, reference, { uid, resourceVersion: current });
      expect(await suite.store.get(PEER, reference)).toBeUndefined();
    });

    it("tries with dryRun and removes nothing", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace }));
      const reference = { namespace, name: "green-mesh" };
      const tried = await suite.store.delete(PEER, reference, { dryRun: true });
      expect(tried.metadata.uid).toBe(created.metadata.uid);
      expect(await suite.store.get(PEER, reference)).toEqual(created);
      expect(await codeOf(suite.store.delete(PEER, { namespace, name: "nobody" }, { dryRun: true }))).toBe("NOT_FOUND");
    });
  });

  describe("finalizers", () => {
    it("hold a deleted object until the last is taken away", async () => {
      const namespace = await suite.namespace();
      const reference = { namespace, name: "green-mesh" };
      const created = await suite.store.create(withFinalizers(peerWith({ namespace }), FINALIZERS));
      const resourceVersion = created.metadata.resourceVersion ?? "";
      const watch = new WatchRecorder(suite.store, { type: PEER, namespace, resourceVersion });

      const marked = await suite.store.delete(PEER, reference);
      expect(marked.metadata).toMatchObject({ generation: 2, finalizers: FINALIZERS });
      expect(marked.metadata.deletionTimestamp).toMatch(/Z$/);
      expect(await suite.store.get(PEER, reference)).toEqual(marked);

      const one = await suite.store.update(withFinalizers(marked, FINALIZERS.slice(1)));
      expect(one.metadata.deletionTimestamp).toBe(marked.metadata.deletionTimestamp);
      expect(await suite.store.get(PEER, reference)).toEqual(one);

      await suite.store.update(withFinalizers(one, []));
      expect(await suite.store.get(PEER, reference)).toBeUndefined();
      await watch.untilCount(3);
      expect(watch.summary).toEqual(["MODIFIED green-mesh", "MODIFIED green-mesh", "DELETED green-mesh"]);
      await watch.stop();
    });

    it("leave a second deletion without effect", async () => {
      const namespace = await suite.namespace();
      const reference = { namespace, name: "green-mesh" };
      await suite.store.create(withFinalizers(peerWith({ namespace }), FINALIZERS));
      const marked = await suite.store.delete(PEER, reference);
      await suite.store.delete(PEER, reference);
      expect(await suite.store.get(PEER, reference)).toEqual(marked);
    });

    it("cannot be added once the object is being deleted, nor can the deletion be undone", async () => {
      const namespace = await suite.namespace();
      await suite.store.create(withFinalizers(peerWith({ namespace }), FINALIZERS));
      const marked = await suite.store.delete(PEER, { namespace, name: "green-mesh" });
      const added = withFinalizers(marked, [...FINALIZERS, "federation.example/third"]);
      expect(await codeOf(suite.store.update(added))).toBe("INVALID_ARGUMENT");
      const { deletionTimestamp: _dropped, ...metadata } = marked.metadata;
      const kept = await suite.store.update({ ...marked, metadata: { ...metadata, labels: { tier: "gold" } } });
      expect(kept.metadata.deletionTimestamp).toBe(marked.metadata.deletionTimestamp);
      expect(await codeOf(suite.store.create(peerWith({ namespace })))).toBe("ALREADY_EXISTS");
    });

    it("of an object that is not being deleted come and go freely", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace }));
      const added = await suite.store.update(withFinalizers(created, FINALIZERS));
      await suite.store.update(withFinalizers(added, []));
      expect(await suite.store.get(PEER, { namespace, name: "green-mesh" })).toMatchObject({
        metadata: { generation: 1 },
      });
      const marked = withFinalizers(created, []);
      const claimed = { ...marked, metadata: { ...marked.metadata, deletionTimestamp: "2026-11-22T19:00:00Z" } };
      expect(
        await codeOf(suite.store.update({ ...claimed, metadata: { ...claimed.metadata, resourceVersion: "" } })),
      ).toBe("INVALID_ARGUMENT");
    });
  });
}

import { describe, expect, it } from "vitest";
import { WatchRecorder } from "../watch-recorder.js";
import { codeOf, PEER, peerWith, type StoreSuite, statusOf } from "./store-suite.js";

export function describeStatus(suite: StoreSuite): void {
  describe("status as a subresource", () => {
    it("is written alone: no generation, no spec, no metadata", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace, labels: { tier: "gold" } }, 8188));
      const written = await suite.store.update(
        { ...peerWith({ namespace, labels: { tier: "silver" } }, 9999), ...statusOf("istiod-1") },
        { subresource: "status" },
      );
      expect(written).toMatchObject({
        metadata: { generation: 1, labels: { tier: "gold" }, uid: created.metadata.uid },
        spec: { remote: { discoveryPort: 8188 } },
        ...statusOf("istiod-1"),
      });
      expect(written.metadata.resourceVersion).not.toBe(created.metadata.resourceVersion);
    });

    it("is not written by an update of the rest", async () => {
      const namespace = await suite.namespace();
      await suite.store.create(peerWith({ namespace }));
      const status = { ...peerWith({ namespace }), ...statusOf("istiod-1") };
      await suite.store.update(status, { subresource: "status" });
      const updated = await suite.store.update({ ...peerWith({ namespace }, 8189), ...statusOf("istiod-2") });
      expect(updated).toMatchObject({ spec: { remote: { discoveryPort: 8189 } }, ...statusOf("istiod-1") });
      const without = await suite.store.update(peerWith({ namespace }, 8190));
      expect(without).toMatchObject(statusOf("istiod-1"));
    });

    it("obeys the version", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace }));
      await suite.store.update({ ...created, ...statusOf("istiod-1") }, { subresource: "status" });
      const stale = suite.store.update({ ...created, ...statusOf("istiod-2") }, { subresource: "status" });
      expect(await codeOf(stale)).toBe("ABORTED");
    });

    it("keeps the version and tells nobody when it is the same again", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace }));
      const first = await suite.store.update({ ...created, ...statusOf("istiod-1") }, { subresource: "status" });
      const resourceVersion = first.metadata.resourceVersion ?? "";
      const watch = new WatchRecorder(suite.store, { type: PEER, namespace, resourceVersion });
      expect(await suite.store.update({ ...first, ...statusOf("istiod-1") }, { subresource: "status" })).toEqual(first);
      await suite.store.update({ ...first, ...statusOf("istiod-2") }, { subresource: "status" });
      await watch.untilCount(1);
      expect(watch.events).toMatchObject([{ type: "MODIFIED", object: statusOf("istiod-2") }]);
      await watch.stop();
    });

    it("refuses an object that is not there", async () => {
      const namespace = await suite.namespace();
      const absent = { ...peerWith({ namespace }), ...statusOf("istiod-1") };
      expect(await codeOf(suite.store.update(absent, { subresource: "status" }))).toBe("NOT_FOUND");
    });

    it("tries with dryRun and writes nothing", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace }));
      const options = { subresource: "status", dryRun: true } as const;
      expect(await suite.store.update({ ...created, ...statusOf("istiod-1") }, options)).toMatchObject(
        statusOf("istiod-1"),
      );
      expect(await suite.store.get(PEER, { namespace, name: "green-mesh" })).toEqual(created);
    });
  });
}

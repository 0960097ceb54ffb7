import type { KubernetesObject } from "@meshfed/core";
import { describe, expect, it } from "vitest";
import { WatchRecorder } from "../watch-recorder.js";
import { CONFIG_MAP, codeOf, configMapWith, PEER, peerWith, type StoreSuite } from "./store-suite.js";

export function describeUpdates(suite: StoreSuite): void {
  const version = (object: KubernetesObject) => object.metadata.resourceVersion;
  const port = (object: KubernetesObject, discoveryPort: number): KubernetesObject => ({
    ...peerWith({}, discoveryPort),
    metadata: object.metadata,
  });

  describe("update", () => {
    it("replaces the object under a new version", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(
        configMapWith({ namespace, labels: { tier: "gold" } }, { a: "1", b: "2" }),
      );
      const updated = await suite.store.update({
        ...configMapWith({}, { a: "3" }),
        metadata: { name: "root-cert", namespace, resourceVersion: version(created) },
      });
      expect(updated).toMatchObject({ data: { a: "3" } });
      expect(updated).not.toHaveProperty("data.b");
      expect(updated.metadata.labels, "what is left out is gone").toBeUndefined();
      expect(updated.metadata.uid).toBe(created.metadata.uid);
      expect(updated.metadata.creationTimestamp).toBe(created.metadata.creationTimestamp);
      expect(Number(version(updated))).toBeGreaterThan(Number(version(created)));
      expect(await suite.store.get(CONFIG_MAP, { namespace, name: "root-cert" })).toEqual(updated);
    });

    it("counts a generation for a change of the spec, none for a change of metadata", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace }, 8188));
      const changed = await suite.store.update(port(created, 8189));
      expect(changed.metadata.generation).toBe(2);
      const labelled = await suite.store.update({
        ...changed,
        metadata: { ...changed.metadata, labels: { tier: "gold" } },
      });
      expect(labelled.metadata.generation).toBe(2);
      const claimed = await suite.store.update({ ...labelled, metadata: { ...labelled.metadata, generation: 9 } });
      expect(claimed.metadata.generation, "a client cannot set it").toBe(2);
    });

    it("refuses a version that is no longer the current one", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace }));
      await suite.store.update(port(created, 8189));
      expect(await codeOf(suite.store.update(port(created, 8190)))).toBe("ABORTED");
      expect(await suite.store.get(PEER, { namespace, name: "green-mesh" })).toMatchObject({
        spec: { remote: { discoveryPort: 8189 } },
      });
    });

    it("lets exactly one of several updates from one version through", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace }));
      const ports = [8189, 8190, 8191, 8192];
      const outcomes = await Promise.allSettled(ports.map((number) => suite.store.update(port(created, number))));
      const done = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
      const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
      expect(done).toHaveLength(1);
      expect(refused).toEqual(["ABORTED", "ABORTED", "ABORTED"]);
      expect(await suite.store.get(PEER, { namespace, name: "green-mesh" })).toEqual(done[0]);
    });

    it("overwrites whatever is there when no version is given", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace }, 8188));
      await suite.store.update(port(created, 8189));
      const updated = await suite.store.update(peerWith({ namespace }, 8190));
      expect(updated).toMatchObject({ metadata: { generation: 3 }, spec: { remote: { discoveryPort: 8190 } } });
    });

    it("keeps the version and tells nobody when nothing changes", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace, labels: { tier: "gold" } }));
      const watch = new WatchRecorder(suite.store, { type: PEER, namespace, resourceVersion: version(created) ?? "" });
      const reordered = JSON.parse(JSON.stringify({ spec: peerWith({}).spec, ...created }));
      expect(await suite.store.update(reordered)).toEqual(created);
      await suite.store.create(peerWith({ namespace, name: "next" }));
      await watch.untilCount(1);
      expect(watch.summary).toEqual(["ADDED next"]);
      await watch.stop();
    });

    it("refuses an object that is not there", async () => {
      const namespace = await suite.namespace();
      expect(await codeOf(suite.store.update(peerWith({ namespace })))).toBe("NOT_FOUND");
    });

    it("refuses to write over another object of the same name", async () => {
      const namespace = await suite.namespace();
      await suite.store.create(peerWith({ namespace }));
      const other = peerWith({ namespace, uid: "11111111-2222-4333-8444-555555555555" }, 8189);
      expect(await codeOf(suite.store.update(other))).toBe("ABORTED");
    });

    it("refuses another creation time", async () => {
      const namespace = await suite.namespace();
      await suite.store.create(peerWith({ namespace }));
      const changed = peerWith({ namespace, creationTimestamp: "2001-01-01T00:00:00Z" });
      expect(await codeOf(suite.store.update(changed))).toBe("INVALID_ARGUMENT");
    });

    it("tries with dryRun and writes nothing", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace }));
      const tried = await suite.store.update(port(created, 8189), { dryRun: true });
      expect(tried).toMatchObject({ metadata: { generation: 2 }, spec: { remote: { discoveryPort: 8189 } } });
      expect(version(tried)).toBe(version(created));
      expect(await suite.store.get(PEER, { namespace, name: "green-mesh" })).toEqual(created);
    });
  });
}

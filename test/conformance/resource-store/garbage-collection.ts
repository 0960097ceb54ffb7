import type { KubernetesObject, OwnerReference } from "@meshfed/core";
import type { StoreEvent } from "@meshfed/server";
import { describe, expect, it } from "vitest";
import { WatchRecorder } from "../watch-recorder.js";
import {
  CONFIG_MAP,
  codeOf,
  configMapWith,
  NAMESPACE,
  namespaceWith,
  PEER,
  peerWith,
  type StoreSuite,
} from "./store-suite.js";

function ownerOf({ apiVersion, kind, metadata }: KubernetesObject): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? "" };
}

export function describeGarbageCollection(suite: StoreSuite): void {
  /** Watches from before what follows, so that waiting for a deletion cannot miss it. */
  const watchConfigMaps = async (namespace: string) => {
    const { resourceVersion } = await suite.store.list({ type: CONFIG_MAP, namespace });
    return new WatchRecorder(suite.store, { type: CONFIG_MAP, namespace, resourceVersion });
  };
  const deleted = (name: string) => (events: readonly StoreEvent[]) =>
    events.some((event) => event.type === "DELETED" && event.object.metadata.name === name);

  describe("owners", () => {
    it("take along what only they own, and what that owns", async () => {
      const namespace = await suite.namespace();
      const owner = await suite.store.create(peerWith({ namespace }));
      const child = await suite.store.create(
        configMapWith({ namespace, name: "child", ownerReferences: [ownerOf(owner)] }),
      );
      await suite.store.create(configMapWith({ namespace, name: "grandchild", ownerReferences: [ownerOf(child)] }));
      await suite.store.create(configMapWith({ namespace, name: "bystander" }));
      const watch = await watchConfigMaps(namespace);
      await suite.store.delete(PEER, { namespace, name: "green-mesh" });
      await Promise.all([watch.until(deleted("child")), watch.until(deleted("grandchild"))]);
      expect(await suite.store.get(CONFIG_MAP, { namespace, name: "bystander" })).toBeDefined();
      await watch.stop();
    });

    it("share an object: it goes with the last of them", async () => {
      const namespace = await suite.namespace();
      const first = await suite.store.create(peerWith({ namespace, name: "first" }));
      const second = await suite.store.create(peerWith({ namespace, name: "second" }));
      const ownerReferences = [ownerOf(first), ownerOf(second)];
      await suite.store.create(configMapWith({ namespace, name: "shared", ownerReferences }));
      await suite.store.create(
        configMapWith({ namespace, name: "alone", ownerReferences: ownerReferences.slice(0, 1) }),
      );
      const watch = await watchConfigMaps(namespace);
      await suite.store.delete(PEER, { namespace, name: "first" });
      await watch.until(deleted("alone"));
      expect(await suite.store.get(CONFIG_MAP, { namespace, name: "shared" })).toBeDefined();
      await suite.store.delete(PEER, { namespace, name: "second" });
      await watch.until(deleted("shared"));
      await watch.stop();
    });

    it("that are taken off the object do not take it along, those that were put on do", async () => {
      const namespace = await suite.namespace();
      const [former, later] = [
        await suite.store.create(peerWith({ namespace, name: "former" })),
        await suite.store.create(peerWith({ namespace, name: "later" })),
      ];
      await suite.store.create(configMapWith({ namespace, name: "child", ownerReferences: [ownerOf(former)] }));
      await suite.store.create(configMapWith({ namespace, name: "witness", ownerReferences: [ownerOf(former)] }));
      await suite.store.update(configMapWith({ namespace, name: "child", ownerReferences: [ownerOf(later)] }));
      const watch = await watchConfigMaps(namespace);
      await suite.store.delete(PEER, { namespace, name: "former" });
      await watch.until(deleted("witness"));
      expect(await suite.store.get(CONFIG_MAP, { namespace, name: "child" })).toBeDefined();
      await suite.store.delete(PEER, { namespace, name: "later" });
      await watch.until(deleted("child"));
      await watch.stop();
    });

    it("leave orphans on demand", async () => {
      const namespace = await suite.namespace();
      const owner = await suite.store.create(peerWith({ namespace }));
      await suite.store.create(configMapWith({ namespace, name: "child", ownerReferences: [ownerOf(owner)] }));
      const watch = await watchConfigMaps(namespace);
      await suite.store.delete(PEER, { namespace, name: "green-mesh" }, { propagationPolicy: "Orphan" });
      await watch.untilCount(1);
      const child = await suite.store.get(CONFIG_MAP, { namespace, name: "child" });
      expect(child?.metadata.ownerReferences ?? []).toEqual([]);
      await watch.stop();
    });

    it("that are gone before the object comes do not get it", async () => {
      const namespace = await suite.namespace();
      const owner = await suite.store.create(peerWith({ namespace }));
      await suite.store.delete(PEER, { namespace, name: "green-mesh" });
      const watch = await watchConfigMaps(namespace);
      const garbage = configMapWith({ namespace, name: "garbage", ownerReferences: [ownerOf(owner)] });
      const outcome = await suite.store.create(garbage).then(
        () => "created, then collected",
        (error) => error.code,
      );
      if (outcome === "created, then collected") await watch.until(deleted("garbage"));
      expect(["created, then collected", "FAILED_PRECONDITION"]).toContain(outcome);
      expect(await suite.store.get(CONFIG_MAP, { namespace, name: "garbage" })).toBeUndefined();
      await watch.stop();
    });
  });

  describe("a namespace", () => {
    const watchNamespace = async (name: string) => {
      const { resourceVersion } = await suite.store.list({ type: NAMESPACE });
      const matches = (object: KubernetesObject) => object.metadata.name === name;
      return new WatchRecorder(suite.store, { type: NAMESPACE, matches, resourceVersion });
    };

    it("takes its contents along, and nothing else", async () => {
      const [namespace, other] = [await suite.namespace(), await suite.namespace()];
      for (const name of [namespace, other]) {
        await suite.store.create(peerWith({ namespace: name }));
        await suite.store.create(configMapWith({ namespace: name }));
      }
      const watch = await watchNamespace(namespace);
      await suite.store.delete(NAMESPACE, { name: namespace });
      await watch.until(deleted(namespace));
      expect(await suite.store.get(NAMESPACE, { name: namespace })).toBeUndefined();
      expect(await suite.store.get(PEER, { namespace, name: "green-mesh" })).toBeUndefined();
      expect(await suite.store.get(CONFIG_MAP, { namespace, name: "root-cert" })).toBeUndefined();
      expect(await suite.store.get(PEER, { namespace: other, name: "green-mesh" })).toBeDefined();
      expect(await suite.store.get(CONFIG_MAP, { namespace: other, name: "root-cert" })).toBeDefined();
      await watch.stop();
    });

    it("is Terminating and closed as long as something in it stays", async () => {
      const namespace = await suite.namespace();
      const finalizers = ["federation.example/hold"];
      await suite.store.create(peerWith({ namespace, finalizers }));
      const watch = await watchNamespace(namespace);
      const peers = new WatchRecorder(suite.store, { type: PEER, namespace });
      await suite.store.delete(NAMESPACE, { name: namespace });
      expect(await suite.store.get(NAMESPACE, { name: namespace })).toMatchObject({ status: { phase: "Terminating" } });
      expect(await codeOf(suite.store.create(configMapWith({ namespace })))).toBe("FAILED_PRECONDITION");
      await peers.until((events) =>
        events.some((event) => event.type === "MODIFIED" && event.object.metadata.deletionTimestamp !== undefined),
      );
      await suite.store.update(peerWith({ namespace, finalizers: [] }));
      await watch.until(deleted(namespace));
      expect(await suite.store.get(NAMESPACE, { name: namespace })).toBeUndefined();
      await Promise.all([watch.stop(), peers.stop()]);
    });

    it("of the same name starts empty", async () => {
      const namespace = await suite.namespace();
      await suite.store.create(peerWith({ namespace }));
      const watch = await watchNamespace(namespace);
      await suite.store.delete(NAMESPACE, { name: namespace });
      await watch.until(deleted(namespace));
      await suite.store.create(namespaceWith({ name: namespace }));
      expect((await suite.store.list({ type: PEER, namespace })).items).toEqual([]);
      await watch.stop();
    });
  });
}

import type { KubernetesObject } from "@meshfed/core";
import type { ListOptions } from "@meshfed/server";
import { describe, expect, it } from "vitest";
import { codeOf, configMapWith, PEER, peerWith, type StoreSuite } from "./store-suite.js";

export function describeLists(suite: StoreSuite): void {
  const namesOf = (items: readonly KubernetesObject[]) => items.map(({ metadata }) => metadata.name);
  const isGold = (object: KubernetesObject) => object.metadata.labels?.tier === "gold";
  /** Creates peers "a" to the given letter; every second one is gold. */
  const createPeers = async (namespace: string, names: string) => {
    const peers = [...names].map((name, index) =>
      peerWith({ namespace, name, labels: { tier: index % 2 === 0 ? "gold" : "silver" } }),
    );
    await Promise.all(peers.reverse().map((peer) => suite.store.create(peer)));
  };
  const listAll = async (options: ListOptions) => {
    const pages = [await suite.store.list(options)];
    for (let next = pages[0]?.continue; next !== undefined; next = pages.at(-1)?.continue) {
      pages.push(await suite.store.list({ ...options, continue: next }));
    }
    return pages;
  };

  describe("list", () => {
    it("shows one namespace in the order of names", async () => {
      const [namespace, other] = [await suite.namespace(), await suite.namespace()];
      await createPeers(namespace, "bdac");
      await createPeers(other, "xy");
      await suite.store.create(configMapWith({ namespace }));
      const { items, resourceVersion } = await suite.store.list({ type: PEER, namespace });
      expect(namesOf(items)).toEqual(["a", "b", "c", "d"]);
      for (const { metadata } of items) {
        expect(Number(metadata.resourceVersion)).toBeLessThanOrEqual(Number(resourceVersion));
      }
    });

    it("shows all namespaces when none is given", async () => {
      const [namespace, other] = [await suite.namespace(), await suite.namespace()];
      await createPeers(namespace, "ab");
      await createPeers(other, "c");
      const { items } = await suite.store.list({ type: PEER });
      const ours = items.filter(({ metadata }) => [namespace, other].includes(metadata.namespace ?? ""));
      expect(namesOf(ours).sort()).toEqual(["a", "b", "c"]);
    });

    it("is empty in a namespace that does not exist", async () => {
      const { items, resourceVersion } = await suite.store.list({ type: PEER, namespace: "no-such-namespace" });
      expect(items).toEqual([]);
      expect(resourceVersion).toMatch(/^[1-9][0-9]*$/);
    });

    it("shows what matches", async () => {
      const namespace = await suite.namespace();
      await createPeers(namespace, "abcde");
      const { items } = await suite.store.list({ type: PEER, namespace, matches: isGold });
      expect(namesOf(items)).toEqual(["a", "c", "e"]);
    });

    it("comes in pages", async () => {
      const namespace = await suite.namespace();
      await createPeers(namespace, "abcdefg");
      const pages = await listAll({ type: PEER, namespace, limit: 3 });
      expect(pages.map(({ items }) => namesOf(items).join(""))).toEqual(["abc", "def", "g"]);
      expect(pages.map(({ remainingItemCount }) => remainingItemCount)).toEqual([4, 1, undefined]);
      expect(new Set(pages.map(({ resourceVersion }) => resourceVersion)).size).toBe(1);
      expect(await listAll({ type: PEER, namespace, limit: 7 })).toHaveLength(1);
    });

    it("comes in pages of what matches, none of them empty", async () => {
      const namespace = await suite.namespace();
      await createPeers(namespace, "abcdefg");
      const pages = await listAll({ type: PEER, namespace, limit: 2, matches: isGold });
      expect(pages.map(({ items }) => namesOf(items).join(""))).toEqual(["ac", "eg"]);
    });

    it("shows one version on all its pages, whatever happens in between", async () => {
      const namespace = await suite.namespace();
      await createPeers(namespace, "bdfh");
      const whole = await suite.store.list({ type: PEER, namespace });
      const first = await suite.store.list({ type: PEER, namespace, limit: 1 });
      await suite.store.delete(PEER, { namespace, name: "d" });
      await suite.store.update(peerWith({ namespace, name: "f" }, 9000));
      await suite.store.update(peerWith({ namespace, name: "f" }, 9001));
      await createPeers(namespace, "ceg");
      await suite.store.delete(PEER, { namespace, name: "h" });
      await suite.store.create(peerWith({ namespace, name: "h" }, 9002));
      const pages = [first];
      for (let next = first.continue; next !== undefined; next = pages.at(-1)?.continue) {
        pages.push(await suite.store.list({ type: PEER, namespace, limit: 1, continue: next }));
      }
      expect(pages.flatMap(({ items }) => items)).toEqual(whole.items);
      expect(pages.map(({ resourceVersion }) => resourceVersion)).toEqual(pages.map(() => first.resourceVersion));
    });

    it("refuses a continue token that is not its own", async () => {
      const namespace = await suite.namespace();
      await createPeers(namespace, "ab");
      const forged = suite.store.list({ type: PEER, namespace, limit: 1, continue: "not a token" });
      expect(await codeOf(forged)).toBe("INVALID_ARGUMENT");
    });
  });
}

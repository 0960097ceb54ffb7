import { describe, expect, it } from "vitest";
import {
  CONFIG_MAP,
  codeOf,
  configMapWith,
  errorOf,
  NAMESPACE,
  PEER,
  peerWith,
  type StoreSuite,
  statusOf,
} from "./store-suite.js";

export function describeCreation(suite: StoreSuite): void {
  describe("create and get", () => {
    it("gives a new object its uid, version, generation and creation time", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create(peerWith({ namespace, labels: { tier: "gold" } }, 8189));
      expect(created).toMatchObject({
        apiVersion: "federation.maistra.io/v1",
        kind: "ServiceMeshPeer",
        metadata: {
          name: "green-mesh",
          namespace,
          labels: { tier: "gold" },
          generation: 1,
          uid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
          resourceVersion: expect.stringMatching(/^[1-9][0-9]*$/),
          creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        },
        spec: { remote: { discoveryPort: 8189 } },
      });
      expect(await suite.store.get(PEER, { namespace, name: "green-mesh" })).toEqual(created);
    });

    it("tells an object that is absent from one that is there", async () => {
      const namespace = await suite.namespace();
      expect(await suite.store.get(PEER, { namespace, name: "nobody" })).toBeUndefined();
      expect(await suite.store.get(PEER, { namespace: "no-such-namespace", name: "nobody" })).toBeUndefined();
      expect(await suite.store.get(NAMESPACE, { name: namespace })).toMatchObject({
        metadata: { name: namespace },
        status: { phase: "Active" },
      });
    });

    it("does not let the client decide what the store decides", async () => {
      const namespace = await suite.namespace();
      const metadata = { uid: "chosen", generation: 7, creationTimestamp: "2001-01-01T00:00:00Z" };
      const created = await suite.store.create(peerWith({ namespace, ...metadata }));
      expect(created.metadata.generation).toBe(1);
      expect(created.metadata.uid).not.toBe("chosen");
      expect(created.metadata.creationTimestamp).not.toBe("2001-01-01T00:00:00Z");
    });

    it("leaves status out of a new object whose status is a subresource", async () => {
      const namespace = await suite.namespace();
      const created = await suite.store.create({ ...peerWith({ namespace }), ...statusOf("istiod-1") });
      expect(created).not.toHaveProperty("status");
    });

    it("makes up a name from generateName", async () => {
      const namespace = await suite.namespace();
      const create = () => suite.store.create(configMapWith({ namespace, name: "", generateName: "root-" }));
      const names = (await Promise.all([create(), create(), create()])).map(({ metadata }) => metadata.name);
      for (const name of names) expect(name).toMatch(/^root-[a-z0-9]{5}$/);
      expect(new Set(names).size).toBe(3);
    });

    it("gives each write a version of its own that is higher than those before", async () => {
      const namespace = await suite.namespace();
      const first = await suite.store.create(peerWith({ namespace, name: "first" }));
      const second = await suite.store.create(configMapWith({ namespace, name: "second" }));
      const third = await suite.store.update({ ...first, ...peerWith({ namespace, name: "first" }, 9000) });
      const versions = [first, second, third].map(({ metadata }) => Number(metadata.resourceVersion));
      expect(versions).toEqual([...new Set(versions)].sort((left, right) => left - right));
    });

    it("is not touched by what happens to objects that went in or came out", async () => {
      const namespace = await suite.namespace();
      const labels = { tier: "gold" };
      const creating = suite.store.create(configMapWith({ namespace, labels }));
      labels.tier = "changed after the call";
      const created = await creating;
      try {
        Object.assign(created.metadata.labels ?? {}, { tier: "changed in the answer" });
      } catch (error) {
        // A store may also freeze what it returns.
        expect(error).toBeInstanceOf(TypeError);
      }
      const found = await suite.store.get(CONFIG_MAP, { namespace, name: "root-cert" });
      expect(found?.metadata.labels).toEqual({ tier: "gold" });
    });

    it("refuses a name that is taken, also when both are created at once", async () => {
      const namespace = await suite.namespace();
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => suite.store.create(peerWith({ namespace }))));
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect(await codeOf(suite.store.create(peerWith({ namespace })))).toBe("ALREADY_EXISTS");
      const created = await suite.store.create(configMapWith({ namespace, name: "green-mesh" }));
      expect(created.kind, "another kind may use the name").toBe("ConfigMap");
    });

    it("refuses a namespace that does not exist, and names it", async () => {
      const error = await errorOf(suite.store.create(peerWith({ namespace: "no-such-namespace" })));
      expect(error.code).toBe("NOT_FOUND");
      expect(error.message).toContain("no-such-namespace");
    });

    it.each([
      ["no name", { name: "" }],
      ["a version", { resourceVersion: "1" }],
    ])("refuses a new object with %s", async (_what, metadata) => {
      const namespace = await suite.namespace();
      expect(await codeOf(suite.store.create(peerWith({ namespace, ...metadata })))).toBe("INVALID_ARGUMENT");
    });

    it("tries with dryRun and writes nothing", async () => {
      const namespace = await suite.namespace();
      const tried = await suite.store.create(peerWith({ namespace }), { dryRun: true });
      expect(tried).toMatchObject({ metadata: { name: "green-mesh", namespace, generation: 1 } });
      expect(await suite.store.get(PEER, { namespace, name: "green-mesh" })).toBeUndefined();
      await suite.store.create(peerWith({ namespace }));
      expect(await codeOf(suite.store.create(peerWith({ namespace }), { dryRun: true }))).toBe("ALREADY_EXISTS");
    });
  });
}

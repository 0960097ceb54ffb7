import { expect, it } from "vitest";
import type { ResourceStore } from "../../src/store/resource-store.js";
import { startApi } from "./api-rig.js";
import { configMap, namespace } from "./objects.js";
import { openWatch } from "./watch-stream.js";

const MAPS = "/api/v1/namespaces/default/configmaps";

it("ends watches at once when it stops, and frees its port", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("a"));
  const watches = await Promise.all([
    openWatch(rig, `${MAPS}?watch=true`),
    openWatch(rig, "/api/v1/namespaces?watch=true"),
  ]);
  for (const watch of watches) await watch.take(1);
  const started = performance.now();
  const closing = rig.server.close();
  for (const watch of watches) expect(await watch.next(), "an orderly end").toBeUndefined();
  await closing;
  expect(performance.now() - started, "far below the time for requests in flight").toBeLessThan(3_000);
  await expect(rig.request(MAPS)).rejects.toThrow();
  await rig.server.close();
});

it("lets a request that is being answered finish", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  let release: () => void = () => undefined;
  let entered: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const inside = new Promise<void>((resolve) => {
    entered = resolve;
  });
  /** The real store, with a write that takes as long as the test wants. */
  const slow: ResourceStore = {
    get: (...args) => rig.store.get(...args),
    list: (...args) => rig.store.list(...args),
    update: (...args) => rig.store.update(...args),
    delete: (...args) => rig.store.delete(...args),
    watch: (...args) => rig.store.watch(...args),
    close: async () => undefined,
    async create(...args) {
      entered();
      await gate;
      return rig.store.create(...args);
    },
  };
  const slowRig = await startApi({ store: slow });
  const answering = slowRig.request(MAPS, { method: "POST", body: configMap("a") });
  await inside;
  const closing = slowRig.server.close();
  release();
  expect((await answering).code).toBe(201);
  await closing;
});

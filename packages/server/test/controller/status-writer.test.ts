import {
  FederationError,
  type KubernetesObject,
  objectReference,
  parseObject,
  serviceMeshPeerType,
} from "@meshfed/core";
import { createLogger, type ResourceStore } from "@meshfed/server";
import { beforeEach, expect, it, vi } from "vitest";
import { createStatusWriter } from "../../src/controller/status-writer.js";
import { namespace, StoreRig } from "../store/store-rig.js";

let rig: StoreRig;
let store: ResourceStore;
let peer: KubernetesObject;
beforeEach(async () => {
  rig = new StoreRig();
  store = rig.open();
  await store.create(namespace("red-mesh-system"));
  const metadata = { name: "green-mesh", namespace: "red-mesh-system" };
  const parsed = parseObject({ apiVersion: "federation.maistra.io/v1", kind: "ServiceMeshPeer", metadata });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  peer = await store.create(parsed.value);
});

function writer(desiredStatus: () => object | undefined, target: ResourceStore = store) {
  return createStatusWriter({
    store: target,
    clock: rig.clock,
    logger: createLogger({ level: "silent" }),
    typeOf: () => serviceMeshPeerType,
    desiredStatus,
  });
}

async function stored(): Promise<unknown> {
  const object = await store.get(serviceMeshPeerType, objectReference(peer));
  return object !== undefined && "status" in object ? object.status : undefined;
}

it("writes the newest status once, however often the object was queued", async () => {
  let count = 0;
  const statuses = writer(() => ({ count }));
  const before = Number((await store.list({ type: serviceMeshPeerType })).resourceVersion);
  for (; count < 100; count++) statuses.enqueue([objectReference(peer)]);
  rig.clock.advance(1000);
  await statuses.flush();
  expect(await stored()).toEqual({ count: 100 });
  expect(Number((await store.list({ type: serviceMeshPeerType })).resourceVersion)).toBe(before + 1);
});

it("leaves objects alone that are gone, or whose status is not the plan's", async () => {
  const statuses = writer(() => undefined);
  statuses.enqueue([objectReference(peer), { kind: "ServiceMeshPeer", namespace: "red-mesh-system", name: "gone" }]);
  const before = (await store.list({ type: serviceMeshPeerType })).resourceVersion;
  await statuses.flush();
  expect((await store.list({ type: serviceMeshPeerType })).resourceVersion).toBe(before);
});

it("tries again after a failure, with what is wanted then", async () => {
  let failures = 2;
  let wanted = "first";
  const flaky: ResourceStore = {
    ...bind(store),
    update: async (object, options) => {
      if (failures-- > 0) throw new FederationError("UNAVAILABLE", "the disk is away");
      return store.update(object, options);
    },
  };
  const statuses = writer(() => ({ wanted }), flaky);
  statuses.enqueue([objectReference(peer)]);
  rig.clock.advance(50);
  await vi.waitFor(() => expect(failures).toBe(1));
  wanted = "second";
  await vi.waitFor(async () => {
    rig.clock.advance(1000);
    expect(await stored()).toEqual({ wanted: "second" });
  });
});

it("writes what is queued before it closes", async () => {
  const statuses = writer(() => ({ last: true }));
  statuses.enqueue([objectReference(peer)]);
  await statuses.close();
  expect(await stored()).toEqual({ last: true });
});

/** The store's methods as an object of their own. */
function bind(target: ResourceStore): ResourceStore {
  return {
    get: (...args) => target.get(...args),
    list: (...args) => target.list(...args),
    create: (...args) => target.create(...args),
    update: (...args) => target.update(...args),
    delete: (...args) => target.delete(...args),
    watch: (...args) => target.watch(...args),
    close: () => target.close(),
  };
}

import { isKind, parseObject, type ServiceMeshControlPlane, serviceMeshControlPlaneType } from "@meshfed/core";
import type { ResourceStore } from "@meshfed/server";
import { beforeEach, expect, it } from "vitest";
import { parseAddressPool } from "../../src/dataplane/embedded/address-pool.js";
import {
  ensureVirtualAddressPool,
  VIRTUAL_ADDRESS_POOL_ANNOTATION,
} from "../../src/dataplane/embedded/virtual-address-pools.js";
import { namespace, StoreRig } from "../store/store-rig.js";

let store: ResourceStore;
beforeEach(() => {
  store = new StoreRig().open();
});

async function controlPlane(name: string, annotations = {}): Promise<ServiceMeshControlPlane> {
  await store.create(namespace(`${name}-system`));
  const metadata = { name, namespace: `${name}-system`, annotations };
  const object = parseObject({ apiVersion: "maistra.io/v2", kind: "ServiceMeshControlPlane", metadata });
  if (!object.ok) throw new Error(JSON.stringify(object.violations));
  const created = await store.create(object.value);
  if (!isKind(created, "ServiceMeshControlPlane")) throw new Error("a ServiceMeshControlPlane");
  return created;
}

function ensure(mesh: ServiceMeshControlPlane, cidr = "127.96.0.0/15"): Promise<string> {
  const pool = parseAddressPool(cidr);
  if (!pool.ok) throw new Error(`${cidr} is a pool`);
  return ensureVirtualAddressPool(store, pool.value, mesh);
}

it("gives each mesh a range of its own, written to its control plane", async () => {
  const [red, green] = [await controlPlane("red"), await controlPlane("green")];
  expect([await ensure(red), await ensure(green)]).toEqual(["127.96.0.0/16", "127.97.0.0/16"]);
  const stored = await store.get(serviceMeshControlPlaneType, { namespace: "red-system", name: "red" });
  expect(stored?.metadata.annotations).toEqual({ [VIRTUAL_ADDRESS_POOL_ANNOTATION]: "127.96.0.0/16" });
  expect(await ensure(red)).toBe("127.96.0.0/16");
});

it("keeps the range that the administrator set", async () => {
  const red = await controlPlane("red", { [VIRTUAL_ADDRESS_POOL_ANNOTATION]: "127.200.0.0/20" });
  expect(await ensure(red)).toBe("127.200.0.0/20");
});

it("says what to do when the pool is used up", async () => {
  await ensure(await controlPlane("red"), "127.96.0.0/16");
  const green = await controlPlane("green");
  await expect(ensure(green, "127.96.0.0/16")).rejects.toThrow(/--virtual-address-pool a larger range/);
});

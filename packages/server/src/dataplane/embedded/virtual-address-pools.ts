/**
 * Each mesh of a server has virtual addresses of its own, since two meshes may import services under one name. A mesh's
 * range is written to its control plane as an annotation, where it is seen, survives a restart, and can be set by hand.
 */
import {
  FederationError,
  type KubernetesObject,
  objectReference,
  type ServiceMeshControlPlane,
  serviceMeshControlPlaneType,
} from "@meshfed/core";
import type { ResourceStore } from "../../store/resource-store.js";
import { type AddressPool, formatIpv4 } from "./address-pool.js";

export const VIRTUAL_ADDRESS_POOL_ANNOTATION = "meshfed.io/virtual-address-pool";

/** Virtual addresses of one mesh: a /16, as large as Istio's own 240.240.0.0/16. */
const ADDRESSES_PER_MESH = 2 ** 16;
const PREFIX_PER_MESH = 16;
const MAX_CONFLICTS = 5;

/**
 * The mesh's range in CIDR notation; assigned and written on first use.
 * @throws FederationError FAILED_PRECONDITION when the pool has no range left
 */
export async function ensureVirtualAddressPool(
  store: ResourceStore,
  pool: AddressPool,
  controlPlane: ServiceMeshControlPlane,
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const current = await store.get(serviceMeshControlPlaneType, objectReference(controlPlane));
    const assigned = current?.metadata.annotations?.[VIRTUAL_ADDRESS_POOL_ANNOTATION];
    if (assigned !== undefined) return assigned;
    const range = await findFreeRange(store, pool);
    if (current === undefined) return range;
    try {
      await store.update(withAnnotation(current, range));
      return range;
    } catch (error) {
      if (!(FederationError.is(error) && error.code === "ABORTED") || attempt === MAX_CONFLICTS) throw error;
    }
  }
}

async function findFreeRange(store: ResourceStore, pool: AddressPool): Promise<string> {
  const { items } = await store.list({ type: serviceMeshControlPlaneType });
  const taken = new Set(items.map((item) => item.metadata.annotations?.[VIRTUAL_ADDRESS_POOL_ANNOTATION]));
  for (let first = pool.network; first + ADDRESSES_PER_MESH - 1 <= pool.last; first += ADDRESSES_PER_MESH) {
    const range = `${formatIpv4(first)}/${PREFIX_PER_MESH}`;
    if (!taken.has(range)) return range;
  }
  throw new FederationError(
    "FAILED_PRECONDITION",
    `the virtual address pool ${pool.cidr} has no /${PREFIX_PER_MESH} left for another mesh: give --virtual-address-pool ` +
      `a larger range, or set annotation ${VIRTUAL_ADDRESS_POOL_ANNOTATION} on the ServiceMeshControlPlane`,
  );
}

function withAnnotation(object: KubernetesObject, range: string): KubernetesObject {
  const annotations = { ...object.metadata.annotations, [VIRTUAL_ADDRESS_POOL_ANNOTATION]: range };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

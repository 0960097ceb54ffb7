/**
 * Carries out which objects a control plane owns (gateway Services, ServiceAccounts): creates, updates, deletes, and tries
 * again what fails. What others wrote into them (status, an allocated address, annotations) stays.
 */
import {
  type Clock,
  FederationError,
  type KubernetesObject,
  type MeshPlanChange,
  type ObjectKey,
  type ObjectReference,
  objectKey,
  objectReference,
  type ResourceType,
} from "@meshfed/core";
import type { Logger } from "pino";
import type { ResourceStore } from "../store/resource-store.js";
import { createRetryQueue } from "./retry-queue.js";

export interface ObjectApplierOptions {
  readonly store: ResourceStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly typeOf: (object: { readonly kind: string }) => ResourceType;
  /** Whether the mesh wants the object now: it may have changed its mind since an action failed. */
  readonly isDesired: (key: ObjectKey) => boolean;
}

export interface ObjectApplier {
  apply(change: MeshPlanChange["objects"]): void;
  /** Settles when what was handed in is carried out; what failed waits for its next try. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

interface Action {
  readonly reference: ObjectReference;
  /** The fields to set; absent: to be deleted. */
  readonly desired?: KubernetesObject;
}

const MAX_CONFLICTS = 5;

export function createObjectApplier(options: ObjectApplierOptions): ObjectApplier {
  const { clock, logger } = options;
  const queue = createRetryQueue<Action>({
    clock,
    keyOf: ({ reference }) => objectKey(reference),
    delayMs: 0,
    async work({ reference, desired }) {
      if (options.isDesired(objectKey(reference)) !== (desired !== undefined)) return;
      if (desired === undefined) await removeObject(options, reference);
      else await applyObject(options, desired);
    },
    onFailure: ({ reference }, error, retryAfterMs) =>
      logger.error({ err: error, object: objectKey(reference), retryAfterMs }, "could not apply an object of the mesh"),
  });
  return {
    apply({ upserted, removed }) {
      for (const reference of removed) queue.add({ reference });
      for (const desired of upserted) queue.add({ reference: objectReference(desired), desired });
    },
    flush: queue.flush,
    close: queue.close,
  };
}

/** Creates or updates `desired`; the fields that it sets win, all others are kept. */
async function applyObject({ store, typeOf }: ObjectApplierOptions, desired: KubernetesObject): Promise<void> {
  const type = typeOf(desired);
  for (let attempt = 1; ; attempt++) {
    const current = await store.get(type, desired.metadata);
    try {
      if (current === undefined) await store.create(desired);
      else await store.update(mergeObject(current, desired));
      return;
    } catch (error) {
      const raced = FederationError.is(error) && (error.code === "ABORTED" || error.code === "ALREADY_EXISTS");
      if (!raced || attempt === MAX_CONFLICTS) throw error;
    }
  }
}

/** Deletes the object; that it is gone already is fine. */
async function removeObject({ store, typeOf }: ObjectApplierOptions, reference: ObjectReference): Promise<void> {
  try {
    await store.delete(typeOf(reference), reference);
  } catch (error) {
    if (!(FederationError.is(error) && error.code === "NOT_FOUND")) throw error;
  }
}

/** `desired` over `current`: maps are merged key by key, lists and scalars are replaced. */
function mergeObject(current: KubernetesObject, desired: KubernetesObject): KubernetesObject {
  return mergeValue(current, desired) as KubernetesObject;
}

function mergeValue(current: unknown, desired: unknown): unknown {
  if (!isMap(current) || !isMap(desired)) return desired;
  const merged: Record<string, unknown> = { ...current };
  for (const [key, value] of Object.entries(desired)) merged[key] = mergeValue(current[key], value);
  return merged;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

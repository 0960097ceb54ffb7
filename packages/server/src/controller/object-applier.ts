/**
 * Carries out which objects a control plane owns (gateway Services, ServiceAccounts): creates, updates, deletes. What
 * others wrote into them (status, an allocated address, annotations) stays.
 */
import {
  FederationError,
  type KubernetesObject,
  type ObjectReference,
  objectKey,
  objectReference,
  type ResourceType,
} from "@meshfed/core";
import type { Logger } from "pino";
import type { ResourceStore } from "../store/resource-store.js";

export interface ObjectApplierOptions {
  readonly store: ResourceStore;
  readonly logger: Logger;
  readonly typeOf: (object: { readonly kind: string }) => ResourceType;
}

const MAX_CONFLICTS = 5;

/** Creates or updates `desired`; the fields that it sets win, all others are kept. */
export async function applyObject(options: ObjectApplierOptions, desired: KubernetesObject): Promise<void> {
  const { store, logger } = options;
  const type = options.typeOf(desired);
  for (let attempt = 1; ; attempt++) {
    const current = await store.get(type, desired.metadata);
    try {
      if (current === undefined) await store.create(desired);
      else await store.update(mergeObject(current, desired));
      logger.debug({ object: objectKey(objectReference(desired)) }, "applied an object of the mesh");
      return;
    } catch (error) {
      const raced = FederationError.is(error) && (error.code === "ABORTED" || error.code === "ALREADY_EXISTS");
      if (!raced || attempt === MAX_CONFLICTS) throw error;
    }
  }
}

/** Deletes the object; that it is gone already is fine. */
export async function removeObject(options: ObjectApplierOptions, reference: ObjectReference): Promise<void> {
  try {
    await options.store.delete(options.typeOf(reference), reference);
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

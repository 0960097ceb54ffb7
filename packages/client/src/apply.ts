import type { KubernetesObject, ObjectMeta } from "@meshfed/core";
import { ApiError } from "./api-error.js";
import { isSameJson } from "./json-equality.js";

/** What an apply did, or in a dry run would do; `unchanged` when the server left the object as it was. */
export type ApplyOutcome = "created" | "configured" | "unchanged";

export interface ApplyResult<T extends KubernetesObject> {
  readonly outcome: ApplyOutcome;
  /** As the server has it now. */
  readonly object: T;
}

/** How one object is read and written. */
export interface ObjectAccess<T extends KubernetesObject> {
  get(): Promise<T | undefined>;
  create(object: T): Promise<T>;
  replace(object: T): Promise<T>;
}

/** Attempts against state that others change at the same time. */
const MAX_ATTEMPTS = 5;

/**
 * Creates the object, or writes it over the one that is there: see `mergeDesired` for what of the latter stays. When others
 * write at the same time, it starts again from what they left.
 *
 * @throws ApiError `Conflict` when that happened five times in a row
 */
export async function applyObject<T extends KubernetesObject>(
  desired: T,
  access: ObjectAccess<T>,
): Promise<ApplyResult<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      const current = await access.get();
      if (current === undefined) return { outcome: "created", object: await access.create(desired) };
      const object = await access.replace(mergeDesired(current, desired));
      return { outcome: isUnchanged(current, object) ? "unchanged" : "configured", object };
    } catch (error) {
      if (!isRace(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** A dry run keeps the version whatever it would change; a write keeps it only when it changes nothing. */
function isUnchanged(before: KubernetesObject, after: KubernetesObject): boolean {
  return before.metadata.resourceVersion === after.metadata.resourceVersion && isSameJson(before, after);
}

/** Somebody wrote, created or deleted the object between our reading and our writing. */
function isRace(error: unknown): boolean {
  return ApiError.is(error) && ["Conflict", "AlreadyExists"].includes(error.reason);
}

/**
 * The object to write:
 *
 * - a field at the top (`spec`, `data`, ...) that `desired` has is taken from it whole, so what was removed from the
 *   manifest is removed; the other fields stay, `status` always;
 * - labels and annotations are added to those that are there;
 * - all other metadata (finalizers, owners, what we do not know) stays unless `desired` names it.
 *
 * The version is the current one's, so that nothing that somebody else writes meanwhile is lost.
 */
export function mergeDesired<T extends KubernetesObject>(current: T, desired: T): T {
  const status = "status" in current ? { status: current.status } : {};
  return { ...current, ...desired, ...status, metadata: mergeMetadata(current.metadata, desired.metadata) };
}

function mergeMetadata(current: ObjectMeta, desired: ObjectMeta): ObjectMeta {
  const { uid, resourceVersion, creationTimestamp, generation } = current;
  return {
    ...current,
    ...desired,
    ...mergeMap("labels", current, desired),
    ...mergeMap("annotations", current, desired),
    ...{ uid, resourceVersion, creationTimestamp, generation },
  };
}

function mergeMap(field: "labels" | "annotations", current: ObjectMeta, desired: ObjectMeta) {
  if (current[field] === undefined && desired[field] === undefined) return {};
  return { [field]: { ...current[field], ...desired[field] } };
}

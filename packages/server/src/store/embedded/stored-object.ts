import type { KubernetesObject, ObjectMeta } from "@meshfed/core";

/** An object with the members that the store treats apart from the rest. */
export interface StoredObject extends KubernetesObject {
  readonly metadata: StoredMeta;
  readonly status?: unknown;
}

export interface StoredMeta extends ObjectMeta {
  readonly deletionGracePeriodSeconds?: number | undefined;
}

/** The object with another resourceVersion, or with none; the original is not touched. */
export function withResourceVersion(object: StoredObject, resourceVersion: string | undefined): StoredObject {
  const { resourceVersion: _replaced, ...metadata } = object.metadata;
  return { ...object, metadata: resourceVersion === undefined ? metadata : { ...metadata, resourceVersion } };
}

export function withStatus(object: StoredObject, status: unknown): StoredObject {
  const { status: _replaced, ...rest } = object;
  return status === undefined ? rest : { ...rest, status };
}

/** What the user wants: everything but metadata and status. A change of it is a new generation. */
export function desiredState(object: StoredObject): object {
  const { metadata: _metadata, status: _status, ...desired } = object;
  return desired;
}

/** Metadata without what only a deletion sets. */
export function withoutDeletion(metadata: StoredMeta): StoredMeta {
  const { deletionTimestamp: _time, deletionGracePeriodSeconds: _grace, ...rest } = metadata;
  return rest;
}

/** Members of metadata that only the store decides; what a client writes there has no effect. */
const DECIDED_BY_STORE = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "generateName",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const satisfies readonly (keyof StoredMeta)[];

/** `input` with the members that only the store decides as they are, or are not, in `current`. */
export function withDecidedMembers(input: StoredMeta, current: StoredMeta): StoredMeta {
  const merged: { -readonly [Member in keyof StoredMeta]: StoredMeta[Member] } = { ...input };
  for (const member of DECIDED_BY_STORE) {
    if (current[member] === undefined) delete merged[member];
    else Object.assign(merged, { [member]: current[member] });
  }
  return merged;
}

export function withGeneration(object: StoredObject, generation: number): StoredObject {
  return { ...object, metadata: { ...object.metadata, generation } };
}

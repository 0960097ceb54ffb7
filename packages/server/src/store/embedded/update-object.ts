import { isDeepStrictEqual } from "node:util";
import {
  apiVersionOf,
  FederationError,
  type FieldViolation,
  type KubernetesObject,
  type ResourceType,
} from "@meshfed/core";
import { isRemovable, removeObject } from "./delete-object.js";
import { assertOwned, assertPreconditions, assertValid, checkIdentity } from "./object-checks.js";
import {
  desiredState,
  type StoredMeta,
  type StoredObject,
  withDecidedMembers,
  withGeneration,
  withStatus,
} from "./stored-object.js";
import type { Transaction } from "./transaction.js";
import { describe, rowKey, typeId } from "./type-index.js";

/**
 * Replaces an object, or with `subresource` only its status. A write that changes nothing returns the object as it is. One
 * that takes the last finalizer from an object that is being deleted removes the object.
 * @throws FederationError INVALID_ARGUMENT, NOT_FOUND, ABORTED, FAILED_PRECONDITION (all owners are gone).
 */
export function updateObject(
  transaction: Transaction,
  type: ResourceType,
  input: KubernetesObject,
  subresource?: "status",
): KubernetesObject {
  assertValid(type, input.metadata, checkIdentity(type, input.metadata));
  const current: StoredObject | undefined = transaction.table.get(rowKey(typeId(type), input));
  if (current === undefined) {
    throw new FederationError(
      "NOT_FOUND",
      `${describe(type.kind, input.metadata)} not found; it was deleted or never created, create it instead`,
    );
  }
  assertPreconditions(current, input.metadata);
  if (subresource === "status") return writeStatus(transaction, type, current, input);
  assertValid(type, input.metadata, checkImmutable(current.metadata, input.metadata));
  const next = nextState(type, current, input);
  if (isDeepStrictEqual(next, current)) return current;
  if (!isDeepStrictEqual(next.metadata.ownerReferences, current.metadata.ownerReferences))
    assertOwned(transaction, next);
  const id = typeId(type);
  const isFinished =
    next.metadata.deletionTimestamp !== undefined && isRemovable(transaction, { type: id, object: next });
  return isFinished ? removeObject(transaction, { type: id, object: current }, next) : transaction.put(id, next);
}

function writeStatus(
  transaction: Transaction,
  type: ResourceType,
  current: StoredObject,
  input: StoredObject,
): KubernetesObject {
  if (!type.statusSubresource) {
    throw new FederationError(
      "INVALID_ARGUMENT",
      `kind "${type.kind}" has no status subresource; update the whole object`,
    );
  }
  const next = withStatus(current, input.status);
  return isDeepStrictEqual(next, current) ? current : transaction.put(typeId(type), next);
}

/** What the write leaves: the input, with what only the store decides taken from the current state. */
function nextState(type: ResourceType, current: StoredObject, input: StoredObject): StoredObject {
  const written = {
    ...input,
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: withDecidedMembers(input.metadata, current.metadata),
  };
  const next = type.statusSubresource ? withStatus(written, current.status) : written;
  const isNewGeneration = !isDeepStrictEqual(desiredState(next), desiredState(current));
  return isNewGeneration ? withGeneration(next, (current.metadata.generation ?? 0) + 1) : next;
}

/** What a client may repeat but not change, and what may not be added once the object is being deleted. */
function checkImmutable(current: StoredMeta, input: StoredMeta): FieldViolation[] {
  const violations: FieldViolation[] = [];
  if (input.creationTimestamp && input.creationTimestamp !== current.creationTimestamp) {
    violations.push(immutable("metadata.creationTimestamp", current.creationTimestamp));
  }
  if (input.deletionTimestamp && current.deletionTimestamp === undefined) {
    violations.push({
      path: "metadata.deletionTimestamp",
      reason: "Forbidden",
      message: "is set by deleting the object, not by updating it; leave it out",
    });
  }
  if (current.deletionTimestamp === undefined) return violations;
  const added = (input.finalizers ?? []).filter((finalizer) => !current.finalizers?.includes(finalizer));
  if (added.length > 0) {
    violations.push({
      path: "metadata.finalizers",
      reason: "Forbidden",
      message: `no new finalizers can be added to an object that is being deleted, found new ${added.map((name) => `"${name}"`).join(", ")}`,
    });
  }
  return violations;
}

function immutable(path: string, value: string | undefined): FieldViolation {
  return { path, reason: "Forbidden", message: `is immutable; leave it out or keep "${value}"` };
}

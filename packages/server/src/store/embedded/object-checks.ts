import {
  FederationError,
  type FieldViolation,
  formatViolations,
  type KubernetesObject,
  type ObjectReference,
  type OwnerReference,
  type ResourceType,
} from "@meshfed/core";
import type { Transaction } from "./transaction.js";
import { describe, NAMESPACE } from "./type-index.js";

const MAX_NAME_LENGTH = 253;

/** @throws FederationError INVALID_ARGUMENT with every violation. */
export function assertValid(
  type: ResourceType,
  reference: Omit<ObjectReference, "kind">,
  violations: readonly FieldViolation[],
): void {
  if (violations.length === 0) return;
  throw new FederationError(
    "INVALID_ARGUMENT",
    `${describe(type.kind, reference)} is invalid: ${formatViolations(violations)}`,
    { violations },
  );
}

/** What is wrong with the parts of metadata that say which object is meant. */
export function checkIdentity(type: ResourceType, reference: Omit<ObjectReference, "kind">): FieldViolation[] {
  const violations: FieldViolation[] = [];
  if (!isPathSegment(reference.name)) {
    violations.push({
      path: "metadata.name",
      reason: "Invalid",
      message: `expected 1 to ${MAX_NAME_LENGTH} characters without "/" and "%", not "." or "..", found "${reference.name}"`,
    });
  }
  if (type.namespaced && !isPathSegment(reference.namespace)) {
    violations.push({
      path: "metadata.namespace",
      reason: reference.namespace ? "Invalid" : "Required",
      message: `${type.kind} objects live in a namespace; set it`,
    });
  }
  if (!type.namespaced && reference.namespace) {
    violations.push({
      path: "metadata.namespace",
      reason: "Forbidden",
      message: `${type.kind} objects do not live in a namespace; leave it out`,
    });
  }
  return violations;
}

/**
 * @throws FederationError NOT_FOUND when the object's namespace does not exist, FAILED_PRECONDITION while it is being deleted.
 * @see Kubernetes admission plugin NamespaceLifecycle
 */
export function assertNamespaceOpen(transaction: Transaction, object: KubernetesObject): void {
  const { namespace } = object.metadata;
  if (namespace === undefined || transaction.types.namespaces === undefined) return;
  const found = transaction.table.get({ type: NAMESPACE, namespace: "", name: namespace });
  const name = describe(object.kind, object.metadata);
  if (found === undefined) {
    throw new FederationError(
      "NOT_FOUND",
      `namespace "${namespace}" not found, so ${name} cannot be created; create the namespace first`,
    );
  }
  if (found.metadata.deletionTimestamp !== undefined) {
    throw new FederationError(
      "FAILED_PRECONDITION",
      `namespace "${namespace}" is being deleted, so ${name} cannot be created; wait until it is gone and create it again`,
    );
  }
}

/**
 * An object whose owners are all gone would be garbage from the start (Kubernetes takes it and soon collects it), so it is
 * refused with the reason. Owners of kinds that are not kept here cannot be judged and count as present.
 * @throws FederationError FAILED_PRECONDITION
 */
export function assertOwned(transaction: Transaction, object: KubernetesObject): void {
  const owners = object.metadata.ownerReferences ?? [];
  if (owners.length === 0 || owners.some((owner) => !isGone(transaction, owner))) return;
  const names = owners.map((owner) => `${owner.kind} "${owner.name}" (uid ${owner.uid})`).join(", ");
  throw new FederationError(
    "FAILED_PRECONDITION",
    `${describe(object.kind, object.metadata)} would be garbage: it is owned by ${names}, and nothing with such a uid exists; correct metadata.ownerReferences or leave them out`,
  );
}

export function isGone(transaction: Transaction, owner: OwnerReference): boolean {
  return transaction.types.knowsOwner(owner) && !transaction.table.hasUid(owner.uid);
}

/** @throws FederationError ABORTED when the object is not the one, or not the version, that the caller has seen. */
export function assertPreconditions(
  current: KubernetesObject,
  expected: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined },
): void {
  const name = describe(current.kind, current.metadata);
  if (expected.uid && expected.uid !== current.metadata.uid) {
    throw new FederationError(
      "ABORTED",
      `${name} is another object than expected: its uid is "${current.metadata.uid}", not "${expected.uid}"; it was deleted and created again, read it again`,
    );
  }
  if (expected.resourceVersion && expected.resourceVersion !== current.metadata.resourceVersion) {
    throw new FederationError(
      "ABORTED",
      `${name} has been modified: its resourceVersion is "${current.metadata.resourceVersion}", not "${expected.resourceVersion}"; read it again and repeat the change`,
    );
  }
}

/** @see Kubernetes ValidatePathSegmentName */
function isPathSegment(text: string | undefined): boolean {
  if (text === undefined || text === "." || text === "..") return false;
  return text.length > 0 && text.length <= MAX_NAME_LENGTH && !/[/%\p{Cc}]/u.test(text);
}

import { randomInt, randomUUID } from "node:crypto";
import { apiVersionOf, FederationError, type KubernetesObject, type ResourceType } from "@meshfed/core";
import { assertNamespaceOpen, assertOwned, assertValid, checkIdentity } from "./object-checks.js";
import { type StoredObject, withoutDeletion, withStatus } from "./stored-object.js";
import type { Transaction } from "./transaction.js";
import { describe, rowKey, typeId } from "./type-index.js";

/** Without vowels and look-alikes, so that no words come out. @see Kubernetes util/rand */
const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH = 5;
const MAX_GENERATED_LENGTH = 63;
const NAME_ATTEMPTS = 8;

/**
 * @throws FederationError INVALID_ARGUMENT, ALREADY_EXISTS, NOT_FOUND (no such namespace), FAILED_PRECONDITION (the namespace
 * is being deleted, or all owners are gone).
 */
export function createObject(transaction: Transaction, type: ResourceType, input: KubernetesObject): KubernetesObject {
  if (input.metadata.resourceVersion) {
    throw new FederationError(
      "INVALID_ARGUMENT",
      `${describe(type.kind, input.metadata)} is to be created, but has resourceVersion "${input.metadata.resourceVersion}"; leave it out, or update the object instead`,
    );
  }
  const named = withName(transaction, type, input);
  assertValid(type, named.metadata, checkIdentity(type, named.metadata));
  assertNamespaceOpen(transaction, named);
  if (transaction.table.get(rowKey(typeId(type), named)) !== undefined) {
    throw new FederationError(
      "ALREADY_EXISTS",
      `${describe(type.kind, named.metadata)} already exists; update it, or choose another name`,
    );
  }
  assertOwned(transaction, named);
  return transaction.put(typeId(type), initialState(transaction, type, named));
}

function initialState(transaction: Transaction, type: ResourceType, input: StoredObject): KubernetesObject {
  const created = {
    ...input,
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: {
      ...withoutDeletion(input.metadata),
      uid: randomUUID(),
      generation: 1,
      creationTimestamp: transaction.timestamp,
    },
  };
  if (type === transaction.types.namespaces) return withStatus(created, { phase: "Active" });
  return type.statusSubresource ? withStatus(created, undefined) : created;
}

/** Gives an object that has only a generateName a name that is free. @see Kubernetes API conventions, generateName */
function withName(transaction: Transaction, type: ResourceType, input: KubernetesObject): KubernetesObject {
  const { generateName } = input.metadata;
  if (input.metadata.name || !generateName) return input;
  const base = generateName.slice(0, MAX_GENERATED_LENGTH - SUFFIX_LENGTH);
  for (let attempt = 1; ; attempt += 1) {
    const named = { ...input, metadata: { ...input.metadata, name: base + randomSuffix() } };
    const isFree = transaction.table.get(rowKey(typeId(type), named)) === undefined;
    if (isFree || attempt === NAME_ATTEMPTS) return named;
  }
}

function randomSuffix(): string {
  return Array.from({ length: SUFFIX_LENGTH }, () => SUFFIX_ALPHABET[randomInt(SUFFIX_ALPHABET.length)]).join("");
}

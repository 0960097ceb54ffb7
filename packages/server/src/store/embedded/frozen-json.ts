import { FederationError, type KubernetesObject } from "@meshfed/core";

/** Roughly what etcd takes by default, so that what fits here fits a Kubernetes cluster too. */
const MAX_INPUT_LENGTH = 1_572_864;

/**
 * A copy that the caller cannot reach any more, exactly as JSON carries it (members that are undefined are gone).
 * @throws FederationError INVALID_ARGUMENT when the object is not JSON or too large.
 */
export function copyJson(object: KubernetesObject): KubernetesObject {
  const text = stringify(object);
  if (text.length <= MAX_INPUT_LENGTH) return JSON.parse(text);
  throw new FederationError(
    "INVALID_ARGUMENT",
    `${object.kind} "${object.metadata.name}" is too large: ${text.length} characters of JSON, at most ${MAX_INPUT_LENGTH} are taken`,
  );
}

function stringify(object: KubernetesObject): string {
  try {
    return JSON.stringify(object);
  } catch (cause) {
    throw new FederationError("INVALID_ARGUMENT", "object cannot be written as JSON", { cause });
  }
}

/** Freezes in place, all the way down, what is not yet frozen, so that many readers can share one object. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}

/** From the body of a write to the object that is stored: filled in from the address, checked against it, parsed. */
import { apiVersionOf, type KubernetesObject } from "@meshfed/core";
import { isJsonObject, type JsonObject, objectField, withoutNulls } from "../json-object.js";
import { badRequest, invalidObject } from "./api-status.js";
import type { RequestTarget } from "./rest-request.js";

/**
 * The body with its kind, version and namespace filled in from the address, in the version that is stored.
 *
 * @throws StatusError 400 where the body contradicts the address
 */
export function completeBody(target: RequestTarget, body: JsonObject): JsonObject {
  const { type, namespace } = target;
  const object = withoutNulls(body);
  if (!isJsonObject(object)) throw badRequest("the body is not an object");
  checkVersion(target, object);
  const metadata = objectField(object, "metadata");
  const given = metadata.namespace ?? "";
  if (type.namespaced && given !== "" && given !== namespace) {
    throw badRequest(
      `the namespace of the provided object does not match the namespace sent on the request: expected "${namespace}"`,
    );
  }
  return {
    ...object,
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: namespace === undefined ? metadata : { ...metadata, namespace },
  };
}

function checkVersion({ type, apiVersion }: RequestTarget, body: JsonObject): void {
  const given = body.apiVersion ?? apiVersion;
  const kind = body.kind ?? type.kind;
  if (given !== apiVersion && kind === type.kind) {
    throw badRequest(
      `the API version in the data (${shown(given)}) does not match the expected API version (${apiVersion})`,
    );
  }
  if (kind !== type.kind) {
    throw badRequest(`${shown(kind)} in version ${shown(given)} cannot be handled as a ${type.kind}`);
  }
}

function shown(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 200) : typeof value;
}

/** @throws StatusError 422 with every violation */
export function parseObject({ type }: RequestTarget, candidate: JsonObject): KubernetesObject {
  const result = type.parse(candidate);
  if (result.ok) return result.value;
  const name = objectField(candidate, "metadata").name;
  throw invalidObject(type, typeof name === "string" ? name.slice(0, 253) : "", result.violations);
}

/** @throws StatusError 400 when the body names another object than the address */
export function checkName(name: string, candidate: JsonObject): void {
  const given = objectField(candidate, "metadata").name;
  if (given !== name) {
    throw badRequest(`the name of the object (${shown(given ?? "")}) does not match the name on the URL (${name})`);
  }
}

export function withMetadata(object: JsonObject, changes: JsonObject): JsonObject {
  return { ...object, metadata: { ...objectField(object, "metadata"), ...changes } };
}

export function withoutFields(object: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field)));
}

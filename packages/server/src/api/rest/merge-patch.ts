import { isJsonObject, type JsonObject } from "../json-object.js";

/**
 * Applies a JSON merge patch to an object: objects are merged, `null` removes, anything else replaces. The target is
 * not changed.
 *
 * @see RFC 7386 §2
 */
export function mergePatch(target: unknown, patch: JsonObject): JsonObject {
  const result: Record<string, unknown> = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = isJsonObject(value) ? mergePatch(result[key], value) : value;
  }
  return result;
}

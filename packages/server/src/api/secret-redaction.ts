/**
 * Keeps private keys out of every answer. The API uses the store only through `withRedactedSecrets`:
 *
 * - whatever leaves it (get, list, watch, and the result of each write) shows a Secret's keys, but `[redacted]` for each
 *   value, also in the annotation in which `kubectl apply` keeps the manifest;
 * - whatever enters it may send `[redacted]` back: that value stays as it is stored. So reading a Secret, changing a label
 *   and writing it again loses nothing.
 *
 * The annotation is redacted before it is stored as well: nobody needs a second copy of a key.
 */
import { FederationError, type KubernetesObject, secretType } from "@meshfed/core";
import type { ResourceStore, StoreEvent, UpdateOptions } from "../store/resource-store.js";
import { isJsonObject, type JsonObject } from "./json-object.js";

const REDACTED = "[redacted]";
/** As it stands in `data`. */
const REDACTED_BASE64 = Buffer.from(REDACTED).toString("base64");

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** A write that restores values is bound to the version that they were read from; so often it is tried again. */
const MAX_ATTEMPTS = 5;

export function withRedactedSecrets(store: ResourceStore): ResourceStore {
  return {
    async get(type, reference) {
      const object = await store.get(type, reference);
      return object === undefined ? undefined : redactSecret(object);
    },
    async list(options) {
      const result = await store.list(options);
      return { ...result, items: result.items.map(redactSecret) };
    },
    async create(object, options) {
      return redactSecret(await store.create(restoreSecret(object, undefined), options));
    },
    async update(object, options) {
      return redactSecret(await updateRestored(store, object, options));
    },
    async delete(type, reference, options) {
      return redactSecret(await store.delete(type, reference, options));
    },
    watch: (options) => redactEvents(store.watch(options)),
    close: () => store.close(),
  };
}

async function* redactEvents(events: AsyncIterable<StoreEvent>): AsyncGenerator<StoreEvent> {
  for await (const event of events) {
    yield event.type === "BOOKMARK" ? event : { ...event, object: redactSecret(event.object) };
  }
}

async function updateRestored(
  store: ResourceStore,
  object: KubernetesObject,
  options: UpdateOptions | undefined,
): Promise<KubernetesObject> {
  if (!isSecret(object)) return store.update(object, options);
  if (!hasPlaceholder(object)) return store.update(restoreSecret(object, undefined), options);
  const wanted = object.metadata.resourceVersion || undefined;
  for (let attempt = 1; ; attempt++) {
    const stored = await store.get(secretType, object.metadata);
    if (stored === undefined) throw new FederationError("NOT_FOUND", `secret "${object.metadata.name}" not found`);
    const { resourceVersion } = stored.metadata;
    if (wanted !== undefined && wanted !== resourceVersion) {
      throw new FederationError("ABORTED", "the object has been modified; read it again and repeat the change");
    }
    const restored = restoreSecret(object, stored);
    try {
      return await store.update({ ...restored, metadata: { ...restored.metadata, resourceVersion } }, options);
    } catch (error) {
      const stale = FederationError.is(error) && error.code === "ABORTED";
      if (!stale || wanted !== undefined || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** The object as it may be shown; objects of other kinds unchanged. */
function redactSecret<T extends KubernetesObject>(object: T): T {
  if (!isSecret(object)) return object;
  return withSafeAnnotation({
    ...object,
    ...redactField(object, "data", REDACTED_BASE64),
    ...redactField(object, "stringData", REDACTED),
  });
}

/**
 * The Secret as it is to be stored: placeholders give way to the values of `stored`.
 *
 * @throws FederationError INVALID_ARGUMENT, with the path, where a placeholder stands for nothing
 */
function restoreSecret(object: KubernetesObject, stored: KubernetesObject | undefined): KubernetesObject {
  if (!isSecret(object)) return object;
  const missing: string[] = [];
  const current = dataOf(stored);
  const data = Object.fromEntries(
    Object.entries(dataOf(object)).map(([key, value]) => {
      if (value !== REDACTED_BASE64) return [key, value];
      if (!Object.hasOwn(current, key)) missing.push(key);
      return [key, current[key]];
    }),
  );
  if (missing.length > 0) {
    throw new FederationError("INVALID_ARGUMENT", `secret "${object.metadata.name}" has placeholders without a value`, {
      violations: missing.map((key) => ({
        path: `data[${JSON.stringify(key)}]`,
        reason: "Invalid",
        message: `found the placeholder "${REDACTED}" for a value that is not stored, expected the value itself`,
      })),
    });
  }
  return withSafeAnnotation("data" in object ? { ...object, data } : object);
}

function hasPlaceholder(object: KubernetesObject): boolean {
  return Object.values(dataOf(object)).includes(REDACTED_BASE64);
}

function isSecret(object: KubernetesObject): boolean {
  return object.kind === "Secret" && object.apiVersion === "v1";
}

function dataOf(object: KubernetesObject | undefined): JsonObject {
  const data: unknown = object !== undefined && "data" in object ? object.data : undefined;
  return isJsonObject(data) ? data : {};
}

function redactField(object: object, field: "data" | "stringData", placeholder: string): JsonObject {
  const values: unknown = Reflect.get(object, field);
  if (values === undefined) return {};
  // What is not an object of values is no Secret's data; nothing of it is shown.
  if (!isJsonObject(values)) return { [field]: {} };
  return { [field]: Object.fromEntries(Object.keys(values).map((key) => [key, placeholder])) };
}

/** Keys stay in the annotation, so that `kubectl apply` still sees which of them a manifest dropped. */
function withSafeAnnotation<T extends KubernetesObject>(object: T): T {
  const { annotations } = object.metadata;
  const text = annotations?.[LAST_APPLIED];
  if (text === undefined) return object;
  const { [LAST_APPLIED]: _removed, ...others } = annotations ?? {};
  const safe = redactManifest(text);
  const kept = safe === undefined ? others : { ...others, [LAST_APPLIED]: safe };
  return { ...object, metadata: { ...object.metadata, annotations: kept } };
}

/** Undefined when the text is no manifest: then nothing of it can be kept. */
function redactManifest(text: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(text);
    if (!isJsonObject(manifest)) return undefined;
    return `${JSON.stringify({
      ...manifest,
      ...redactField(manifest, "data", REDACTED_BASE64),
      ...redactField(manifest, "stringData", REDACTED),
    })}\n`;
  } catch {
    return undefined;
  }
}

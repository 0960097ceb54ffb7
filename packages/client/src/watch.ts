/**
 * A watch that does not end: it lists once, then follows, and comes back by itself when the connection ends.
 *
 * - after the end of a connection it resumes from the last version that it saw, so nothing is missed and nothing repeated;
 * - when the server no longer knows that version (410), it lists again and reports the difference to what it knew, with
 *   DELETED for what is gone;
 * - trouble with the server is waited out, with delays that grow to half a minute; a quiet hour is no trouble;
 * - what will not pass by waiting (401, 403, 404, 400) is thrown, and so is trouble with the very first request.
 */
import type { KubernetesObject } from "@meshfed/core";
import { ApiError, errorFromStatus, isRecord } from "./api-error.js";
import { createBackoff } from "./backoff.js";
import { readJsonLines } from "./json-lines.js";
import { isExpired, type ListOptions, listObjects } from "./object-list.js";
import { type Resource, resourcePath } from "./resource-path.js";
import type { Runtime } from "./runtime.js";
import { describeFailure, type Transport } from "./transport.js";

export interface WatchOptions extends ListOptions {
  /**
   * Events after this version, without a list first. Then a version that is no longer known is thrown (`Expired`): only the
   * caller knows what it had seen.
   */
  readonly resourceVersion?: string | undefined;
  /** Also yield BOOKMARK events: after the first list, and as the server sends them. Default false. */
  readonly bookmarks?: boolean | undefined;
}

export type WatchEvent<T extends KubernetesObject> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  /** Everything up to this version has been reported. */
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

/** The server ends each connection after so long; one that lasts longer is dead. */
const CONNECTION_SECONDS = 290;
const CONNECTION_GRACE_MS = 30_000;

/** A server that ends connections sooner than this is in trouble: reconnecting at once would only add to it. */
const HEALTHY_CONNECTION_MS = 1_000;

export interface WatchSurroundings {
  readonly transport: Transport;
  readonly runtime: Runtime;
}

export async function* watchObjects<T extends KubernetesObject>(
  { transport, runtime }: WatchSurroundings,
  resource: Resource,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>, void> {
  const { clock } = runtime;
  const { signal } = options;
  const backoff = createBackoff(runtime);
  const view = createView<T>();
  let version = options.resourceVersion;
  let reached = false;
  const stopped = () => signal?.aborted === true;
  while (!stopped()) {
    let openedAt: number | undefined;
    const wasHealthy = () => openedAt !== undefined && clock.now() - openedAt >= HEALTHY_CONNECTION_MS;
    try {
      if (version === undefined) {
        const list = await listObjects<T>(transport, resource, options);
        for (const event of view.reset(list.items)) yield event;
        version = list.resourceVersion;
        reached = true;
        if (options.bookmarks === true) yield { type: "BOOKMARK", resourceVersion: version };
      }
      const connection = followEvents<T>({ transport, runtime }, resource, { ...options, resourceVersion: version });
      for await (const event of connection) {
        if (event === "opened") {
          openedAt = clock.now();
          reached = true;
          continue;
        }
        backoff.reset();
        version = event.type === "BOOKMARK" ? event.resourceVersion : String(event.object.metadata.resourceVersion);
        if (event.type !== "BOOKMARK") yield* view.apply(event.type, event.object);
        else if (options.bookmarks === true) yield event;
      }
      if (wasHealthy()) backoff.reset();
      else await backoff.wait(signal);
    } catch (error) {
      if (stopped()) return;
      if (isExpired(error) && options.resourceVersion === undefined) version = undefined;
      else if (!reached || !isPassing(error)) throw error;
      if (wasHealthy()) backoff.reset();
      await backoff.wait(signal);
    }
  }
}

/** Whether the same request may succeed later without anybody changing it. */
function isPassing(error: unknown): boolean {
  if (!ApiError.is(error)) return false;
  return (
    error.status === undefined || error.status === 429 || error.status >= 500 || error.reason === "InvalidResponse"
  );
}

/** What the consumer knows, so that it is told of each state once. */
function createView<T extends KubernetesObject>() {
  const known = new Map<string, T>();
  const keyOf = ({ metadata }: T) => `${metadata.namespace ?? ""}/${metadata.name}`;

  function* apply(type: "ADDED" | "MODIFIED" | "DELETED", object: T): Generator<WatchEvent<T>> {
    const key = keyOf(object);
    if (type === "DELETED") {
      known.delete(key);
      yield { type, object };
      return;
    }
    const previous = known.get(key);
    if (previous !== undefined && previous.metadata.resourceVersion === object.metadata.resourceVersion) return;
    known.set(key, object);
    yield { type: previous === undefined ? type : "MODIFIED", object };
  }

  return {
    apply,
    /** Events that lead from what was known to `items`. */
    *reset(items: readonly T[]): Generator<WatchEvent<T>> {
      const current = new Map(items.map((item) => [keyOf(item), item]));
      for (const [key, object] of [...known]) {
        // Another object under the same name: the old one went in between.
        if (current.get(key)?.metadata.uid !== object.metadata.uid) yield* apply("DELETED", object);
      }
      for (const item of items) yield* apply("ADDED", item);
    },
  };
}

/** The events of one connection; first `opened`. */
async function* followEvents<T extends KubernetesObject>(
  { transport, runtime: { clock } }: WatchSurroundings,
  resource: Resource,
  options: WatchOptions & { readonly resourceVersion: string },
): AsyncGenerator<"opened" | WatchEvent<T>> {
  const { namespace, labelSelector, fieldSelector, resourceVersion } = options;
  const lifetime = new AbortController();
  const timer = clock.setTimeout(() => lifetime.abort(), CONNECTION_SECONDS * 1000 + CONNECTION_GRACE_MS);
  const signal = options.signal === undefined ? lifetime.signal : AbortSignal.any([options.signal, lifetime.signal]);
  const query = {
    watch: "true",
    resourceVersion,
    labelSelector,
    fieldSelector,
    allowWatchBookmarks: "true",
    timeoutSeconds: String(CONNECTION_SECONDS),
  };
  try {
    const body = await transport.open({ method: "GET", path: resourcePath(resource, { namespace }), query, signal });
    yield "opened";
    for await (const frame of readJsonLines(body)) yield parseFrame<T>(frame);
  } catch (error) {
    if (ApiError.is(error)) throw error;
    options.signal?.throwIfAborted();
    throw new ApiError("Unreachable", `the watch broke: ${describeFailure(error)}`, { cause: error });
  } finally {
    clock.clearTimeout(timer);
    lifetime.abort();
  }
}

function parseFrame<T extends KubernetesObject>(frame: unknown): WatchEvent<T> {
  const type = isRecord(frame) ? frame.type : undefined;
  const object = isRecord(frame) ? frame.object : undefined;
  if (!isRecord(object)) throw new ApiError("InvalidResponse", "a watch event has no object");
  switch (type) {
    case "ERROR":
      throw errorFromStatus(typeof object.code === "number" ? object.code : 500, object);
    case "BOOKMARK":
      return { type, resourceVersion: versionOf(object) };
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      versionOf(object);
      return { type, object: (frame as { readonly object: T }).object };
    default:
      throw new ApiError("InvalidResponse", "a watch event is of an unknown type");
  }
}

function versionOf(object: Readonly<Record<string, unknown>>): string {
  const metadata = object.metadata;
  const version = isRecord(metadata) ? metadata.resourceVersion : undefined;
  if (typeof version !== "string") throw new ApiError("InvalidResponse", "a watch event has no resourceVersion");
  return version;
}

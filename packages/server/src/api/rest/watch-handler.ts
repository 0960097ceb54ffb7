/**
 * Watch: one frame per event, after the version that the caller names.
 *
 * - No version, or "0": first an ADDED for each object that there is, then events.
 * - `sendInitialEvents=true`: the same, and a bookmark that says where the existing objects end.
 * - A version that is no longer known: HTTP 410 where the store refuses the watch, an ERROR event with that Status where it
 *   ends one.
 *
 * @see Kubernetes documentation, API Concepts, efficient detection of changes
 */
import type { KubernetesObject } from "@meshfed/core";
import type { ListResult, StoreEvent } from "../../store/resource-store.js";
import { toStatus } from "./error-mapping.js";
import type { ListQuery } from "./query-options.js";
import { type RepresentationOptions, representBookmark, representObject, withoutColumns } from "./representation.js";
import { checkFreshness } from "./resource-version.js";
import type { RestContext, RestRequest, RestResponse } from "./rest-request.js";

/** Ends a watch whose caller set no end, so that no connection is for ever; clients take it up again. */
const DEFAULT_TIMEOUT_MS = 60 * 60 * 1000;

/** Marks the bookmark at the end of the initial events. @see KEP-3157 */
const INITIAL_EVENTS_END = { "k8s.io/initial-events-end": "true" };

export async function watchObjects(
  context: RestContext,
  request: RestRequest,
  query: ListQuery,
  form: Pick<RepresentationOptions, "representation" | "includeObject">,
): Promise<RestResponse> {
  const { type, namespace, apiVersion } = request.target;
  const selection = {
    type,
    ...(namespace === undefined ? {} : { namespace }),
    ...(query.matches === undefined ? {} : { matches: query.matches }),
  };
  const initial = startsFromState(query) ? await context.store.list(selection) : undefined;
  if (initial !== undefined) checkFreshness(initial, query);
  const end = createDeadline(context, query.timeoutMs ?? DEFAULT_TIMEOUT_MS, request.signal);
  try {
    const events = context.store.watch({
      ...selection,
      resourceVersion: initial?.resourceVersion ?? query.resourceVersion ?? "0",
      allowBookmarks: query.allowWatchBookmarks,
      signal: end.signal,
    });
    const render = createRenderer({ ...form, type, apiVersion, now: context.clock.now() }, context);
    return { kind: "stream", frames: frames({ events, initial, query, render, stop: end.stop }) };
  } catch (error) {
    end.stop();
    throw error;
  }
}

/** `sendInitialEvents=false` asks for events from now on, whatever there is. */
function startsFromState(query: ListQuery): boolean {
  if (query.sendInitialEvents === true) return true;
  return query.resourceVersion === undefined || query.resourceVersion === "0";
}

/** Aborts after `timeoutMs`, with `outer`, or when stopped: whichever comes first. */
function createDeadline(context: RestContext, timeoutMs: number, outer: AbortSignal) {
  const controller = new AbortController();
  const timer = context.clock.setTimeout(() => controller.abort(), timeoutMs);
  return {
    signal: AbortSignal.any([controller.signal, outer]),
    stop() {
      context.clock.clearTimeout(timer);
      controller.abort();
    },
  };
}

interface FrameSource {
  readonly events: AsyncIterable<StoreEvent>;
  readonly initial: ListResult | undefined;
  readonly query: ListQuery;
  readonly render: Renderer;
  readonly stop: () => void;
}

async function* frames(source: FrameSource): AsyncGenerator<unknown> {
  const { events, initial, query, render } = source;
  try {
    if (initial !== undefined && query.sendInitialEvents !== false) {
      for (const object of initial.items) yield render.object("ADDED", object);
      if (query.sendInitialEvents === true) {
        yield render.bookmark({ resourceVersion: initial.resourceVersion, annotations: INITIAL_EVENTS_END });
      }
    }
    for await (const event of events) {
      if (event.type === "BOOKMARK") yield render.bookmark({ resourceVersion: event.resourceVersion });
      else yield render.object(event.type, event.object);
    }
  } catch (error) {
    yield { type: "ERROR", object: toStatus(error) };
  } finally {
    source.stop();
  }
}

interface Renderer {
  object(type: "ADDED" | "MODIFIED" | "DELETED", object: KubernetesObject): unknown;
  bookmark(metadata: object): unknown;
}

function createRenderer(form: RepresentationOptions, { clock }: RestContext): Renderer {
  let columnsSent = false;
  return {
    object(type, object) {
      const body = representObject(object, { ...form, now: clock.now() });
      const frame = { type, object: columnsSent ? withoutColumns(body) : body };
      columnsSent = true;
      return frame;
    },
    bookmark: (metadata) => ({ type: "BOOKMARK", object: representBookmark(metadata, form) }),
  };
}

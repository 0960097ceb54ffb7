import { objectNotFound } from "./api-status.js";
import { type ListQuery, parseListQuery } from "./query-options.js";
import { negotiate, representList, representObject } from "./representation.js";
import { checkFreshness } from "./resource-version.js";
import {
  documentResponse,
  type ObjectTarget,
  type RequestTarget,
  type RestContext,
  type RestRequest,
  type RestResponse,
  referenceOf,
} from "./rest-request.js";
import { watchObjects } from "./watch-handler.js";

export async function getObject(
  context: RestContext,
  request: RestRequest,
  target: ObjectTarget,
): Promise<RestResponse> {
  const form = negotiate(request.accept, request.query);
  const object = await context.store.get(target.type, referenceOf(target));
  if (object === undefined) throw objectNotFound(target.type, target.name);
  const { type, apiVersion } = target;
  return documentResponse(representObject(object, { ...form, type, apiVersion, now: context.clock.now() }));
}

/** A list, or with `watch=true` the events after one. */
export async function listObjects(context: RestContext, request: RestRequest): Promise<RestResponse> {
  const { target } = request;
  const query = parseListQuery(target.type, request.query);
  const form = negotiate(request.accept, request.query);
  if (query.watch) return watchObjects(context, request, query, form);
  const result = await context.store.list(selectionOf(target, query));
  checkFreshness(result, query);
  const metadata = {
    resourceVersion: result.resourceVersion,
    continue: result.continue,
    remainingItemCount: result.remainingItemCount,
  };
  const { type, apiVersion } = target;
  return documentResponse(
    representList(result.items, metadata, { ...form, type, apiVersion, now: context.clock.now() }),
  );
}

function selectionOf({ type, namespace }: RequestTarget, { matches, limit, continue: token }: ListQuery) {
  return {
    type,
    ...(namespace === undefined ? {} : { namespace }),
    ...(matches === undefined ? {} : { matches }),
    ...(limit === undefined ? {} : { limit }),
    ...(token === undefined ? {} : { continue: token }),
  };
}

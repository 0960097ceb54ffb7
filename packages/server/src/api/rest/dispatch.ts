/** From a request's address to the function that answers it. */
import { groupVersion, type ResourceCatalog } from "../resource-catalog.js";
import { methodNotAllowed, unknownPath } from "./api-status.js";
import {
  aggregatedDiscovery,
  aggregatedDiscoveryMediaType,
  coreVersions,
  groupDocument,
  groupList,
  resourceList,
} from "./discovery.js";
import { chooseAggregatedDiscovery } from "./media-type.js";
import { getObject, listObjects } from "./read-handlers.js";
import type { RequestPath, ResourcePath } from "./request-path.js";
import {
  documentResponse,
  type RequestTarget,
  type RestContext,
  type RestRequest,
  type RestResponse,
} from "./rest-request.js";
import { createObject, deleteObject, patchObject, replaceObject } from "./write-handlers.js";

type DiscoveryPath = Exclude<RequestPath, ResourcePath>;

/** @throws StatusError 404 for what is not served, 405 for anything but a read */
export function answerDiscovery(
  catalog: ResourceCatalog,
  path: DiscoveryPath,
  method: string,
  accept: string | undefined,
): RestResponse {
  if (method !== "GET") throw methodNotAllowed(method);
  switch (path.kind) {
    case "core-versions":
      return discoveryRoot(catalog, "core", accept);
    case "groups":
      return discoveryRoot(catalog, "named", accept);
    case "group":
      return found(groupDocument(catalog, path.group));
    case "resource-list":
      return found(resourceList(catalog, path.group, path.version));
  }
}

/** With the media type that says so: as plain JSON, clients read the aggregated form as an empty legacy one. */
function discoveryRoot(catalog: ResourceCatalog, root: "core" | "named", accept: string | undefined): RestResponse {
  const version = chooseAggregatedDiscovery(accept);
  if (version === undefined) return documentResponse(root === "core" ? coreVersions(catalog) : groupList(catalog));
  const body = aggregatedDiscovery(catalog, root, version);
  return { kind: "document", code: 200, body, contentType: aggregatedDiscoveryMediaType(version) };
}

function found(document: unknown): RestResponse {
  if (document === undefined) throw unknownPath();
  return documentResponse(document);
}

/** @throws StatusError 404 when the address names nothing that is served */
export function resolveTarget(catalog: ResourceCatalog, path: ResourcePath): RequestTarget {
  const { group, version, plural, namespace, name, subresource } = path;
  const type = catalog.find(group, version, plural);
  if (type === undefined || (subresource !== undefined && subresource !== "status")) throw unknownPath();
  if (subresource === "status" && !type.statusSubresource) throw unknownPath();
  if (type.namespaced ? name !== undefined && namespace === undefined : namespace !== undefined) throw unknownPath();
  return {
    type,
    apiVersion: groupVersion(group, version),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

/** @throws StatusError, FederationError */
export async function answerResource(context: RestContext, request: RestRequest): Promise<RestResponse> {
  const { method, target } = request;
  const { name } = target;
  if (name === undefined) {
    if (method === "GET") return listObjects(context, request);
    if (method === "POST") return createObject(context, request);
    throw methodNotAllowed(method);
  }
  const object = { ...target, name };
  switch (method) {
    case "GET":
      return getObject(context, request, object);
    case "PUT":
      return replaceObject(context, request, object);
    case "PATCH":
      return patchObject(context, request, object);
    case "DELETE":
      return deleteObject(context, request, object);
    default:
      throw methodNotAllowed(method);
  }
}

import type { RequestAttributes } from "../auth/authorizer.js";
import type { RequestPath } from "./request-path.js";

const VERBS: Readonly<Record<string, { readonly collection?: string; readonly object?: string }>> = {
  GET: { collection: "list", object: "get" },
  POST: { collection: "create", object: "create" },
  PUT: { object: "update" },
  PATCH: { object: "patch" },
  DELETE: { collection: "deletecollection", object: "delete" },
};

/** What a request asks for, in the words in which rules allow it. @see Kubernetes documentation, request attributes */
export function requestAttributes(
  method: string,
  pathname: string,
  path: RequestPath | undefined,
  query: URLSearchParams,
): RequestAttributes {
  if (path?.kind !== "resource") return { kind: "path", verb: method.toLowerCase(), path: pathname };
  const { group, version, plural, namespace, name, subresource } = path;
  const verb = VERBS[method]?.[name === undefined ? "collection" : "object"] ?? method.toLowerCase();
  return {
    kind: "resource",
    // Any spelling counts: whether it is well formed is decided after whether it is allowed.
    verb: verb === "list" && query.has("watch") && !/^(0|f|false)$/i.test(query.get("watch") ?? "") ? "watch" : verb,
    group,
    version,
    resource: plural,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

/** What an address of the Kubernetes API names. Whether we serve it is the catalog's business. */
export type RequestPath =
  | { readonly kind: "core-versions" }
  | { readonly kind: "groups" }
  | { readonly kind: "group"; readonly group: string }
  | { readonly kind: "resource-list"; readonly group: string; readonly version: string }
  | ResourcePath;

export interface ResourcePath {
  readonly kind: "resource";
  /** `""` for the core group. */
  readonly group: string;
  readonly version: string;
  /** Absent: a cluster-scoped kind, or all namespaces. */
  readonly namespace?: string;
  readonly plural: string;
  /** Absent: the collection. */
  readonly name?: string;
  readonly subresource?: string;
}

/** `/namespaces/NAME/status` is the status of the namespace itself, not a kind called `status` within it. */
const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(["status", "finalize"]);

/**
 * Reads a decoded path; undefined when it has none of the API's shapes.
 *
 * @see Kubernetes RequestInfo
 */
export function parseRequestPath(pathname: string): RequestPath | undefined {
  const segments = decodeSegments(pathname);
  if (segments === undefined) return undefined;
  const [root, ...rest] = segments;
  if (root === "api") {
    if (rest.length === 0) return { kind: "core-versions" };
    return parseVersion("", rest);
  }
  if (root !== "apis") return undefined;
  const [group, ...afterGroup] = rest;
  if (group === undefined) return { kind: "groups" };
  if (afterGroup.length === 0) return { kind: "group", group };
  return parseVersion(group, afterGroup);
}

/** The segments without their percent encoding; a single slash at the end is ignored. */
function decodeSegments(pathname: string): readonly string[] | undefined {
  const raw = pathname.split("/").slice(1);
  if (raw.at(-1) === "") raw.pop();
  try {
    const segments = raw.map((segment) => decodeURIComponent(segment));
    return segments.some((segment) => segment === "" || segment.includes("/")) ? undefined : segments;
  } catch {
    return undefined; // A stray "%" names nothing.
  }
}

function parseVersion(group: string, [version, ...rest]: readonly string[]): RequestPath | undefined {
  if (version === undefined) return undefined;
  if (rest.length === 0) return { kind: "resource-list", group, version };
  const [first, namespace, plural, ...below] = rest;
  if (
    first !== "namespaces" ||
    namespace === undefined ||
    plural === undefined ||
    (below.length === 0 && NAMESPACE_SUBRESOURCES.has(plural))
  ) {
    return resourcePath({ group, version }, rest);
  }
  return resourcePath({ group, version, namespace }, [plural, ...below]);
}

function resourcePath(
  scope: Pick<ResourcePath, "group" | "version" | "namespace">,
  [plural, name, subresource, ...more]: readonly string[],
): ResourcePath | undefined {
  if (plural === undefined || more.length > 0) return undefined;
  return {
    kind: "resource",
    ...scope,
    plural,
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

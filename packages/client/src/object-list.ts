import type { KubernetesObject } from "@meshfed/core";
import { ApiError, isRecord } from "./api-error.js";
import { type Resource, resourcePath } from "./resource-path.js";
import type { Transport } from "./transport.js";

export interface ListOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  /** For example `tier=gold,env in (a,b)`. */
  readonly labelSelector?: string | undefined;
  /** For example `metadata.name=green-mesh`. */
  readonly fieldSelector?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ObjectList<T extends KubernetesObject> {
  readonly items: readonly T[];
  /** A watch from here misses nothing. */
  readonly resourceVersion: string;
}

/** As kubectl asks for. */
const PAGE_SIZE = "500";
/** How often a list begins anew because the version of its first page was forgotten meanwhile. */
const MAX_RESTARTS = 3;

/** All objects, as of one version, in as many pages as it takes. */
export async function listObjects<T extends KubernetesObject>(
  transport: Transport,
  resource: Resource,
  options: ListOptions,
): Promise<ObjectList<T>> {
  for (let restarts = 0; ; restarts++) {
    try {
      return await listPages(transport, resource, options);
    } catch (error) {
      if (!isExpired(error) || restarts === MAX_RESTARTS) throw error;
    }
  }
}

export function isExpired(error: unknown): boolean {
  return ApiError.is(error) && (error.status === 410 || error.reason === "Expired" || error.reason === "Gone");
}

async function listPages<T extends KubernetesObject>(
  transport: Transport,
  resource: Resource,
  { namespace, labelSelector, fieldSelector, signal }: ListOptions,
): Promise<ObjectList<T>> {
  const path = resourcePath(resource, { namespace });
  const items: T[] = [];
  let next: string | undefined;
  for (;;) {
    const query = { labelSelector, fieldSelector, limit: PAGE_SIZE, continue: next };
    const page = parsePage<T>(await transport.request({ method: "GET", path, query, signal }));
    for (const item of page.items) items.push(item);
    if (page.continue === undefined) return { items, resourceVersion: page.resourceVersion };
    next = page.continue;
  }
}

function parsePage<T extends KubernetesObject>(body: unknown) {
  const metadata = isRecord(body) ? body.metadata : undefined;
  if (!isRecord(body) || !isRecord(metadata) || !Array.isArray(body.items)) {
    throw new ApiError("InvalidResponse", "the answer is not a list of objects");
  }
  const next = metadata.continue;
  return {
    items: body.items as readonly T[],
    resourceVersion: String(metadata.resourceVersion),
    continue: typeof next === "string" && next !== "" ? next : undefined,
  };
}

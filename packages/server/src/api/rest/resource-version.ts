import type { ListResult } from "../../store/resource-store.js";
import { failureStatus, StatusError } from "./api-status.js";
import type { ListQuery } from "./query-options.js";

/**
 * The store always answers with its newest state, which is what every match asks for but one that is exact, or one that
 * is newer than anything that the store has seen.
 *
 * @throws StatusError 410 for an exact version that is no longer the newest, 504 for one of the future
 * @see Kubernetes documentation, API Concepts, semantics for get and list
 */
export function checkFreshness(result: ListResult, query: ListQuery): void {
  const { resourceVersion: wanted, resourceVersionMatch } = query;
  if (wanted === undefined || wanted === "0" || query.continue !== undefined) return;
  assertNotInFuture(wanted, result.resourceVersion);
  if (resourceVersionMatch === "Exact" && wanted !== result.resourceVersion) {
    throw new StatusError(failureStatus("Expired", `the resourceVersion ${wanted} for the provided list is too old`));
  }
}

/** A version that this store has not reached comes from another one, or from before a backup was restored. */
function assertNotInFuture(wanted: string, current: string): void {
  if (!/^\d+$/.test(wanted) || !/^\d+$/.test(current) || BigInt(wanted) <= BigInt(current)) return;
  throw new StatusError(
    failureStatus("Timeout", `too large resource version: ${wanted}, current: ${current}`, {
      causes: [{ reason: "ResourceVersionTooLarge", message: "too large resource version" }],
      retryAfterSeconds: 1,
    }),
  );
}

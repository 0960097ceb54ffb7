import { setImmediate as nextTurn } from "node:timers/promises";
import { FederationError, type KubernetesObject } from "@meshfed/core";
import type { ListOptions, ListResult } from "../resource-store.js";
import type { ChangeLog } from "./change-log.js";
import { type ContinueToken, formatContinueToken, parseContinueToken } from "./continue-token.js";
import type { ObjectTable } from "./object-table.js";
import { comparePositions, lowerBound, positionOf } from "./sorted-objects.js";
import { rowKey, type TypeId } from "./type-index.js";

/** Objects looked at before other work on the event loop gets its turn. */
const MAX_PER_TURN = 2_000;

/**
 * One page of a list. The first page shows the store as it is; the next ones show the same version, put together from
 * the current state and the log. Once the log no longer reaches back that far, the rest comes from the current state: a
 * list that was begun can always be finished, and as the result keeps naming the old version, a watch from there is told
 * that it is too old, so nobody mistakes the mixture for a snapshot.
 * @throws FederationError INVALID_ARGUMENT for a limit or a continue token that is not valid.
 */
export async function listObjects(
  table: ObjectTable,
  log: ChangeLog,
  type: TypeId,
  options: ListOptions,
): Promise<ListResult> {
  const { namespace, limit = 0 } = options;
  if (!Number.isInteger(limit) || limit < 0) {
    throw new FederationError("INVALID_ARGUMENT", `limit must be a whole number, 0 or absent for all, found ${limit}`);
  }
  const token =
    options.continue === undefined ? undefined : parseContinueToken(options.continue, type, namespace ?? "");
  const version = token?.version ?? log.version;
  const candidates = token === undefined ? table.range(type, namespace) : rest(table, log, token);
  const { items, next } = await take(candidates, options.matches, limit === 0 ? candidates.length : limit);
  const result = { items, resourceVersion: String(version) };
  const last = items.at(-1);
  if (next === undefined || last === undefined) return result;
  const position = { version, type, namespace: namespace ?? "", last: positionOf(last) };
  return {
    ...result,
    continue: formatContinueToken(position),
    // With a selector the count would take looking at all the rest; Kubernetes leaves it out too.
    ...(options.matches === undefined ? { remainingItemCount: candidates.length - next } : {}),
  };
}

interface Page {
  readonly items: readonly KubernetesObject[];
  /** The index of the first object of the next page; undefined when this page is the last. */
  readonly next: number | undefined;
}

async function take(
  candidates: readonly KubernetesObject[],
  matches: ListOptions["matches"],
  limit: number,
): Promise<Page> {
  if (matches === undefined) {
    return { items: candidates.slice(0, limit), next: candidates.length > limit ? limit : undefined };
  }
  const items: KubernetesObject[] = [];
  for (const [index, object] of candidates.entries()) {
    if (index > 0 && index % MAX_PER_TURN === 0) await nextTurn();
    if (!matches(object)) continue;
    if (items.length === limit) return { items, next: index };
    items.push(object);
  }
  return { items, next: undefined };
}

/** What comes after the token's last object, as of the token's version where the log allows. */
function rest(table: ObjectTable, log: ChangeLog, token: ContinueToken): readonly KubernetesObject[] {
  const namespace = token.namespace === "" ? undefined : token.namespace;
  const current = table.range(token.type, namespace);
  const objects = log.reachesBackTo(token.type, token.version) ? asOf(table, log, token, current) : current;
  const start = lowerBound(objects, { namespace: token.last.namespace, name: `${token.last.name}\0` });
  return objects.slice(start);
}

/** The current objects with every change since the token's version undone. */
function asOf(
  table: ObjectTable,
  log: ChangeLog,
  { type, namespace, version }: ContinueToken,
  current: readonly KubernetesObject[],
): readonly KubernetesObject[] {
  const before = new Map<string, KubernetesObject | undefined>();
  const changed = new Set<KubernetesObject>();
  for (const { object, previous } of log.read(type, version)) {
    if (namespace !== "" && object.metadata.namespace !== namespace) continue;
    const key = rowKey(type, object);
    const name = `${key.namespace}/${key.name}`;
    // The oldest of several changes tells what there was.
    if (!before.has(name)) before.set(name, previous);
    const now = table.get(key);
    if (now !== undefined) changed.add(now);
  }
  if (before.size === 0) return current;
  const restored = [...before.values()].filter((object) => object !== undefined);
  return current
    .filter((object) => !changed.has(object))
    .concat(restored)
    .sort((left, right) => comparePositions(positionOf(left), positionOf(right)));
}

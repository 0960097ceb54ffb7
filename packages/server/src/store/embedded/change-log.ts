import { FederationError, type KubernetesObject } from "@meshfed/core";
import type { ChangeLogRetention } from "./options.js";
import type { TypeId } from "./type-index.js";

/** Dropping takes some 10 microseconds a change, during which the event loop waits. */
const MAX_DROPPED_AT_ONCE = 1_000;

/** One write of one object. Within a store no two changes have one version, and they are logged in its order. */
export interface Change {
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly action: "ADDED" | "MODIFIED" | "DELETED";
  readonly type: TypeId;
  /** After the change; of a deleted object the last state. Its resourceVersion is `version`. */
  readonly object: KubernetesObject;
  /** Before the change; undefined for ADDED. */
  readonly previous: KubernetesObject | undefined;
  /** Length of the object's JSON. */
  readonly bytes: number;
}

interface TypeLog {
  readonly changes: Change[];
  /** The newest change of this kind that is not in `changes` any more. */
  dropped: number;
  readonly wakes: Set<() => void>;
}

/**
 * The changes that watches resume from, in memory as they are in the file.
 *
 * Watches pull: each keeps only the version that it has reached and reads on from there, so a slow one holds nothing. One
 * that falls behind what is kept is told so (OUT_OF_RANGE), and must list again. Changes are kept per kind, so a watch
 * is neither woken nor expired by changes of other kinds.
 */
export class ChangeLog {
  readonly #retention: Required<ChangeLogRetention>;
  readonly #changes: Change[] = [];
  readonly #byType = new Map<TypeId, TypeLog>();
  readonly #compactedAtOpen: number;
  #version: number;
  #bytes = 0;

  /** @param compacted what an earlier process has dropped. */
  constructor(version: number, compacted: number, retention: Required<ChangeLogRetention>) {
    this.#version = version;
    this.#compactedAtOpen = compacted;
    this.#retention = retention;
  }

  /** The newest version given out. */
  get version(): number {
    return this.#version;
  }

  /** Adds committed changes in the order of their versions and wakes who waits for them. */
  append(changes: readonly Change[]): void {
    const touched = new Set<TypeLog>();
    for (const change of changes) {
      const log = this.#logOf(change.type);
      log.changes.push(change);
      touched.add(log);
      this.#changes.push(change);
      this.#bytes += change.bytes;
      this.#version = Math.max(this.#version, change.version);
    }
    for (const log of touched) for (const wake of log.wakes) wake();
  }

  /**
   * At most `limit` changes of one kind that come after a version, oldest first.
   * @throws FederationError as assertReaches does.
   */
  read(type: TypeId, after: number, limit = Number.POSITIVE_INFINITY): readonly Change[] {
    this.assertReaches(type, after);
    const { changes } = this.#logOf(type);
    const start = firstAfter(changes, after);
    return changes.slice(start, start + limit);
  }

  /** @throws FederationError OUT_OF_RANGE when changes after the version are no longer kept, or it was never given out. */
  assertReaches(type: TypeId, after: number): void {
    const log = this.#logOf(type);
    if (after < log.dropped) {
      throw new FederationError(
        "OUT_OF_RANGE",
        `resourceVersion "${after}" is too old: changes up to "${log.dropped}" are no longer kept; list again and watch from there`,
      );
    }
    if (after > this.#version) {
      throw new FederationError(
        "OUT_OF_RANGE",
        `resourceVersion "${after}" is ahead of the store, which is at "${this.#version}" (an older copy was put back); list again and watch from there`,
      );
    }
  }

  reachesBackTo(type: TypeId, version: number): boolean {
    return version >= this.#logOf(type).dropped && version <= this.#version;
  }

  /** Calls `wake` after changes of the kind were added, until the returned function is called. */
  subscribe(type: TypeId, wake: () => void): () => void {
    const { wakes } = this.#logOf(type);
    wakes.add(wake);
    return () => wakes.delete(wake);
  }

  /** The version up to which changes are to be dropped in the next transaction, or undefined when all may stay. */
  compactionTarget(now: number): number | undefined {
    const { maxChanges, maxAgeMs, maxBytes } = this.#retention;
    let bytes = this.#bytes;
    let drop = 0;
    for (const change of this.#changes) {
      if (drop === MAX_DROPPED_AT_ONCE) break;
      if (this.#changes.length - drop <= maxChanges && now - change.at <= maxAgeMs && bytes <= maxBytes) break;
      bytes -= change.bytes;
      drop += 1;
    }
    return this.#changes[drop - 1]?.version;
  }

  compact(target: number): void {
    const dropped = this.#changes.splice(0, firstAfter(this.#changes, target));
    const newestDropped = new Map<TypeId, number>();
    for (const change of dropped) {
      this.#bytes -= change.bytes;
      newestDropped.set(change.type, change.version);
    }
    for (const [type, version] of newestDropped) {
      const log = this.#logOf(type);
      log.changes.splice(0, firstAfter(log.changes, version));
      log.dropped = version;
    }
  }

  #logOf(type: TypeId): TypeLog {
    const known = this.#byType.get(type);
    if (known !== undefined) return known;
    const added: TypeLog = { changes: [], dropped: this.#compactedAtOpen, wakes: new Set() };
    this.#byType.set(type, added);
    return added;
  }
}

/** The index of the first change with a version above `version`. */
function firstAfter(changes: readonly Change[], version: number): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((changes[middle]?.version ?? Number.POSITIVE_INFINITY) <= version) low = middle + 1;
    else high = middle;
  }
  return low;
}

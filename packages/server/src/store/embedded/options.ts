import { join } from "node:path";
import type { Clock, FederationError, ResourceType } from "@meshfed/core";

/**
 * How much history the store keeps, for watches that resume and lists that go on. Before each write, and once a minute, the
 * oldest changes are dropped until all bounds hold; so what was written last is kept in any case. What is dropped is also overwritten on disk, so that a deleted Secret does not stay in the history.
 */
export interface ChangeLogRetention {
  /** Default 10,000. */
  readonly maxChanges?: number;
  /** Milliseconds; default one hour. */
  readonly maxAgeMs?: number;
  /** Bytes of JSON, as UTF-16 code units; default 64 Mi. */
  readonly maxBytes?: number;
}

export interface EmbeddedStoreOptions {
  /** Created with mode 0700 when it is missing; the store is its file `meshfed.db` (mode 0600). Must be on a local disk. */
  readonly directory: string;
  /** Every kind that the store serves. With the kind Namespace among them, an object's namespace must exist. */
  readonly types: readonly ResourceType[];
  readonly retention?: ChangeLogRetention;
  /** How often a watch with bookmarks gets one, in milliseconds. Default 60,000. */
  readonly bookmarkIntervalMs?: number;
  /** Writes that may wait for the disk; one more is refused with UNAVAILABLE. Default 65,536. */
  readonly maxWaitingWrites?: number;
  /** Gives creation and deletion times, tells how old history is and when bookmarks are due. */
  readonly clock: Clock;
  /** Hears of trouble that has no caller: a failed compaction, objects of kinds that are no longer served. Default: ignored. */
  readonly onProblem?: (problem: FederationError) => void;
}

export interface ResolvedOptions {
  readonly directory: string;
  readonly file: string;
  readonly types: readonly ResourceType[];
  readonly retention: Required<ChangeLogRetention>;
  readonly bookmarkIntervalMs: number;
  readonly maxWaitingWrites: number;
  readonly clock: Clock;
  readonly onProblem: (problem: FederationError) => void;
}

export function resolveOptions(options: EmbeddedStoreOptions): ResolvedOptions {
  return {
    directory: options.directory,
    file: join(options.directory, "meshfed.db"),
    types: options.types,
    retention: {
      maxChanges: options.retention?.maxChanges ?? 10_000,
      maxAgeMs: options.retention?.maxAgeMs ?? 3_600_000,
      maxBytes: options.retention?.maxBytes ?? 64 * 1024 * 1024,
    },
    bookmarkIntervalMs: options.bookmarkIntervalMs ?? 60_000,
    maxWaitingWrites: options.maxWaitingWrites ?? 65_536,
    clock: options.clock,
    onProblem: options.onProblem ?? (() => undefined),
  };
}

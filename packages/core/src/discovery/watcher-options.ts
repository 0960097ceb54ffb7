import { FederationError } from "../errors.js";
import type { BackoffOptions } from "./backoff.js";
import { DEFAULT_DISCOVERY_LIMITS } from "./discovery-limits.js";

export interface WatcherOptions {
  /** From 0 to 1, for the jitter of waits. */
  readonly random: () => number;
  /** How often the whole list is fetched, whatever the watch says. Defaults to 60 s. The reference's `--resync`. */
  readonly resyncIntervalMs?: number;
  /** Between attempts at the watch, and between attempts at the list. */
  readonly backoff?: BackoffOptions;
  /** From the first event whose checksum does not match to the list that settles it. Defaults to 1 s. */
  readonly verifyDelayMs?: number;
  /** How long a watch must stay open for the backoff to start over. Defaults to 5 s. */
  readonly stableAfterMs?: number;
  /** Failed lists running after which an open watch is not believed to be open. Defaults to 3. */
  readonly maxListFailures?: number;
  /** Defaults to that of `DEFAULT_DISCOVERY_LIMITS`. */
  readonly maxServices?: number;
  /** Events that are kept while a list is under way; the oldest go first. Defaults to 10,000. */
  readonly maxKeptEvents?: number;
}

export type CompleteWatcherOptions = Required<WatcherOptions>;

/** Throws INVALID_ARGUMENT naming the options that are not positive; a resync interval of 0 is one (10.43). */
export function resolveWatcherOptions(options: WatcherOptions): CompleteWatcherOptions {
  const numbers = {
    resyncIntervalMs: options.resyncIntervalMs ?? 60_000,
    verifyDelayMs: options.verifyDelayMs ?? 1_000,
    stableAfterMs: options.stableAfterMs ?? 5_000,
    maxListFailures: options.maxListFailures ?? 3,
    maxServices: options.maxServices ?? DEFAULT_DISCOVERY_LIMITS.maxServices,
    maxKeptEvents: options.maxKeptEvents ?? 10_000,
  };
  const wrong = Object.entries(numbers).filter(([, value]) => !(value > 0 && Number.isFinite(value)));
  if (wrong.length > 0) {
    const found = wrong.map(([name, value]) => `${name} ${value}`).join(", ");
    throw new FederationError("INVALID_ARGUMENT", `watcher options must be greater than 0, found ${found}`);
  }
  return { ...numbers, random: options.random, backoff: options.backoff ?? {} };
}

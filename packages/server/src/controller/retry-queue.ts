/**
 * Work on objects by name. Level-based: what is queued is which object to look at, so that any number of changes of one
 * object cost one piece of work, and what fails is tried again with exponential backoff until it succeeds.
 * @see client-go, util/workqueue: RateLimitingInterface
 */
import type { Clock, TimerHandle } from "@meshfed/core";

export interface RetryQueueOptions<T> {
  readonly clock: Clock;
  readonly keyOf: (item: T) => string;
  /** Never runs twice at the same time for one key. */
  readonly work: (item: T) => Promise<void>;
  readonly onFailure: (item: T, error: unknown, retryAfterMs: number) => void;
  /** What is queued of one key within this time is worked on once. */
  readonly delayMs: number;
}

export interface RetryQueue<T> {
  /** Takes the place of what is queued under the same key, and starts over with the backoff. */
  add(item: T): void;
  /** Settles when all that is queued was worked on; what failed waits for its next try. */
  flush(): Promise<void>;
  /** Tries what is queued a last time, and ends. */
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

interface Entry<T> {
  item: T;
  failures: number;
  timer: TimerHandle | undefined;
  running: Promise<void> | undefined;
  /** It was queued again while it was worked on. */
  isStale: boolean;
}

export function createRetryQueue<T>(options: RetryQueueOptions<T>): RetryQueue<T> {
  const { clock, keyOf, work } = options;
  const entries = new Map<string, Entry<T>>();
  let closed = false;

  function schedule(entry: Entry<T>, delayMs: number): void {
    clock.clearTimeout(entry.timer);
    entry.timer = clock.setTimeout(() => void run(entry), delayMs);
  }

  function run(entry: Entry<T>): Promise<void> {
    clock.clearTimeout(entry.timer);
    entry.timer = undefined;
    entry.isStale = false;
    entry.running = attempt(entry).finally(() => {
      entry.running = undefined;
    });
    return entry.running;
  }

  async function attempt(entry: Entry<T>): Promise<void> {
    const { item } = entry;
    try {
      await work(item);
      entry.failures = 0;
      if (!entry.isStale) entries.delete(keyOf(item));
    } catch (error) {
      const retryAfterMs = Math.min(FIRST_RETRY_MS * 2 ** entry.failures, LONGEST_RETRY_MS);
      options.onFailure(item, error, retryAfterMs);
      entry.failures += 1;
      if (!entry.isStale && !closed) schedule(entry, retryAfterMs);
    }
    if (!entry.isStale || closed) return;
    entry.failures = 0;
    schedule(entry, options.delayMs);
  }

  function due(): readonly Entry<T>[] {
    return [...entries.values()].filter((entry) => entry.running !== undefined || entry.failures === 0);
  }

  return {
    add(item) {
      if (closed) return;
      const known = entries.get(keyOf(item));
      if (known === undefined) {
        const entry: Entry<T> = { item, failures: 0, timer: undefined, running: undefined, isStale: false };
        entries.set(keyOf(item), entry);
        schedule(entry, options.delayMs);
        return;
      }
      known.item = item;
      if (known.running !== undefined) known.isStale = true;
      else if (known.failures > 0) {
        known.failures = 0;
        schedule(known, options.delayMs);
      }
    },
    async flush() {
      for (let batch = due(); batch.length > 0; batch = due()) {
        await Promise.all(batch.map((entry) => entry.running ?? run(entry)));
      }
    },
    async close() {
      closed = true;
      await Promise.all([...entries.values()].map(({ running }) => running));
      await Promise.all([...entries.values()].map(run));
      entries.clear();
    },
  };
}

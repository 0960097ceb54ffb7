import type { Clock } from "@meshfed/core";
import type { Logger } from "pino";

export interface LogLimiterOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Logs warnings that others can bring about as often as they like: of one kind only the first of each interval. */
export interface LogLimiter {
  /** `kind` tells what is the same to a reader. The next line of a kind says in `suppressed` how many were left out. */
  warn(kind: string, fields: object, message: string): void;
}

const INTERVAL_MS = 10_000;
const MOST_PER_INTERVAL = 10;
/** Kinds are made of what is configured, not of what callers send; those of long ago are forgotten beyond this. */
const MOST_KINDS = 1_000;

interface Interval {
  readonly end: number;
  count: number;
}

export function createLogLimiter({ clock, logger }: LogLimiterOptions): LogLimiter {
  const intervals = new Map<string, Interval>();

  function startInterval(kind: string, now: number): Interval {
    if (intervals.size >= MOST_KINDS) {
      for (const [known, { end }] of intervals) if (end <= now) intervals.delete(known);
    }
    const interval = { end: now + INTERVAL_MS, count: 0 };
    intervals.set(kind, interval);
    return interval;
  }

  return {
    warn(kind, fields, message) {
      const now = clock.now();
      const latest = intervals.get(kind);
      const isOver = latest === undefined || latest.end <= now;
      const interval = isOver ? startInterval(kind, now) : latest;
      interval.count += 1;
      if (interval.count > MOST_PER_INTERVAL) return;
      const suppressed = isOver && latest !== undefined ? latest.count - MOST_PER_INTERVAL : 0;
      logger.warn(suppressed > 0 ? { ...fields, suppressed } : fields, message);
    },
  };
}

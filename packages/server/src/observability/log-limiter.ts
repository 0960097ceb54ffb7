import type { Clock } from "@meshfed/core";
import type { Logger } from "pino";

export interface LogLimiterOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Logs warnings that others can bring about as often as they like: of one kind only the first of each interval. */
export interface LogLimiter {
  /** `kind` tells what is the same to a reader; how many were left out is said with the interval's end. */
  warn(kind: string, fields: object, message: string): void;
}

const INTERVAL_MS = 10_000;
const MOST_PER_INTERVAL = 10;
/** Kinds are made of what was configured, not of what callers send; this is the net below. */
const MOST_KINDS = 10_000;

export function createLogLimiter({ clock, logger }: LogLimiterOptions): LogLimiter {
  const counts = new Map<string, number>();

  function open(kind: string, message: string): void {
    counts.set(kind, 0);
    clock.setTimeout(() => {
      const suppressed = (counts.get(kind) ?? 0) - MOST_PER_INTERVAL;
      counts.delete(kind);
      if (suppressed > 0) logger.warn({ kind, suppressed, intervalMs: INTERVAL_MS }, `${message}: more of the same`);
    }, INTERVAL_MS);
  }

  return {
    warn(kind, fields, message) {
      if (!counts.has(kind)) {
        if (counts.size >= MOST_KINDS) return;
        open(kind, message);
      }
      const count = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, count);
      if (count <= MOST_PER_INTERVAL) logger.warn(fields, message);
    },
  };
}

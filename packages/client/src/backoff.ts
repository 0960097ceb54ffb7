import type { Runtime } from "./runtime.js";

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;

export interface Backoff {
  /** Waits for the next, longer, delay; returns at once when the signal aborts. */
  wait(signal?: AbortSignal): Promise<void>;
  /** The next delay is the first again. */
  reset(): void;
}

/** Delays that double up to half a minute, each shortened at random by up to half so that clients do not march in step. */
export function createBackoff({ clock, random }: Runtime): Backoff {
  let delayMs = FIRST_DELAY_MS;
  return {
    async wait(signal) {
      const current = delayMs * (1 - random() / 2);
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
      if (signal?.aborted === true) return;
      await new Promise<void>((resolve) => {
        const done = () => {
          clock.clearTimeout(timer);
          signal?.removeEventListener("abort", done);
          resolve();
        };
        const timer = clock.setTimeout(done, current);
        signal?.addEventListener("abort", done);
      });
    },
    reset() {
      delayMs = FIRST_DELAY_MS;
    },
  };
}

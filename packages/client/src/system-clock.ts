import type { Clock, TimerHandle } from "@meshfed/core";

/** The clock of the machine or the browser, for delays below 2^31 ms. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback: () => void, delayMs: number): TimerHandle => setTimeout(callback, delayMs),
  clearTimeout(handle: TimerHandle): void {
    if (typeof handle === "number") clearTimeout(handle);
  },
};

import type { Clock, TimerHandle } from "@meshfed/core";

/** What the client takes from its surroundings besides `fetch`. */
export interface Runtime {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Of Node or the browser; its delays must be below 2^31 ms. */
export const systemRuntime: Runtime = {
  clock: {
    now: () => Date.now(),
    setTimeout: (callback: () => void, delayMs: number): TimerHandle => setTimeout(callback, delayMs),
    // A number in browsers, an object in Node.
    clearTimeout: (handle: TimerHandle): void => clearTimeout(handle as number),
  },
  random: Math.random,
};

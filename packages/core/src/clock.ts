/** What `Clock.setTimeout` returned; only good for `Clock.clearTimeout`. */
export type TimerHandle = unknown;

/** Time as an argument: adapters take the system's, tests one that they move by hand. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Runs `callback` once after `delayMs`; delays above 2^31-1 ms are legal. */
  setTimeout(callback: () => void, delayMs: number): TimerHandle;
  clearTimeout(handle: TimerHandle): void;
}

import type { Clock, TimerHandle } from "../clock.js";

export type { Clock, TimerHandle } from "../clock.js";

/** Node fires a timer with a longer delay at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

class SystemTimer {
  #timeout: NodeJS.Timeout | undefined;

  start(callback: () => void, delayMs: number): void {
    const stepMs = Math.min(delayMs, MAX_DELAY_MS);
    this.#timeout = setTimeout(() => {
      if (delayMs > stepMs) this.start(callback, delayMs - stepMs);
      else callback();
    }, stepMs);
  }

  stop(): void {
    clearTimeout(this.#timeout);
  }
}

/** The machine's clock. A timer that is set keeps the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const timer = new SystemTimer();
    timer.start(callback, delayMs);
    return timer;
  },
  clearTimeout(handle: TimerHandle): void {
    if (handle instanceof SystemTimer) handle.stop();
  },
};

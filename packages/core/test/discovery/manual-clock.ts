import type { Clock, TimerHandle } from "@meshfed/core";

interface Timer {
  readonly callback: () => void;
  readonly due: number;
}

/** A clock that the test moves. Delays are counted apart from what `now` shows, so the shown time can step. */
export class ManualClock implements Clock {
  #elapsed = 0;
  #shown: number;
  readonly #timers: Map<number, Timer> = new Map();
  #lastTimer = 0;

  constructor(epochMs: number) {
    this.#shown = epochMs;
  }

  now(): number {
    return this.#shown + this.#elapsed;
  }

  /** How far away each timer is that is set. */
  get pendingMs(): readonly number[] {
    return [...this.#timers.values()].map(({ due }) => due - this.#elapsed).sort((a, b) => a - b);
  }

  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    this.#timers.set(++this.#lastTimer, { callback, due: this.#elapsed + delayMs });
    return this.#lastTimer;
  }

  clearTimeout(handle: TimerHandle): void {
    if (typeof handle === "number") this.#timers.delete(handle);
  }

  /** Fires what becomes due, in order; timers with the same time in the order in which they were set. */
  advance(byMs: number): void {
    const end = this.#elapsed + byMs;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.due <= end).sort(([, a], [, b]) => a.due - b.due)[0];
      if (due === undefined) break;
      const [handle, timer] = due;
      this.#timers.delete(handle);
      this.#elapsed = Math.max(this.#elapsed, timer.due);
      timer.callback();
    }
    this.#elapsed = end;
  }

  /** Changes the time shown, not the time that passes. */
  step(byMs: number): void {
    this.#shown += byMs;
  }
}

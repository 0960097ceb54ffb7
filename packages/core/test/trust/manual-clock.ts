import type { Clock, TimerHandle } from "../../src/clock.js";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Node's longest timer; a longer one fires at once. */
const LONGEST_NODE_TIMER_MS = 2 ** 31 - 1;

/** Time that stands still until it is moved. Refuses delays that Node's timers would cut to nothing. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    if (!(delayMs >= 0 && delayMs <= LONGEST_NODE_TIMER_MS)) throw new Error(`a timer of ${delayMs} ms`);
    const timer: Timer = { at: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(handle: TimerHandle): void {
    this.#timers.delete(handle as Timer);
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Runs what is due on the way, in order of time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }

  /** A step of the wall clock, or a host that slept: time of day jumps, timers do not notice. */
  step(ms: number): void {
    const timers = [...this.#timers];
    this.#timers.clear();
    for (const timer of timers) this.#timers.add({ ...timer, at: timer.at + ms });
    this.#now += ms;
  }

  #next(end: number): Timer | undefined {
    return [...this.#timers].filter((timer) => timer.at <= end).sort((one, other) => one.at - other.at)[0];
  }
}

import type { ResourceStore, StoreEvent, WatchOptions } from "@meshfed/server";

interface Waiter {
  readonly isDone: (events: readonly StoreEvent[]) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Runs a watch and keeps what it tells. */
export class WatchRecorder {
  readonly events: StoreEvent[] = [];
  /** Resolves when the watch has ended; rejects with what it threw. */
  readonly ended: Promise<void>;
  readonly #controller = new AbortController();
  readonly #waiters = new Set<Waiter>();

  constructor(store: ResourceStore, options: Omit<WatchOptions, "signal">) {
    this.ended = this.#run(store.watch({ ...options, signal: this.#controller.signal }));
    // Who waits for `ended` sees the error; nobody has to.
    this.ended.catch(() => undefined);
  }

  /** `ADDED a`, `DELETED b`, `BOOKMARK`, in the order of arrival. */
  get summary(): string[] {
    return this.events.map((event) =>
      event.type === "BOOKMARK" ? event.type : `${event.type} ${event.object.metadata.name}`,
    );
  }

  /** Resolves once the events satisfy the condition; rejects when the watch ends first. */
  until(isDone: (events: readonly StoreEvent[]) => boolean): Promise<void> {
    if (isDone(this.events)) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.add({ isDone, resolve, reject }));
  }

  /** Resolves once there are as many events. */
  untilCount(count: number): Promise<void> {
    return this.until((events) => events.length >= count);
  }

  async stop(): Promise<void> {
    this.#controller.abort();
    await this.ended;
  }

  async #run(watch: AsyncIterable<StoreEvent>): Promise<void> {
    try {
      for await (const event of watch) {
        this.events.push(event);
        this.#settleWaiters();
      }
    } finally {
      for (const waiter of this.#waiters) waiter.reject(new Error(`the watch ended after: ${this.summary.join(", ")}`));
    }
  }

  #settleWaiters(): void {
    for (const waiter of this.#waiters) {
      if (!waiter.isDone(this.events)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}

/** The version that an event stands for. */
export function versionOf(event: StoreEvent): string {
  return event.type === "BOOKMARK" ? event.resourceVersion : (event.object.metadata.resourceVersion ?? "");
}

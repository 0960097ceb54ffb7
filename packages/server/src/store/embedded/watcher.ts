import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "@meshfed/core";
import type { StoreEvent, WatchOptions } from "../resource-store.js";
import type { Change, ChangeLog } from "./change-log.js";
import type { ObjectTable } from "./object-table.js";
import { repeat } from "./repeat.js";
import type { TypeId } from "./type-index.js";
import { toStoreEvent } from "./watch-event.js";

/** Objects or changes looked at before other work on the event loop gets its turn. */
const MAX_PER_TURN = 1_000;

export interface WatcherSources {
  readonly log: ChangeLog;
  readonly table: ObjectTable;
  readonly clock: Clock;
  readonly bookmarkIntervalMs: number;
  /** Ends every watch. */
  readonly closing: AbortSignal;
}

/**
 * One watch: reads the log on from where it is, as fast as its consumer takes the events, and waits at the end of it.
 * Nothing is buffered but one read, so a consumer that stops reading costs nothing until the log is compacted past it.
 */
export class Watcher implements AsyncIterableIterator<StoreEvent> {
  readonly #sources: WatcherSources;
  readonly #type: TypeId;
  readonly #options: WatchOptions;
  readonly #events: AsyncGenerator<StoreEvent, void, undefined>;
  /** The version up to which everything was seen; undefined: start with what exists. */
  #position: number | undefined;
  #isStopped = false;
  #isBookmarkDue = false;
  #wake: (() => void) | undefined;

  constructor(sources: WatcherSources, type: TypeId, position: number | undefined, options: WatchOptions) {
    this.#sources = sources;
    this.#type = type;
    this.#position = position;
    this.#options = options;
    this.#events = this.#run();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<StoreEvent>> {
    return this.#events.next();
  }

  /** Ends the watch even while a `next` waits. */
  return(): Promise<IteratorResult<StoreEvent>> {
    this.stop();
    return this.#events.return();
  }

  /** Ends the watch: a waiting `next` is answered at once, later ones too. */
  stop(): void {
    this.#isStopped = true;
    this.#wake?.();
  }

  async *#run(): AsyncGenerator<StoreEvent, void, undefined> {
    const stop = () => this.stop();
    const signals = [this.#options.signal, this.#sources.closing];
    if (signals.some((signal) => signal.aborted)) return;
    for (const signal of signals) signal.addEventListener("abort", stop, { once: true });
    const unsubscribe = this.#sources.log.subscribe(this.#type, () => this.#wake?.());
    const cancelBookmarks = this.#options.allowBookmarks ? this.#startBookmarks() : undefined;
    try {
      const position = this.#position ?? (yield* this.#initialEvents());
      yield* this.#changesAfter(position);
    } finally {
      cancelBookmarks?.();
      unsubscribe();
      for (const signal of signals) signal.removeEventListener("abort", stop);
    }
  }

  /** An ADDED per object that exists; returns the version that they show. */
  async *#initialEvents(): AsyncGenerator<StoreEvent, number, undefined> {
    const position = this.#sources.log.version;
    const { namespace, matches = () => true } = this.#options;
    let looked = 0;
    for (const object of this.#sources.table.range(this.#type, namespace)) {
      looked += 1;
      if (looked % MAX_PER_TURN === 0) await nextTurn();
      if (this.#isStopped) return position;
      if (matches(object)) yield { type: "ADDED", object };
    }
    if (this.#options.allowBookmarks) yield bookmark(position);
    return position;
  }

  async *#changesAfter(start: number): AsyncGenerator<StoreEvent, void, undefined> {
    let position = start;
    while (!this.#isStopped) {
      const changes = this.#sources.log.read(this.#type, position, MAX_PER_TURN);
      if (changes.length > 0) {
        yield* this.#eventsOf(changes);
        position = changes.at(-1)?.version ?? position;
        if (changes.length === MAX_PER_TURN) await nextTurn();
      } else {
        position = this.#sources.log.version;
        if (this.#isBookmarkDue) yield this.#takeBookmark(position);
        else await this.#woken();
      }
    }
  }

  *#eventsOf(changes: readonly Change[]): Generator<StoreEvent, void, undefined> {
    for (const change of changes) {
      if (this.#isStopped) return;
      const event = toStoreEvent(change, this.#options);
      if (event !== undefined) yield event;
    }
  }

  #startBookmarks(): () => void {
    return repeat(this.#sources.clock, this.#sources.bookmarkIntervalMs, () => {
      this.#isBookmarkDue = true;
      this.#wake?.();
    });
  }

  #takeBookmark(position: number): StoreEvent {
    this.#isBookmarkDue = false;
    return bookmark(position);
  }

  /** Resolves on the next change of the kind, bookmark or stop. Checking and waiting happen in one turn: none is missed. */
  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

function bookmark(version: number): StoreEvent {
  return { type: "BOOKMARK", resourceVersion: String(version) };
}

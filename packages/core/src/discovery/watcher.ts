/**
 * The importing side's view of one peer, as a state machine: inputs in, effects out, no clock, no socket.
 *
 * Two requests feed it. The watch says what changes from now on, the list says what there is. A list is fetched whenever
 * a watch has opened, at every resync period even without a watch, and when a checksum does not match. The rules:
 *
 * 1. An event is applied when it arrives, also while a list is under way. Events say what a service is, not how it
 *    differs, so one that is applied twice or late is put right by those that follow it.
 * 2. Every event carries the checksum of the exporter's list after it. If this view has it, the view is confirmed. If
 *    not, one list is fetched after a short delay, however many events differ; a later event that matches calls it off.
 *    The delay doubles for as long as no event matches (replicas that differ, checksums that cannot be recomputed).
 * 3. A list travels on another connection than the events, so it may be older or newer than the last event. Events that
 *    arrived since it was requested are kept and placed by their checksums: see `eventsAfterList`. What could not be
 *    confirmed falls under rule 2.
 * 4. There is no heartbeat. A watch is suspected, closed and opened again when lists cannot be fetched several times
 *    running, or when two lists running differ from what the watch said last and it said nothing in between.
 * 5. The wait before a reconnect grows until a watch has been open for a while. An orderly end waits like any other, so
 *    a server that closes at once is not asked in a loop.
 * 6. What was imported stays while the peer is away.
 *
 * @see reference §5.3; faults 10.1, 10.10, 10.27, 10.28, 10.45
 */
import { Backoff } from "./backoff.js";
import type { ReceivedWatchEvent } from "./decode-message.js";
import type { WatchStatus } from "./discovery-status.js";
import { eventsAfterList, type StreamSinceRequest } from "./events-after-list.js";
import type { ServiceMessage } from "./message.js";
import { type CheckService, ServiceView } from "./service-view.js";
import { WatchStatusRecord } from "./watch-status-record.js";
import type { StreamEnd, WatcherEffect, WatcherInput, WatcherTimer } from "./watcher-messages.js";
import { type CompleteWatcherOptions, resolveWatcherOptions, type WatcherOptions } from "./watcher-options.js";

/**
 * `waiting`: for the reconnect timer. `open`: 200 was received; `checksum` is what the stream said last, or what the
 * first list said if it has said nothing, and `silentLists` how many lists running differed from that.
 */
type Connection =
  | { readonly kind: "stopped" | "waiting" }
  | { readonly kind: "connecting"; readonly watch: number }
  | { readonly kind: "open"; readonly watch: number; checksum: bigint | undefined; silentLists: number };

interface Fetch extends StreamSinceRequest {
  readonly id: number;
  readonly events: ReceivedWatchEvent[];
  /** The list that the view holds, and that is not sent again if it has not changed. */
  readonly known: KnownList | undefined;
}

interface KnownList {
  readonly entityTag: string;
  readonly checksum: bigint;
}

type Answered<Type extends WatcherInput["type"]> = Extract<WatcherInput, { readonly type: Type }>;
type ListAnswer = Answered<"listReceived" | "listUnchanged" | "listFailed">;

const MAX_SILENT_LISTS = 2;
/** What is sent back to the peer. @see RFC 9110 §8.8.3 */
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e]{0,256}"$/;

export class Watcher {
  readonly #options: CompleteWatcherOptions;
  readonly #view: ServiceView;
  readonly #record = new WatchStatusRecord();
  readonly #watchBackoff: Backoff;
  readonly #listBackoff: Backoff;
  #connection: Connection = { kind: "stopped" };
  #fetch: Fetch | undefined;
  #lastWatch = 0;
  #lastFetch = 0;
  /** False until the first list. */
  #isSynced = false;
  /** Set while the view is exactly a list that came with an entity tag: until the next event. */
  #knownList: KnownList | undefined;
  #isVerifyTimerSet = false;
  /** Lists that were fetched because of a checksum, since an event last matched. */
  #verifications = 0;
  #listFailures = 0;
  #effects: WatcherEffect[] = [];

  /** Throws INVALID_ARGUMENT for options out of range. */
  constructor(check: CheckService, options: WatcherOptions) {
    this.#options = resolveWatcherOptions(options);
    this.#view = new ServiceView(check, this.#options.maxServices);
    this.#watchBackoff = new Backoff(options.random, this.#options.backoff);
    this.#listBackoff = new Backoff(options.random, this.#options.backoff);
  }

  /** Believed services by hostname. Live: it changes with `handle`. */
  get services(): ReadonlyMap<string, ServiceMessage> {
    return this.#view.services;
  }

  /** Announcements that are not believed, by hostname. Live. */
  get rejected(): ServiceView["rejected"] {
    return this.#view.rejected;
  }

  get status(): WatchStatus {
    return this.#record.toStatus();
  }

  /** When the peer last confirmed what is known of it, epoch milliseconds. */
  get lastConfirmed(): number | undefined {
    return this.#record.lastConfirmed;
  }

  /** `now` is only written down, never subtracted from: a clock that steps back delays nothing. */
  handle(input: WatcherInput, now: number): readonly WatcherEffect[] {
    this.#effects = [];
    this.#dispatch(input, now);
    const changes = this.#view.takeChanges();
    if (changes !== undefined) this.#effects.push({ type: "changes", ...changes });
    const report = this.#record.takeReport();
    if (report !== undefined) this.#effects.push({ type: "statusChanged", ...report });
    return this.#effects;
  }

  #dispatch(input: WatcherInput, now: number): void {
    switch (input.type) {
      case "started":
        this.#start(now);
        return;
      case "stopped":
        this.#stop(now, "the watch was stopped");
        return;
      case "configurationChanged":
        this.#reconfigure(input.check, now);
        return;
      case "timer":
        this.#timerFired(input.timer, now);
        return;
      case "watchOpened":
        this.#opened(input.watch);
        return;
      case "events":
        this.#receive(input.watch, input.events, now);
        return;
      case "streamEnded":
        if ("watch" in this.#connection && this.#connection.watch === input.watch) {
          this.#ended(now, endReason(input.end));
        }
        return;
      case "listReceived":
      case "listUnchanged":
      case "listFailed":
        this.#fetched(input, now);
        return;
    }
  }

  #start(now: number): void {
    if (this.#connection.kind !== "stopped") return;
    this.#setTimer("resync", this.#options.resyncIntervalMs);
    this.#attempt(now);
  }

  #stop(now: number, reason: string): void {
    if (this.#connection.kind === "stopped") return;
    this.#disconnect(now, reason);
    this.#clearTimer("resync");
    this.#connection = { kind: "stopped" };
  }

  #reconfigure(check: CheckService, now: number): void {
    this.#view.recheck(check);
    this.#watchBackoff.reset();
    this.#listBackoff.reset();
    this.#knownList = undefined;
    this.#verifications = 0;
    if (this.#connection.kind === "stopped") return;
    this.#disconnect(now, "the peer's configuration changed");
    this.#attempt(now);
  }

  #timerFired(timer: WatcherTimer, now: number): void {
    if (this.#connection.kind === "stopped") return;
    switch (timer) {
      case "reconnect":
        if (this.#connection.kind === "waiting") this.#attempt(now);
        return;
      case "stable":
        this.#watchBackoff.reset();
        return;
      case "resync":
        this.#setTimer("resync", this.#options.resyncIntervalMs);
        if (this.#fetch === undefined) this.#fetchList();
        return;
      case "verify":
        this.#isVerifyTimerSet = false;
        this.#verifications++;
        if (this.#fetch === undefined) this.#fetchList();
        return;
      case "retryList":
        if (this.#fetch === undefined) this.#fetchList();
        return;
    }
  }

  // The watch.

  #attempt(now: number): void {
    this.#lastWatch++;
    this.#connection = { kind: "connecting", watch: this.#lastWatch };
    this.#record.attemptStarted(now);
    this.#effects.push({ type: "openWatch", watch: this.#lastWatch });
  }

  /** A list that was requested before the watch was open may lack what changed in between: it is requested again. */
  #opened(watch: number): void {
    if (this.#connection.kind !== "connecting" || this.#connection.watch !== watch) return;
    this.#connection = { kind: "open", watch, checksum: undefined, silentLists: 0 };
    this.#listFailures = 0;
    this.#record.opened();
    this.#setTimer("stable", this.#options.stableAfterMs);
    this.#fetchList();
  }

  #receive(watch: number, events: readonly ReceivedWatchEvent[], now: number): void {
    const connection = this.#connection;
    const last = events.at(-1);
    if (connection.kind !== "open" || connection.watch !== watch || last === undefined) return;
    this.#record.eventReceived(now);
    connection.checksum = last.checksum;
    connection.silentLists = 0;
    this.#keepEvents(events);
    if (!this.#isSynced) return;
    for (const event of events) this.#view.apply(event);
    this.#knownList = undefined;
    if (this.#view.checksum === last.checksum) this.#eventMatched(now);
    else if (this.#fetch === undefined) this.#verifyLater();
  }

  #keepEvents(events: readonly ReceivedWatchEvent[]): void {
    const kept = this.#fetch?.events;
    if (kept === undefined) return;
    for (const event of events) kept.push(event);
    const excess = kept.length - this.#options.maxKeptEvents;
    if (excess > 0) kept.splice(0, excess);
  }

  #eventMatched(now: number): void {
    this.#verifications = 0;
    this.#record.lastConfirmed = now;
    this.#clearVerifyTimer();
  }

  #suspect(message: string, now: number): void {
    this.#effects.push({ type: "problem", reason: "WatchSuspected", message });
    this.#closeWatch();
    this.#ended(now, message);
  }

  #closeWatch(): void {
    if (!("watch" in this.#connection)) return;
    this.#effects.push({ type: "closeWatch", watch: this.#connection.watch });
  }

  #ended(now: number, reason: string): void {
    this.#record.ended(now, reason);
    this.#connection = { kind: "waiting" };
    this.#clearTimer("stable");
    this.#clearTimer("retryList");
    this.#clearVerifyTimer();
    this.#setTimer("reconnect", this.#watchBackoff.nextDelayMs());
  }

  /** Ends the watch and the fetch from our side, and what waits for them. */
  #disconnect(now: number, reason: string): void {
    this.#closeWatch();
    if (this.#connection.kind !== "waiting") this.#record.ended(now, reason);
    if (this.#fetch !== undefined) this.#effects.push({ type: "cancelFetch", fetch: this.#fetch.id });
    this.#fetch = undefined;
    this.#clearTimer("reconnect");
    this.#clearTimer("stable");
    this.#clearTimer("retryList");
    this.#clearVerifyTimer();
  }

  // The list.

  #fetchList(): void {
    this.#clearTimer("retryList");
    this.#clearVerifyTimer();
    const id = ++this.#lastFetch;
    const checksumBefore = this.#connection.kind === "open" ? this.#connection.checksum : undefined;
    const known = this.#knownList;
    this.#fetch = { id, checksumBefore, events: [], known };
    this.#effects.push({ type: "fetchList", fetch: id, ...(known !== undefined && { ifNoneMatch: known.entityTag }) });
  }

  #fetched(answer: ListAnswer, now: number): void {
    const fetch = this.#fetch;
    if (fetch?.id !== answer.fetch) return;
    this.#fetch = undefined;
    switch (answer.type) {
      case "listReceived":
        this.#listReceived(fetch, answer, now);
        return;
      case "listUnchanged":
        this.#listUnchanged(fetch, now);
        return;
      case "listFailed":
        this.#listFailed(answer, now);
        return;
    }
  }

  #listReceived(fetch: Fetch, { list, entityTag }: Answered<"listReceived">, now: number): void {
    this.#view.replace(list);
    const events = eventsAfterList(list.checksum, fetch, this.#view);
    for (const event of events) this.#view.apply(event);
    this.#isSynced = true;
    const isKnown = events.length === 0 && entityTag !== undefined && ENTITY_TAG.test(entityTag);
    this.#knownList = isKnown ? { entityTag, checksum: list.checksum } : undefined;
    this.#listProcessed(fetch, events.length === 0 ? list.checksum : this.#view.checksum, now);
  }

  /** This view was the peer's list when the fetch began; the events since then have been applied to it. */
  #listUnchanged(fetch: Fetch, now: number): void {
    if (fetch.known === undefined) return;
    this.#listProcessed(fetch, fetch.events.length === 0 ? fetch.known.checksum : this.#view.checksum, now);
  }

  /** `checksum`: where the list and the events that it lacked have led. */
  #listProcessed(fetch: Fetch, checksum: bigint, now: number): void {
    this.#listFailures = 0;
    this.#listBackoff.reset();
    this.#record.listProcessed(now);
    if (this.#connection.kind !== "open") return;
    this.#connection.checksum ??= checksum;
    if (this.#connection.checksum === checksum) {
      this.#connection.silentLists = 0;
      return;
    }
    if (fetch.events.length === 0) this.#connection.silentLists++;
    if (this.#connection.silentLists < MAX_SILENT_LISTS) this.#verifyLater();
    else this.#suspect("the watch says nothing although the service list has changed", now);
  }

  #listFailed({ kind, message }: Answered<"listFailed">, now: number): void {
    const reason = kind === "invalid" ? "ListInvalid" : "ListUnreachable";
    this.#effects.push({ type: "problem", reason, message });
    if (this.#connection.kind !== "open" || kind === "invalid") return;
    this.#listFailures++;
    if (this.#listFailures < this.#options.maxListFailures) {
      this.#setTimer("retryList", this.#listBackoff.nextDelayMs());
    } else {
      this.#suspect(`the service list cannot be fetched: ${message}`, now);
    }
  }

  /** One list for however many events that do not match. */
  #verifyLater(): void {
    if (this.#isVerifyTimerSet) return;
    const { verifyDelayMs, resyncIntervalMs } = this.#options;
    this.#isVerifyTimerSet = true;
    this.#setTimer("verify", Math.min(verifyDelayMs * 2 ** this.#verifications, resyncIntervalMs));
  }

  // Timers.

  #clearVerifyTimer(): void {
    if (this.#isVerifyTimerSet) this.#clearTimer("verify");
    this.#isVerifyTimerSet = false;
  }

  #setTimer(timer: WatcherTimer, delayMs: number): void {
    this.#effects.push({ type: "setTimer", timer, delayMs });
  }

  #clearTimer(timer: WatcherTimer): void {
    this.#effects.push({ type: "clearTimer", timer });
  }
}

function endReason(end: StreamEnd): string {
  switch (end.kind) {
    case "orderly":
      return "200 OK";
    case "status":
      return end.status;
    case "error":
      return end.message;
  }
}

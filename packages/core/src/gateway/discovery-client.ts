/**
 * Runs a `Watcher` against a real peer: carries out its effects with HTTP requests and timers, and tells it what came of
 * them. Decides nothing.
 * @see reference §4.1, §5.3
 */
import type { IncomingMessage } from "node:http";
import type { Clock, TimerHandle } from "../clock.js";
import { checkAnnouncement } from "../discovery/announcement.js";
import { decodeServiceList } from "../discovery/decode-message.js";
import { DEFAULT_DISCOVERY_LIMITS, type DiscoveryLimits } from "../discovery/discovery-limits.js";
import type { WatchStatus } from "../discovery/discovery-status.js";
import type { ServiceMessage } from "../discovery/message.js";
import type { CheckService, ServiceChanges } from "../discovery/service-view.js";
import { WatchEventDecoder } from "../discovery/watch-event-decoder.js";
import { Watcher } from "../discovery/watcher.js";
import type { StreamEnd, WatcherEffect, WatcherInput, WatcherTimer } from "../discovery/watcher-messages.js";
import type { WatcherOptions } from "../discovery/watcher-options.js";
import { type FieldViolation, formatViolations } from "../result.js";
import { systemClock } from "./clock.js";
import {
  BodyTooLongError,
  DEFAULT_DISCOVERY_TIMEOUTS,
  type DiscoveryTarget,
  type DiscoveryTimeouts,
  type ExchangeContext,
  errorText,
  failureText,
  openDiscoveryRequest,
  readText,
  responseStatus,
  withDeadline,
} from "./discovery-request.js";

/** What may change while a client runs. */
export interface DiscoveryPeer {
  readonly target: DiscoveryTarget;
  /** The only trust domain in which the peer may announce accounts. */
  readonly trustDomain: string;
}

/** For logs. `ObserverFailed`: a callback threw. */
export interface DiscoveryProblem {
  readonly reason: Extract<WatcherEffect, { readonly type: "problem" }>["reason"] | "ObserverFailed";
  readonly message: string;
}

export interface DiscoveryClientOptions extends Partial<Omit<WatcherOptions, "maxServices">> {
  readonly peer: DiscoveryPeer;
  /** Defaults to the machine's. */
  readonly clock?: Clock;
  readonly limits?: Partial<DiscoveryLimits>;
  readonly timeouts?: Partial<DiscoveryTimeouts>;
  /** Called once per chunk of events or list that changed something. */
  readonly onChanges: (changes: ServiceChanges, lastConfirmed: number | undefined) => void;
  /** At most once a second because of events. */
  readonly onStatus: (status: WatchStatus, lastConfirmed: number | undefined) => void;
  /** Must not throw. */
  readonly onProblem?: (problem: DiscoveryProblem) => void;
}

export interface DiscoveryClient {
  start(): void;
  /** Judges what is known by the new trust domain and reconnects at once, with a fresh backoff. Imports stay. */
  configure(peer: DiscoveryPeer): void;
  /** Closes connections and timers. Imports stay; `start` goes on from there. */
  stop(): void;
  /** Believed services by hostname. Live. */
  readonly services: ReadonlyMap<string, ServiceMessage>;
  /** Announcements that are not believed, by hostname. Live. */
  readonly rejected: ReadonlyMap<string, readonly FieldViolation[]>;
  readonly status: WatchStatus;
  /** Epoch milliseconds. */
  readonly lastConfirmed: number | undefined;
}

/** Throws INVALID_ARGUMENT for options out of range. */
export function createDiscoveryClient(options: DiscoveryClientOptions): DiscoveryClient {
  return new HttpDiscoveryClient(options);
}

class HttpDiscoveryClient implements DiscoveryClient {
  readonly #options: DiscoveryClientOptions;
  readonly #clock: Clock;
  readonly #limits: DiscoveryLimits;
  readonly #timeouts: DiscoveryTimeouts;
  readonly #watcher: Watcher;
  readonly #timers: Map<WatcherTimer, TimerHandle> = new Map();
  readonly #inputs: WatcherInput[] = [];
  #isHandling = false;
  #target: DiscoveryTarget;
  #watchExchange: AbortController | undefined;
  #listExchange: AbortController | undefined;

  constructor(options: DiscoveryClientOptions) {
    const { peer, random = Math.random } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#limits = { ...DEFAULT_DISCOVERY_LIMITS, ...options.limits };
    this.#timeouts = { ...DEFAULT_DISCOVERY_TIMEOUTS, ...options.timeouts };
    this.#target = peer.target;
    this.#watcher = new Watcher(this.#checkFor(peer), {
      ...options,
      random,
      maxServices: this.#limits.maxServices,
    });
  }

  get services(): ReadonlyMap<string, ServiceMessage> {
    return this.#watcher.services;
  }

  get rejected(): ReadonlyMap<string, readonly FieldViolation[]> {
    return this.#watcher.rejected;
  }

  get status(): WatchStatus {
    return this.#watcher.status;
  }

  get lastConfirmed(): number | undefined {
    return this.#watcher.lastConfirmed;
  }

  start(): void {
    this.#feed({ type: "started" });
  }

  configure(peer: DiscoveryPeer): void {
    this.#target = peer.target;
    this.#feed({ type: "configurationChanged", check: this.#checkFor(peer) });
  }

  stop(): void {
    this.#feed({ type: "stopped" });
  }

  #checkFor({ trustDomain }: DiscoveryPeer): CheckService {
    return (service) => checkAnnouncement(service, { peerTrustDomain: trustDomain, limits: this.#limits });
  }

  /** One input at a time, also when a callback calls back. */
  #feed(input: WatcherInput): void {
    this.#inputs.push(input);
    if (this.#isHandling) return;
    this.#isHandling = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        for (const effect of this.#watcher.handle(next, this.#clock.now())) this.#carryOut(effect);
      }
    } finally {
      this.#isHandling = false;
    }
  }

  #carryOut(effect: WatcherEffect): void {
    switch (effect.type) {
      case "openWatch":
        this.#openWatch(effect.watch);
        return;
      case "closeWatch":
        this.#watchExchange?.abort();
        return;
      case "fetchList":
        this.#fetchList(effect.fetch, effect.ifNoneMatch);
        return;
      case "cancelFetch":
        this.#listExchange?.abort();
        return;
      case "setTimer":
        this.#setTimer(effect.timer, effect.delayMs);
        return;
      case "clearTimer":
        this.#clearTimer(effect.timer);
        return;
      case "changes":
        this.#notify(() => this.#options.onChanges(effect, this.#watcher.lastConfirmed));
        return;
      case "statusChanged":
        this.#notify(() => this.#options.onStatus(effect.status, effect.lastConfirmed));
        return;
      case "problem":
        this.#options.onProblem?.({ reason: effect.reason, message: effect.message });
        return;
    }
  }

  #notify(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#options.onProblem?.({ reason: "ObserverFailed", message: errorText(error) });
    }
  }

  #setTimer(timer: WatcherTimer, delayMs: number): void {
    this.#clearTimer(timer);
    const fire = () => {
      this.#timers.delete(timer);
      this.#feed({ type: "timer", timer });
    };
    this.#timers.set(timer, this.#clock.setTimeout(fire, delayMs));
  }

  #clearTimer(timer: WatcherTimer): void {
    const handle = this.#timers.get(timer);
    if (handle === undefined) return;
    this.#clock.clearTimeout(handle);
    this.#timers.delete(timer);
  }

  #context(exchange: AbortController): ExchangeContext {
    return { clock: this.#clock, timeouts: this.#timeouts, exchange };
  }

  // The watch.

  #openWatch(watch: number): void {
    this.#watchExchange?.abort();
    const exchange = new AbortController();
    this.#watchExchange = exchange;
    void this.#watch(watch, this.#context(exchange)).then((end) => {
      exchange.abort();
      this.#feed({ type: "streamEnded", watch, end });
    });
  }

  /** Never rejects. */
  async #watch(watch: number, context: ExchangeContext): Promise<StreamEnd> {
    try {
      const response = await openDiscoveryRequest({ target: this.#target, path: "/v1/watch" }, context);
      if (response.statusCode !== 200) return { kind: "status", status: responseStatus(response) };
      this.#feed({ type: "watchOpened", watch });
      return await this.#readEvents(watch, response);
    } catch (error) {
      return { kind: "error", message: failureText(error, context) };
    }
  }

  async #readEvents(watch: number, response: IncomingMessage): Promise<StreamEnd> {
    const decoder = new WatchEventDecoder(this.#limits);
    response.setEncoding("utf8");
    for await (const chunk of response as AsyncIterable<string>) {
      const { events, error } = decoder.push(chunk);
      if (events.length > 0) this.#feed({ type: "events", watch, events });
      if (error !== undefined) return { kind: "error", message: errorText(error) };
    }
    const error = decoder.end();
    return error === undefined ? { kind: "orderly" } : { kind: "error", message: error };
  }

  // The list.

  #fetchList(fetch: number, ifNoneMatch: string | undefined): void {
    this.#listExchange?.abort();
    const exchange = new AbortController();
    this.#listExchange = exchange;
    void this.#list(fetch, ifNoneMatch, this.#context(exchange)).then((answer) => {
      exchange.abort();
      this.#feed(answer);
    });
  }

  /** Never rejects. */
  async #list(fetch: number, ifNoneMatch: string | undefined, context: ExchangeContext): Promise<WatcherInput> {
    const request = { target: this.#target, path: "/v1/services/", ifNoneMatch } as const;
    try {
      return await withDeadline(context, this.#timeouts.listTimeoutMs, "no complete service list", async () => {
        const response = await openDiscoveryRequest(request, context);
        if (response.statusCode === 304 && ifNoneMatch !== undefined) return { type: "listUnchanged", fetch };
        if (response.statusCode !== 200) return unreachable(fetch, responseStatus(response));
        return this.#listAnswer(fetch, response.headers.etag, await readText(response, this.#limits.maxListBytes));
      });
    } catch (error) {
      const message = failureText(error, context);
      if (error instanceof BodyTooLongError) return { type: "listFailed", fetch, kind: "invalid", message };
      return unreachable(fetch, message);
    }
  }

  #listAnswer(fetch: number, entityTag: string | undefined, text: string): WatcherInput {
    const list = decodeServiceList(text, this.#limits);
    if (!list.ok) return { type: "listFailed", fetch, kind: "invalid", message: formatViolations(list.violations) };
    return { type: "listReceived", fetch, list: list.value, ...(entityTag !== undefined && { entityTag }) };
  }
}

function unreachable(fetch: number, message: string): WatcherInput {
  return { type: "listFailed", fetch, kind: "unreachable", message };
}

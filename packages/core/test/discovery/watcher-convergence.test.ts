import {
  DEFAULT_DISCOVERY_LIMITS,
  decodeServiceList,
  decodeWatchEvent,
  type ExportChange,
  type ExportEvent,
  Exporter,
  type ServiceMessage,
  Watcher,
  type WatcherEffect,
  type WatcherInput,
  type WatcherTimer,
} from "@meshfed/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ManualClock } from "./manual-clock.js";
import { exportedHostname, exportedMessage } from "./service-arbitraries.js";
import { believeIn, START } from "./watcher-run.js";

interface NetworkOptions {
  readonly resyncIntervalMs: number;
  /** Of each step of each message, in turn. */
  readonly delaysMs: readonly number[];
  /** How far the replica that answers lists is behind the one that serves watches. */
  readonly replicaLagMs: number;
  readonly sendsEntityTags: boolean;
}

/**
 * A watcher and an exporter with a network between them that delays everything, keeps the order within a stream only,
 * and can be made to fail.
 */
class DelayedNetwork {
  readonly clock = new ManualClock(START);
  readonly exporter = new Exporter("test");
  readonly imported = new Map<string, ServiceMessage>();
  readonly watcher: Watcher;
  isFailing = false;
  fetches = 0;
  readonly #listReplica = new Exporter("test");
  readonly #options: NetworkOptions;
  readonly #timers = new Map<WatcherTimer, unknown>();
  #delay = 0;
  /** The stream that the exporter writes to, and when its last message arrives. */
  #stream: { readonly watch: number; arrivesAt: number } | undefined;

  constructor(options: NetworkOptions) {
    this.#options = options;
    const { resyncIntervalMs } = options;
    this.watcher = new Watcher(believeIn("red-mesh.local"), { random: () => 0.5, resyncIntervalMs });
  }

  start(): void {
    this.#feed({ type: "started" });
  }

  publish(change: ExportChange): void {
    const events = this.exporter.apply(change);
    this.clock.setTimeout(() => this.#listReplica.apply(change), this.#options.replicaLagMs);
    for (const event of events) this.#send(event);
  }

  breakStream(isOrderly: boolean): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#stream = undefined;
    const end = isOrderly ? ({ kind: "orderly" } as const) : ({ kind: "error", message: "read ECONNRESET" } as const);
    this.#after(() => this.#feed({ type: "streamEnded", watch: stream.watch, end }));
  }

  #send({ json }: ExportEvent): void {
    const stream = this.#stream;
    const event = decodeWatchEvent(json);
    if (stream === undefined || !event.ok) return;
    stream.arrivesAt = Math.max(stream.arrivesAt, this.clock.now() + this.#nextDelay());
    this.clock.setTimeout(() => {
      this.#feed({ type: "events", watch: stream.watch, events: [event.value] });
    }, stream.arrivesAt - this.clock.now());
  }

  #nextDelay(): number {
    const { delaysMs } = this.#options;
    return delaysMs[this.#delay++ % delaysMs.length] ?? 0;
  }

  #after(callback: () => void): void {
    this.clock.setTimeout(callback, this.#nextDelay());
  }

  #feed(input: WatcherInput): void {
    for (const effect of this.watcher.handle(input, this.clock.now())) this.#carryOut(effect);
  }

  #carryOut(effect: WatcherEffect): void {
    switch (effect.type) {
      case "openWatch":
        this.#openWatch(effect.watch);
        return;
      case "closeWatch":
        if (this.#stream?.watch === effect.watch) this.#stream = undefined;
        return;
      case "fetchList":
        this.#fetchList(effect.fetch, effect.ifNoneMatch);
        return;
      case "setTimer":
        this.clock.clearTimeout(this.#timers.get(effect.timer));
        this.#timers.set(
          effect.timer,
          this.clock.setTimeout(() => this.#feed({ type: "timer", timer: effect.timer }), effect.delayMs),
        );
        return;
      case "clearTimer":
        this.clock.clearTimeout(this.#timers.get(effect.timer));
        return;
      case "changes":
        for (const hostname of effect.removed) expect(this.imported.delete(hostname)).toBe(true);
        for (const service of effect.upserted) this.imported.set(service.hostname, service);
        return;
      default:
        return;
    }
  }

  #openWatch(watch: number): void {
    this.#after(() => {
      if (this.isFailing) {
        this.#after(() => this.#feed({ type: "streamEnded", watch, end: { kind: "status", status: "503" } }));
        return;
      }
      const delayMs = this.#nextDelay();
      this.#stream = { watch, arrivesAt: this.clock.now() + delayMs };
      this.clock.setTimeout(() => this.#feed({ type: "watchOpened", watch }), delayMs);
    });
  }

  #fetchList(fetch: number, ifNoneMatch: string | undefined): void {
    this.fetches++;
    this.#after(() => {
      const { entityTag } = this.#listReplica;
      const list = decodeServiceList(this.#listReplica.encodeList(), DEFAULT_DISCOVERY_LIMITS);
      if (this.isFailing || !list.ok) {
        this.#after(() => this.#feed({ type: "listFailed", fetch, kind: "unreachable", message: "503" }));
      } else if (ifNoneMatch === entityTag) {
        this.#after(() => this.#feed({ type: "listUnchanged", fetch }));
      } else {
        const tag = this.#options.sendsEntityTags ? { entityTag } : {};
        this.#after(() => this.#feed({ type: "listReceived", fetch, list: list.value, ...tag }));
      }
    });
  }
}

const change = fc.record({
  upserted: fc.array(exportedMessage, { maxLength: 3 }),
  removed: fc.array(exportedHostname, { maxLength: 2 }),
});

const step = fc.oneof(
  { weight: 6, arbitrary: change.map((next) => (network: DelayedNetwork) => network.publish(next)) },
  {
    weight: 4,
    arbitrary: fc.integer({ min: 0, max: 3_000 }).map((ms) => (network: DelayedNetwork) => network.clock.advance(ms)),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((isOrderly) => (network: DelayedNetwork) => network.breakStream(isOrderly)),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((isFailing) => (network: DelayedNetwork) => {
      network.isFailing = isFailing;
    }),
  },
);

const options = fc.record({
  delaysMs: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 12 }),
  replicaLagMs: fc.constantFrom(0, 0, 50, 700),
  sendsEntityTags: fc.boolean(),
});

const MINUTE = 60_000;

function importedAndExported(network: DelayedNetwork) {
  const byHostname = (a: ServiceMessage, b: ServiceMessage) => (a.hostname < b.hostname ? -1 : 1);
  return {
    watched: [...network.watcher.services.values()].sort(byHostname),
    reported: [...network.imported.values()].sort(byHostname),
    exported: network.exporter.list().services,
  };
}

test("however changes, events, lists and failures interleave, the importer ends with what is exported", () => {
  fc.assert(
    fc.property(options, fc.array(step, { maxLength: 40 }), (networkOptions, steps) => {
      // No periodic list comes to help: the events and what follows from their checksums must do.
      const network = new DelayedNetwork({ ...networkOptions, replicaLagMs: 0, resyncIntervalMs: 120 * MINUTE });
      network.start();
      for (const act of steps) act(network);
      network.isFailing = false;
      network.clock.advance(60 * MINUTE);

      const { watched, reported, exported } = importedAndExported(network);
      expect(watched).toEqual(exported);
      expect(reported).toEqual(exported);
      expect(network.watcher.status.connected).toBe(true);
      const { fetches } = network;
      network.clock.advance(30 * MINUTE);
      expect(network.fetches).toBe(fetches);
    }),
    { numRuns: 400 },
  );
});

test("10.1, 10.45: from one replica that does not fail, everything comes within a second and by a single list", () => {
  const pauseMs = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 2_000 }));
  fc.assert(
    fc.property(options, fc.array(fc.tuple(change, pauseMs), { maxLength: 40 }), (networkOptions, published) => {
      const network = new DelayedNetwork({ ...networkOptions, replicaLagMs: 0, resyncIntervalMs: 120 * MINUTE });
      network.start();
      for (const [next, pause] of published) {
        network.publish(next);
        network.clock.advance(pause);
      }
      // A connection takes two delays of at most 400 ms, its list two more, an event one.
      network.clock.advance(2_000);
      const { watched, reported, exported } = importedAndExported(network);
      expect(watched).toEqual(exported);
      expect(reported).toEqual(exported);
      network.clock.advance(60 * MINUTE);
      expect(network.fetches).toBe(1);
    }),
    { numRuns: 400 },
  );
});

test("10.45: a list a minute puts right what a replica that lags behind has spoilt", () => {
  fc.assert(
    fc.property(options, fc.array(step, { maxLength: 20 }), (networkOptions, steps) => {
      const network = new DelayedNetwork({ ...networkOptions, resyncIntervalMs: MINUTE });
      network.start();
      for (const act of steps) act(network);
      network.isFailing = false;
      network.clock.advance(5 * MINUTE);
      const { watched, exported } = importedAndExported(network);
      expect(watched).toEqual(exported);
      const { fetches } = network;
      network.clock.advance(5 * MINUTE);
      expect(network.fetches - fetches).toBe(5);
    }),
  );
});

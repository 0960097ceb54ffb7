import { FederationError, type KubernetesObject } from "@meshfed/core";
import type { ResourceStore } from "@meshfed/server";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { versionOf, WatchRecorder } from "../watch-recorder.js";
import { WatchedState } from "../watched-state.js";
import { PEER, peerWith, type StoreSuite, statusOf } from "./store-suite.js";

const NAMES = ["a", "b", "c"];
const END = "the-end";

type Step =
  | {
      readonly do: "create" | "update";
      readonly name: string;
      readonly tier: string;
      readonly port: number;
      readonly held: boolean;
    }
  | { readonly do: "status"; readonly name: string; readonly port: number }
  | { readonly do: "delete"; readonly name: string }
  /** A client lists, then watches. */
  | { readonly do: "watch"; readonly gold: boolean }
  /** A client that was cut off after some event of another's watch watches on from there. */
  | { readonly do: "resume"; readonly watch: number; readonly event: number };

const name = fc.constantFrom(...NAMES);
const port = fc.integer({ min: 8000, max: 8002 });
const write = fc.record({ name, tier: fc.constantFrom("gold", "silver"), port, held: fc.boolean() });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: write.map((values) => ({ do: "create" as const, ...values })) },
  { weight: 4, arbitrary: write.map((values) => ({ do: "update" as const, ...values })) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("status" as const), name, port }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("delete" as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("watch" as const), gold: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("resume" as const), watch: fc.nat(5), event: fc.nat(30) }) },
);
/** Steps of one burst run at the same time, bursts one after the other. */
const history = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 12 });

/** A client: where it began, and its watch. */
interface Client {
  readonly start: WatchedState;
  readonly matches: ((object: KubernetesObject) => boolean) | undefined;
  readonly watch: WatchRecorder;
}

export function describeModel(suite: StoreSuite): void {
  describe("any history of writers and watchers", () => {
    it("leaves every watcher, whatever version it has resumed from, with what a fresh list shows", async () => {
      await fc.assert(
        fc.asyncProperty(history, async (bursts) => {
          const run = new HistoryRun(suite.store, await suite.namespace());
          await run.follow(false);
          for (const burst of bursts) await Promise.all(burst.map((next) => run.take(next)));
          await run.finish();
        }),
        { numRuns: suite.modelRuns },
      );
    }, 120_000);
  });
}

class HistoryRun {
  readonly #store: ResourceStore;
  readonly #namespace: string;
  readonly #clients: Client[] = [];

  constructor(store: ResourceStore, namespace: string) {
    this.#store = store;
    this.#namespace = namespace;
  }

  async take(next: Step): Promise<void> {
    switch (next.do) {
      case "create":
        return expected(this.#store.create(this.#peer(next)), "ALREADY_EXISTS");
      case "update":
        return expected(this.#store.update(this.#peer(next)), "NOT_FOUND", "INVALID_ARGUMENT");
      case "status": {
        const peer = { ...peerWith({ namespace: this.#namespace, name: next.name }), ...statusOf(`pod-${next.port}`) };
        return expected(this.#store.update(peer, { subresource: "status" }), "NOT_FOUND");
      }
      case "delete":
        return expected(this.#store.delete(PEER, { namespace: this.#namespace, name: next.name }), "NOT_FOUND");
      case "watch":
        return this.follow(next.gold);
      case "resume":
        return this.#resume(next.watch, next.event);
    }
  }

  async follow(gold: boolean): Promise<void> {
    const matches = gold ? isGold : undefined;
    const selection = { type: PEER, namespace: this.#namespace, ...(matches && { matches }) };
    const { items, resourceVersion } = await this.#store.list(selection);
    const watch = new WatchRecorder(this.#store, { ...selection, resourceVersion, allowBookmarks: true });
    this.#clients.push({ start: new WatchedState(items, resourceVersion), matches, watch });
  }

  /** Waits until every client has seen the last write, then compares. */
  async finish(): Promise<void> {
    const end = await this.#store.create(peerWith({ namespace: this.#namespace, name: END, labels: { tier: "gold" } }));
    for (const { start, matches, watch } of this.#clients) {
      await watch.until((events) => events.some((event) => versionOf(event) === end.metadata.resourceVersion));
      const state = start.copy();
      for (const event of watch.events) state.apply(event);
      const list = await this.#store.list({ type: PEER, namespace: this.#namespace, ...(matches && { matches }) });
      expect(state.objects).toEqual(list.items);
    }
    await Promise.all(this.#clients.map(({ watch }) => watch.stop()));
  }

  #resume(watchIndex: number, eventCount: number): void {
    const cut = this.#clients[watchIndex % this.#clients.length];
    if (cut === undefined) return;
    const start = cut.start.copy();
    for (const event of cut.watch.events.slice(0, eventCount)) start.apply(event);
    const { matches } = cut;
    const watch = new WatchRecorder(this.#store, {
      type: PEER,
      namespace: this.#namespace,
      resourceVersion: start.version,
      ...(matches && { matches }),
    });
    this.#clients.push({ start, matches, watch });
  }

  #peer(values: { readonly name: string; readonly tier: string; readonly port: number; readonly held: boolean }) {
    const finalizers = values.held ? { finalizers: ["federation.example/hold"] } : {};
    return peerWith(
      { namespace: this.#namespace, name: values.name, labels: { tier: values.tier }, ...finalizers },
      values.port,
    );
  }
}

function isGold(object: KubernetesObject): boolean {
  return object.metadata.labels?.tier === "gold";
}

/** Refusals that belong to the history; any other error fails it. */
async function expected(writing: Promise<unknown>, ...codes: readonly string[]): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (!FederationError.is(error) || !codes.includes(error.code)) throw error;
  }
}

import { FederationError, Watcher } from "@meshfed/core";
import { describe, expect, test } from "vitest";
import { exportedService } from "./service-arbitraries.js";
import { believeIn, eventOf, receivedList, WatcherRun } from "./watcher-run.js";

const ratings = exportedService("ratings");
const reviews = exportedService("reviews");
const unavailable = { kind: "status", status: "503 Service Unavailable" } as const;
const MINUTE = 60_000;

/** The delays after which the watch was attempted again, while `end` happens to each attempt. */
function reconnectDelays(run: WatcherRun, attempts: number, end: () => void): number[] {
  return Array.from({ length: attempts }, () => {
    end();
    const before = run.clock.now();
    const count = run.count("openWatch");
    while (run.count("openWatch") === count) run.clock.advance(1);
    return run.clock.now() - before;
  });
}

describe("whole sequences", () => {
  test("the status of the seed's example, step by step (reference §5.6)", () => {
    const run = new WatcherRun();
    expect(run.watcher.status).toEqual({ connected: false });
    run.feed({ type: "started" });
    expect(run.watcher.status).toEqual({ connected: false, lastConnected: "2021-10-05T13:00:00Z" });
    run.end(unavailable);
    expect(run.watcher.status).toEqual({
      connected: false,
      lastConnected: "2021-10-05T13:00:00Z",
      lastDisconnectStatus: "503 Service Unavailable",
    });
    run.clock.step(MINUTE);
    run.clock.advance(500);
    run.open();
    run.clock.advance(1_000);
    run.list(receivedList([ratings]));
    const connected = {
      connected: true,
      lastConnected: "2021-10-05T13:01:00Z",
      lastFullSync: "2021-10-05T13:01:01Z",
      lastDisconnectStatus: "503 Service Unavailable",
    };
    expect(run.watcher.status).toEqual(connected);
    run.clock.advance(10_000);
    run.events(eventOf("add", reviews, [ratings, reviews]));
    expect(run.watcher.status).toEqual({ ...connected, lastEvent: "2021-10-05T13:01:11Z" });
    run.clock.advance(10_000);
    run.end({ kind: "orderly" });
    expect(run.watcher.status).toEqual({
      ...connected,
      connected: false,
      lastEvent: "2021-10-05T13:01:11Z",
      lastDisconnect: "2021-10-05T13:01:21Z",
      lastDisconnectStatus: "200 OK",
    });
  });

  test("quiet for an hour: one watch, one list a minute, nothing changes", () => {
    const run = new WatcherRun().connect([ratings]);
    const changes = run.count("changes");
    for (let minute = 1; minute <= 60; minute++) {
      run.clock.advance(MINUTE);
      expect(run.count("fetchList")).toBe(1 + minute);
      run.list(receivedList([ratings]));
    }
    expect(run.count("openWatch")).toBe(1);
    expect(run.count("changes")).toBe(changes);
    expect(run.watcher.status).toEqual({
      connected: true,
      lastConnected: "2021-10-05T13:00:00Z",
      lastFullSync: "2021-10-05T14:00:00Z",
    });
    expect(run.watcher.lastConfirmed).toBe(Date.parse("2021-10-05T14:00:00Z"));
  });

  test("a list that fails once is fetched again after half a second", () => {
    const run = new WatcherRun();
    run.feed({ type: "started" });
    run.open();
    run.listFails();
    expect(run.effectsOf("problem")).toEqual([
      { type: "problem", reason: "ListUnreachable", message: "503 Service Unavailable" },
    ]);
    run.clock.advance(499);
    expect(run.count("fetchList")).toBe(1);
    run.clock.advance(1);
    expect(run.count("fetchList")).toBe(2);
    run.list(receivedList([ratings]));
    run.clock.advance(59_000);
    expect(run.count("openWatch")).toBe(1);
    expect(run.names).toEqual(["ratings"]);
  });

  test("503 for a while, then recovery: waits grow to a minute and start over once a watch has stayed", () => {
    const run = new WatcherRun({ resyncIntervalMs: 10 * MINUTE });
    run.feed({ type: "started" });
    const delays = reconnectDelays(run, 14, () => run.end(unavailable));
    expect(delays.slice(0, 4)).toEqual([500, 750, 1125, 1688]);
    expect(delays.at(-1)).toBe(MINUTE);
    run.open();
    run.clock.advance(5_000);
    expect(reconnectDelays(run, 2, () => run.end(unavailable))).toEqual([500, 750]);
  });

  test("10.27: a server that closes at once is not asked in a loop", () => {
    const run = new WatcherRun();
    run.feed({ type: "started" });
    const closesAtOnce = () => {
      run.open();
      run.end({ kind: "orderly" });
    };
    expect(reconnectDelays(run, 5, closesAtOnce)).toEqual([500, 750, 1125, 1688, 2531]);
  });

  test("an orderly end of a watch that had stayed: back after the shortest wait, with a new list", () => {
    const run = new WatcherRun().connect([ratings]);
    run.clock.advance(30_000);
    expect(reconnectDelays(run, 1, () => run.end({ kind: "orderly" }))).toEqual([500]);
    run.open();
    expect(run.count("fetchList")).toBe(2);
  });

  test("a clock that steps back a day delays nothing", () => {
    const run = new WatcherRun().connect([ratings]);
    run.clock.step(-24 * 60 * MINUTE);
    run.clock.advance(MINUTE);
    expect(run.count("fetchList")).toBe(2);
    run.list(receivedList([ratings]));
    expect(run.watcher.status.lastFullSync).toBe("2021-10-04T13:01:00Z");
    expect(reconnectDelays(run, 1, () => run.end({ kind: "orderly" }))).toEqual([500]);
  });

  test("what was imported stays while the peer is away, and lists are tried all the same", () => {
    const run = new WatcherRun().connect([ratings]);
    run.end({ kind: "error", message: "read ECONNRESET" });
    for (let minute = 0; minute < 10; minute++) {
      run.clock.advance(MINUTE);
      if (run.count("fetchList") > minute + 1) run.listFails();
      run.end(unavailable);
    }
    expect(run.names).toEqual(["ratings"]);
    expect(run.effectsOf("changes").flatMap(({ removed }) => removed)).toEqual([]);
    expect(run.watcher.lastConfirmed).toBe(Date.parse("2021-10-05T13:00:00Z"));
    run.clock.advance(MINUTE);
    run.list(receivedList([reviews]));
    expect(run.names).toEqual(["reviews"]);
    expect(run.watcher.status.connected).toBe(false);
  });
});

describe("10.27: half-open watches", () => {
  test("lists that cannot be fetched three times running end the watch", () => {
    const run = new WatcherRun().connect([ratings]);
    run.clock.advance(MINUTE);
    run.listFails();
    run.clock.advance(500);
    run.listFails();
    expect(run.watcher.status.connected).toBe(true);
    run.clock.advance(750);
    run.listFails("unreachable", "connect ETIMEDOUT 10.0.0.1:8188");
    expect(run.effectsOf("closeWatch")).toEqual([{ type: "closeWatch", watch: 1 }]);
    expect(run.watcher.status).toMatchObject({
      connected: false,
      lastDisconnect: "2021-10-05T13:01:01Z",
      lastDisconnectStatus: "the service list cannot be fetched: connect ETIMEDOUT 10.0.0.1:8188",
    });
    expect(run.names).toEqual(["ratings"]);
    run.clock.advance(500);
    expect(run.watch).toBe(2);
  });

  test("failures that are not running do not", () => {
    const run = new WatcherRun().connect([ratings]);
    for (let round = 0; round < 10; round++) {
      run.clock.advance(MINUTE);
      run.listFails();
      run.clock.advance(500);
      run.listFails();
      run.clock.advance(750);
      run.list(receivedList([ratings]));
    }
    expect(run.count("closeWatch")).toBe(0);
  });

  test("a list that cannot be used says nothing about the watch", () => {
    const run = new WatcherRun().connect([ratings]);
    for (let minute = 0; minute < 5; minute++) {
      run.clock.advance(MINUTE);
      run.listFails("invalid", "services: 300000 services are announced");
    }
    expect(run.count("fetchList")).toBe(6);
    expect(run.watcher.status.connected).toBe(true);
    run.events(eventOf("add", reviews, [ratings, reviews]));
    expect(run.names).toEqual(["ratings", "reviews"]);
  });

  test("a watch that says nothing although the list has changed is opened again", () => {
    const run = new WatcherRun().connect([ratings]);
    run.clock.advance(MINUTE);
    run.list(receivedList([ratings, reviews]));
    expect(run.names).toEqual(["ratings", "reviews"]);
    expect(run.watcher.status.connected).toBe(true);
    run.clock.advance(1_000);
    run.list(receivedList([ratings, reviews]));
    expect(run.effectsOf("problem")).toEqual([
      {
        type: "problem",
        reason: "WatchSuspected",
        message: "the watch says nothing although the service list has changed",
      },
    ]);
    expect(run.count("closeWatch")).toBe(1);
    run.clock.advance(500);
    expect(run.watch).toBe(2);
  });

  test("a watch that was only late is kept", () => {
    const run = new WatcherRun().connect([ratings]);
    run.clock.advance(MINUTE);
    run.list(receivedList([ratings, reviews]));
    run.clock.advance(100);
    run.events(eventOf("add", reviews, [ratings, reviews]));
    run.clock.advance(10_000);
    expect(run.count("fetchList")).toBe(2);
    expect(run.count("closeWatch")).toBe(0);
  });
});

describe("configurationChanged", () => {
  const check = believeIn("red-mesh.local");

  test("starts over at once with a fresh backoff", () => {
    const run = new WatcherRun();
    run.feed({ type: "started" });
    reconnectDelays(run, 10, () => run.end(unavailable));
    run.end(unavailable);
    const attempts = run.count("openWatch");
    run.feed({ type: "configurationChanged", check });
    expect(run.count("openWatch")).toBe(attempts + 1);
    expect(reconnectDelays(run, 2, () => run.end(unavailable))).toEqual([500, 750]);
  });

  test("ends the watch and the list that are under way; imports stay", () => {
    const run = new WatcherRun().connect([ratings]);
    run.clock.advance(MINUTE);
    const { watch, fetch } = run;
    run.feed({ type: "configurationChanged", check });
    expect(run.effects.slice(-4)).toMatchObject([
      { type: "closeWatch", watch },
      { type: "cancelFetch", fetch },
      { type: "openWatch", watch: watch + 1 },
      { type: "statusChanged", status: { connected: false, lastDisconnectStatus: "the peer's configuration changed" } },
    ]);
    expect(run.names).toEqual(["ratings"]);
  });

  test("what came from the former configuration is ignored", () => {
    const run = new WatcherRun().connect([ratings]);
    run.clock.advance(MINUTE);
    const { watch, fetch } = run;
    run.feed({ type: "configurationChanged", check });
    const before = run.effects.length;
    run.feed({ type: "listReceived", fetch, list: receivedList([]) });
    run.feed({ type: "listFailed", fetch, kind: "unreachable", message: "x" });
    run.feed({ type: "events", watch, events: [eventOf("delete", ratings, [])] });
    run.feed({ type: "watchOpened", watch });
    run.feed({ type: "streamEnded", watch, end: { kind: "orderly" } });
    expect(run.effects.length).toBe(before);
    expect(run.names).toEqual(["ratings"]);
  });

  test("another trust domain judges what is known at once", () => {
    const run = new WatcherRun().connect([ratings, exportedService("reviews", { serviceAccounts: [] })]);
    run.feed({ type: "configurationChanged", check: believeIn("crimson-mesh.local") });
    expect(run.effectsOf("changes").at(-1)).toMatchObject({ upserted: [], removed: [] });
    expect([...(run.effectsOf("changes").at(-1)?.rejected.keys() ?? [])]).toEqual([ratings.hostname]);
    expect(run.names).toEqual(["reviews"]);
    run.feed({ type: "configurationChanged", check });
    expect(run.effectsOf("changes").at(-1)).toMatchObject({ upserted: [ratings], removed: [] });
    expect(run.watcher.rejected.size).toBe(0);
  });

  test("while stopped it opens nothing", () => {
    const run = new WatcherRun();
    run.feed({ type: "configurationChanged", check });
    expect(run.effects).toEqual([]);
    expect(run.clock.pendingMs).toEqual([]);
  });
});

describe("stopped", () => {
  test("leaves no timer, closes what is open, keeps what was imported", () => {
    const run = new WatcherRun().connect([ratings]);
    run.clock.advance(MINUTE);
    run.feed({ type: "stopped" });
    expect(run.clock.pendingMs).toEqual([]);
    expect(run.count("closeWatch")).toBe(1);
    expect(run.count("cancelFetch")).toBe(1);
    expect(run.watcher.status).toMatchObject({ connected: false, lastDisconnectStatus: "the watch was stopped" });
    expect(run.names).toEqual(["ratings"]);
    run.feed({ type: "stopped" });
    run.feed({ type: "timer", timer: "resync" });
    expect(run.clock.pendingMs).toEqual([]);
  });

  test("and started again goes on from there", () => {
    const run = new WatcherRun().connect([ratings]);
    run.feed({ type: "stopped" });
    run.feed({ type: "started" });
    run.feed({ type: "started" });
    expect(run.count("openWatch")).toBe(2);
    run.open();
    run.list(receivedList([ratings]));
    expect(run.count("changes")).toBe(1);
  });
});

test.each([
  { resyncIntervalMs: 0 },
  { resyncIntervalMs: -1 },
  { resyncIntervalMs: Number.NaN },
  { verifyDelayMs: 0 },
  { maxListFailures: 0 },
  { stableAfterMs: Number.POSITIVE_INFINITY },
])("10.43: %j is refused, not a crash later", (options) => {
  expect(() => new Watcher(believeIn("red-mesh.local"), { random: Math.random, ...options })).toThrow(FederationError);
});

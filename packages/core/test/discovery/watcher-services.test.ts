import { listChecksum, type ServiceMessage } from "@meshfed/core";
import { describe, expect, test } from "vitest";
import { exportedService, INGRESS_ACCOUNT } from "./service-arbitraries.js";
import { believeIn, eventOf, legacyList, receivedList, WatcherRun } from "./watcher-run.js";

const ratings = exportedService("ratings");
const ratings9081 = exportedService("ratings", { servicePorts: [{ name: "http", port: 9081, protocol: "HTTP" }] });
const reviews = exportedService("reviews");
const details = exportedService("details");
const MINUTE = 60_000;

describe("incremental events", () => {
  test("10.1: a thousand events cost no list, and lastEvent is set", () => {
    const run = new WatcherRun().connect([]);
    const services: ServiceMessage[] = [];
    for (let index = 0; index < 1_000; index++) {
      services.push(exportedService(`s${index}`));
      run.events(eventOf("add", exportedService(`s${index}`), services));
    }
    run.clock.advance(30_000);
    expect(run.count("fetchList")).toBe(1);
    expect(run.watcher.services.size).toBe(1_000);
    expect(run.watcher.status.lastEvent).toBe("2021-10-05T13:00:00Z");
  });

  test("several events at once are one change", () => {
    const run = new WatcherRun().connect([ratings, reviews]);
    run.events(
      eventOf("update", ratings9081, [ratings9081, reviews]),
      eventOf("add", details, [ratings9081, reviews, details]),
      eventOf("delete", reviews, [ratings9081, details]),
      eventOf("delete", details, [ratings9081]),
    );
    expect(run.effectsOf("changes").at(-1)).toEqual({
      type: "changes",
      upserted: [ratings9081],
      removed: [reviews.hostname],
      rejected: new Map(),
    });
  });

  test("add of a known and update of an unknown service are upserts, delete of an unknown one is nothing (§4.5)", () => {
    const run = new WatcherRun().connect([ratings]);
    run.events(eventOf("add", ratings9081, [ratings9081]));
    run.events(eventOf("update", reviews, [ratings9081, reviews]));
    run.events(eventOf("delete", details, [ratings9081, reviews]));
    run.clock.advance(10_000);
    expect(run.names).toEqual(["ratings", "reviews"]);
    expect(run.watcher.services.get(ratings.hostname)).toEqual(ratings9081);
    expect(run.count("fetchList")).toBe(1);
  });

  test("10.12: equal names in two namespaces are two services", () => {
    const hostname = "ratings.info.svc.green-mesh-exports.local";
    const elsewhere = exportedService("ratings", { namespace: "info", hostname });
    const run = new WatcherRun().connect([ratings, elsewhere]);
    run.events(eventOf("delete", elsewhere, [ratings]));
    expect([...run.watcher.services.keys()]).toEqual([ratings.hostname]);
  });

  test("10.28: a full sync without a difference changes nothing", () => {
    const run = new WatcherRun().connect([ratings, reviews]);
    const before = run.count("changes");
    run.clock.advance(MINUTE);
    run.list(receivedList([structuredClone(reviews), structuredClone(ratings)]));
    expect(run.count("changes")).toBe(before);
    run.clock.advance(MINUTE);
    run.list(receivedList([ratings9081, reviews]));
    expect(run.effectsOf("changes").at(-1)).toMatchObject({ upserted: [ratings9081], removed: [] });
  });

  test("status is reported at most once a second because of events", () => {
    const run = new WatcherRun().connect([]);
    const before = run.count("statusChanged");
    for (let index = 0; index < 100; index++) run.events(eventOf("delete", details, []));
    expect(run.count("statusChanged")).toBe(before + 1);
    run.clock.advance(1_000);
    run.events(eventOf("delete", details, []));
    expect(run.count("statusChanged")).toBe(before + 2);
    expect(run.effectsOf("statusChanged").at(-1)?.lastConfirmed).toBe(Date.parse("2021-10-05T13:00:01Z"));
  });
});

describe("10.45: checksums that do not match", () => {
  /** An event of an exporter that also has `details`, which we have not heard of. */
  const differing = (service: ServiceMessage, ...others: readonly ServiceMessage[]) =>
    eventOf("add", service, [service, ...others, details]);

  test("lead to exactly one list, however many events differ, after a short delay", () => {
    const run = new WatcherRun().connect([]);
    run.events(differing(ratings));
    run.events(differing(reviews, ratings), differing(ratings9081, reviews));
    expect(run.names).toEqual(["ratings", "reviews"]);
    run.clock.advance(999);
    expect(run.count("fetchList")).toBe(1);
    run.clock.advance(1);
    expect(run.count("fetchList")).toBe(2);
    run.events(differing(ratings, reviews));
    run.clock.advance(5_000);
    run.list(receivedList([ratings9081, reviews, details]));
    run.clock.advance(50_000);
    expect(run.count("fetchList")).toBe(2);
    expect([...run.watcher.services.values()]).toEqual(expect.arrayContaining([ratings, reviews, details]));
  });

  test("are called off by an event that does", () => {
    const run = new WatcherRun().connect([]);
    run.events(differing(ratings));
    run.clock.advance(999);
    run.events(eventOf("add", details, [ratings, details]));
    run.clock.advance(50_000);
    expect(run.count("fetchList")).toBe(1);
  });

  test("are not doubled by a resync that comes first", () => {
    const run = new WatcherRun().connect([]);
    run.clock.advance(59_500);
    run.events(differing(ratings));
    run.clock.advance(500);
    expect(run.count("fetchList")).toBe(2);
    run.list(receivedList([ratings, details]));
    run.clock.advance(59_000);
    expect(run.count("fetchList")).toBe(2);
  });

  test("of a peer that we cannot follow cost fewer and fewer lists; its events are applied all the same", () => {
    const run = new WatcherRun();
    run.feed({ type: "started" });
    run.open();
    run.list(receivedList([ratings], { checksum: 7n }));
    const fetchedAfter: number[] = [];
    for (let second = 0; second < 40; second++) {
      const before = run.count("fetchList");
      run.events({ action: second % 2 === 0 ? "add" : "delete", service: reviews, checksum: BigInt(second + 8) });
      expect(run.names).toEqual(second % 2 === 0 ? ["ratings", "reviews"] : ["ratings"]);
      run.clock.advance(1_000);
      if (run.count("fetchList") === before) continue;
      fetchedAfter.push(second + 1);
      run.list(receivedList(second % 2 === 0 ? [ratings, reviews] : [ratings], { checksum: BigInt(second + 8) }));
    }
    expect(fetchedAfter).toEqual([1, 3, 7, 15, 31]);
    expect(run.count("closeWatch")).toBe(0);
  });
});

describe("releases up to 2.3.3 (reference §4.3)", () => {
  const endpoints = [{ port: 15443, hostname: "1.2.3.4" }];
  const legacyEvent = (action: "add" | "delete", service: ServiceMessage, after: readonly ServiceMessage[]) => ({
    ...eventOf(action, service, after),
    checksum: legacyList(after, endpoints).checksum,
  });

  function connected(): WatcherRun {
    const run = new WatcherRun();
    run.feed({ type: "started" });
    run.open();
    run.list(legacyList([ratings], endpoints));
    return run;
  }

  test("their checksums are followed, so events cost no list", () => {
    const run = connected();
    run.events(legacyEvent("add", reviews, [ratings, reviews]));
    run.events(legacyEvent("delete", ratings, [reviews]));
    run.clock.advance(30_000);
    expect(run.count("fetchList")).toBe(1);
    expect(run.names).toEqual(["reviews"]);
  });

  test("their update without a service says: fetch the list", () => {
    const run = connected();
    const moved = legacyList([ratings], [{ port: 15443, hostname: "5.6.7.8" }]);
    run.events({ action: "update", checksum: moved.checksum });
    run.clock.advance(1_000);
    expect(run.count("fetchList")).toBe(2);
    run.list(moved);
    run.clock.advance(30_000);
    expect(run.count("fetchList")).toBe(2);
    expect(run.watcher.status.connected).toBe(true);
    expect(run.names).toEqual(["ratings"]);
  });

  test("an upgrade of the peer is noticed with the next list", () => {
    const run = connected();
    run.clock.advance(MINUTE);
    run.list(receivedList([ratings]));
    run.clock.advance(1_000);
    run.list(receivedList([ratings]));
    run.clock.advance(500);
    run.open();
    run.list(receivedList([ratings]));
    const before = run.count("fetchList");
    run.events(eventOf("add", reviews, [ratings, reviews]));
    run.clock.advance(10_000);
    expect(run.count("fetchList")).toBe(before);
  });
});

describe("a list against the events that arrive while it is under way", () => {
  const addReviews = eventOf("add", reviews, [ratings, reviews]);
  const updateRatings = eventOf("update", ratings9081, [ratings9081, reviews]);
  const states = [[ratings], [ratings, reviews], [ratings9081, reviews]];

  function reopened(): WatcherRun {
    const run = new WatcherRun().connect([ratings]);
    run.clock.advance(MINUTE);
    return run;
  }

  test.each([
    ["older than both", 0],
    ["between them", 1],
    ["as new as the last", 2],
  ])("the list is %s", (_, state) => {
    const run = reopened();
    run.events(addReviews);
    run.events(updateRatings);
    const before = run.count("changes");
    run.list(receivedList(states[state] ?? []));
    expect(run.count("changes")).toBe(before);
    expect(run.watcher.services.get(ratings.hostname)).toEqual(ratings9081);
    run.clock.advance(30_000);
    expect(run.count("fetchList")).toBe(2);
  });

  test("10.18: a change that the checksum cannot see is not lost", () => {
    const accounts = (name: string) => [0, 1].map((index) => `spiffe://red-mesh.local/ns/a/sa/${name}${index}`);
    const former = exportedService("ratings", { serviceAccounts: accounts("x") });
    const latter = exportedService("ratings", { serviceAccounts: accounts("y") });
    expect(listChecksum([former])).toBe(listChecksum([latter]));
    for (const list of [former, latter]) {
      const run = new WatcherRun().connect([former]);
      run.clock.advance(MINUTE);
      run.events(eventOf("update", latter, [latter]));
      run.list(receivedList([list]));
      expect([...run.watcher.services.values()]).toEqual([latter]);
    }
  });

  test("the list is newer than the first: it stands, and the second brings nothing new", () => {
    const run = reopened();
    run.events(addReviews);
    run.list(receivedList([ratings9081, reviews]));
    expect(run.watcher.services.get(ratings.hostname)).toEqual(ratings9081);
    const before = run.count("changes");
    run.events(updateRatings);
    expect(run.count("changes")).toBe(before);
    run.clock.advance(30_000);
    expect(run.count("fetchList")).toBe(2);
  });

  test("the list is newer than the first: what it no longer has does not come back", () => {
    const run = reopened();
    run.events(eventOf("update", ratings9081, [ratings9081]));
    run.list(receivedList([]));
    expect(run.names).toEqual([]);
    const before = run.count("changes");
    run.events(eventOf("delete", ratings9081, []));
    expect(run.count("changes")).toBe(before);
    run.clock.advance(30_000);
    expect(run.count("fetchList")).toBe(2);
  });

  test("events before the first list are not lost and not shown before it", () => {
    const run = new WatcherRun();
    run.feed({ type: "started" });
    run.open();
    run.events(addReviews);
    expect(run.count("changes")).toBe(0);
    run.list(receivedList([ratings]));
    expect(run.names).toEqual(["ratings", "reviews"]);
  });

  test("a list that was requested before the watch was open is requested again", () => {
    const run = new WatcherRun().connect([ratings]);
    run.clock.advance(59_900);
    run.end({ kind: "orderly" });
    run.clock.advance(500);
    const requestedBefore = run.fetch;
    run.open();
    expect(run.fetch).toBe(requestedBefore + 1);
    run.feed({ type: "listReceived", fetch: requestedBefore, list: receivedList([]) });
    expect(run.names).toEqual(["ratings"]);
    run.list(receivedList([reviews]));
    expect(run.names).toEqual(["reviews"]);
  });

  test("of too many events the oldest are forgotten, which is noticed", () => {
    const run = new WatcherRun({ maxKeptEvents: 1 });
    run.feed({ type: "started" });
    run.open();
    run.events(addReviews, updateRatings);
    run.list(receivedList([ratings]));
    run.clock.advance(1_000);
    expect(run.count("fetchList")).toBe(2);
    run.list(receivedList([ratings9081, reviews]));
    expect(run.watcher.services.get(ratings.hostname)).toEqual(ratings9081);
    expect(run.names).toEqual(["ratings", "reviews"]);
  });
});

describe("entity tags", () => {
  function connected(entityTag: string | undefined): WatcherRun {
    const run = new WatcherRun();
    run.feed({ type: "started" });
    run.open();
    run.list(receivedList([ratings]), entityTag);
    run.clock.advance(MINUTE);
    return run;
  }
  const asked = (run: WatcherRun) => run.effectsOf("fetchList").at(-1)?.ifNoneMatch;

  test.each(['"a.1"', '""', 'W/"a.1"'])("a list with the tag %s is asked for only if it has changed", (tag) => {
    const run = connected(tag);
    expect(run.effectsOf("fetchList").map(({ ifNoneMatch }) => ifNoneMatch)).toEqual([undefined, tag]);
    const before = run.count("changes");
    run.feed({ type: "listUnchanged", fetch: run.fetch });
    expect(run.watcher.status.lastFullSync).toBe("2021-10-05T13:01:00Z");
    expect(run.watcher.lastConfirmed).toBe(Date.parse("2021-10-05T13:01:00Z"));
    expect(run.count("changes")).toBe(before);
    run.clock.advance(MINUTE);
    expect(asked(run)).toBe(tag);
  });

  test.each([undefined, "", "a.1", '"a\u0000"', '"ä"', `"${"x".repeat(257)}"`])("what is no tag (%j) is not", (tag) => {
    expect(asked(connected(tag))).toBeUndefined();
  });

  test("after an event the tag no longer stands for what we have", () => {
    const run = connected('"a.1"');
    run.events(eventOf("add", reviews, [ratings, reviews]));
    run.feed({ type: "listUnchanged", fetch: run.fetch });
    expect(run.names).toEqual(["ratings", "reviews"]);
    run.clock.advance(MINUTE);
    expect(asked(run)).toBeUndefined();
    expect(run.count("fetchList")).toBe(3);
  });

  test("a list to which events were added is not what its tag says", () => {
    const run = connected(undefined);
    run.events(eventOf("add", reviews, [ratings, reviews]));
    run.list(receivedList([ratings]), '"a.1"');
    expect(run.names).toEqual(["ratings", "reviews"]);
    run.clock.advance(MINUTE);
    expect(asked(run)).toBeUndefined();
  });

  test("a peer of another configuration is asked for its whole list", () => {
    const run = connected('"a.1"');
    run.feed({ type: "configurationChanged", check: believeIn("red-mesh.local") });
    run.open();
    expect(asked(run)).toBeUndefined();
  });

  test("a reconnect is cheap when nothing has changed", () => {
    const run = connected('"a.1"');
    run.end({ kind: "orderly" });
    run.clock.advance(500);
    run.open();
    expect(asked(run)).toBe('"a.1"');
    run.feed({ type: "listUnchanged", fetch: run.fetch });
    run.clock.advance(30_000);
    expect(run.count("fetchList")).toBe(3);
    expect(run.watcher.status.connected).toBe(true);
  });
});

describe("announcements that are not believed", () => {
  const hostile = exportedService("reviews", { hostname: "kubernetes.default.svc.cluster.local" });
  const foreign = exportedService("details", { serviceAccounts: ["spiffe://green-mesh.local/ns/a/sa/b"] });

  test("10.36: cost the peer that one service, not the others, and count in its checksum", () => {
    const run = new WatcherRun().connect([ratings, hostile, foreign]);
    expect(run.names).toEqual(["ratings"]);
    expect([...run.watcher.rejected.keys()].sort()).toEqual([foreign.hostname, hostile.hostname]);
    run.events(eventOf("add", reviews, [ratings, hostile, foreign, reviews]));
    run.clock.advance(30_000);
    expect(run.names).toEqual(["ratings", "reviews"]);
    expect(run.count("fetchList")).toBe(1);
  });

  test("10.36: a believed service that turns bad is withdrawn, and comes back when it is good again", () => {
    const bad = { ...ratings, serviceAccounts: [INGRESS_ACCOUNT, "spiffe://green-mesh.local/ns/a/sa/b"] };
    const run = new WatcherRun().connect([ratings]);
    run.events(eventOf("update", bad, [bad]));
    expect(run.effectsOf("changes").at(-1)).toMatchObject({ upserted: [], removed: [] });
    expect(run.effectsOf("changes").at(-1)?.rejected.get(ratings.hostname)).toMatchObject([
      { path: "serviceAccounts[1]", reason: "Forbidden" },
    ]);
    expect(run.watcher.services.size).toBe(0);
    run.events(eventOf("update", ratings, [ratings]));
    expect(run.effectsOf("changes").at(-1)).toMatchObject({ upserted: [ratings], removed: [] });
    expect(run.watcher.rejected.size).toBe(0);
  });

  test("10.13: a withdrawn offer goes, whether it was believed or not", () => {
    const run = new WatcherRun().connect([ratings, foreign]);
    run.clock.advance(MINUTE);
    run.list(receivedList([]));
    expect(run.effectsOf("changes").at(-1)?.removed.toSorted()).toEqual([foreign.hostname, ratings.hostname]);
    expect(run.watcher.rejected.size).toBe(0);
  });

  test("malformed services are reported like the others", () => {
    const violations = [{ path: "name", reason: "TypeInvalid", message: "must be a string" }] as const;
    const run = new WatcherRun();
    run.feed({ type: "started" });
    run.open();
    run.list(receivedList([ratings], { malformed: [{ hostname: "services[1]", violations }] }));
    expect(run.names).toEqual(["ratings"]);
    expect(run.watcher.rejected.get("services[1]")).toEqual(violations);
  });

  test("10.16: of two announcements of one hostname the good one counts, and a list in another order changes nothing", () => {
    const run = new WatcherRun().connect([{ ...ratings, name: "other" }, ratings, ratings9081]);
    expect(run.watcher.services.get(ratings.hostname)).toEqual(ratings);
    const before = run.count("changes");
    run.clock.advance(MINUTE);
    run.list(receivedList([ratings9081, ratings, { ...ratings, name: "other" }]));
    expect(run.count("changes")).toBe(before);
  });

  test("10.36: a peer cannot announce more by events than a list may have", () => {
    const run = new WatcherRun({ maxServices: 2 }).connect([ratings]);
    run.events(eventOf("add", reviews, [ratings, reviews]));
    run.events(eventOf("add", details, [ratings, reviews, details]));
    expect(run.names).toEqual(["ratings", "reviews"]);
    run.clock.advance(1_000);
    expect(run.count("fetchList")).toBe(2);
  });
});

import {
  DEFAULT_DISCOVERY_LIMITS,
  decodeServiceList,
  decodeWatchEvent,
  type ExportChange,
  Exporter,
  listChecksum,
  type ServiceMessage,
} from "@meshfed/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checksumVectors } from "./checksum-vectors.js";
import { exportedHostname, exportedMessage, exportedService, INGRESS_ACCOUNT } from "./service-arbitraries.js";

const ratings = exportedService("ratings");
const mongodb = exportedService("mongodb", { servicePorts: [{ name: "mongo", port: 27017, protocol: "Mongo" }] });
const ratings9081 = exportedService("ratings", { servicePorts: [{ name: "http", port: 9081, protocol: "HTTP" }] });

function upsert(...upserted: ServiceMessage[]): ExportChange {
  return { upserted, removed: [] };
}

function remove(...services: ServiceMessage[]): ExportChange {
  return { upserted: [], removed: services.map(({ hostname }) => hostname) };
}

describe("a watch session, byte for byte", () => {
  const changes = [upsert(ratings), upsert(mongodb), upsert(ratings9081), remove(ratings9081), remove(mongodb)];
  const exporter = new Exporter("test");
  test.each(changes.map((change, index) => ({ change, event: checksumVectors.watch[index]?.event })))(
    "$event",
    ({ change, event }) => {
      expect(exporter.apply(change).map(({ json }) => json)).toEqual([event]);
    },
  );
});

describe("events (reference §4.5)", () => {
  const actions = (exporter: Exporter, change: ExportChange) =>
    exporter.apply(change).map(({ event: { action, service } }) => `${action} ${service.name}`);

  test("a rename is a deletion, then an addition; each carries the checksum of its moment", () => {
    const exporter = new Exporter("test");
    exporter.apply(upsert(mongodb, ratings));
    const renamed = exportedService("red-ratings");
    const events = exporter.apply({ upserted: [renamed], removed: [ratings.hostname] });
    expect(events.map(({ event }) => event)).toEqual([
      { action: "delete", service: ratings, checksum: listChecksum([mongodb]) },
      { action: "add", service: renamed, checksum: listChecksum([mongodb, renamed]) },
    ]);
  });

  test("by hostname, whatever the order of the change", () => {
    const names = ["reviews", "details", "ratings"].map((name) => exportedService(name));
    const exporter = new Exporter("test");
    expect(actions(exporter, upsert(...names))).toEqual(["add details", "add ratings", "add reviews"]);
    expect(actions(exporter, remove(...names))).toEqual(["delete details", "delete ratings", "delete reviews"]);
  });

  test("nothing for what has not changed, is not there, or is doubled", () => {
    const exporter = new Exporter("test");
    exporter.apply(upsert(ratings));
    expect(exporter.apply(upsert({ ...ratings, servicePorts: [...ratings.servicePorts] }))).toEqual([]);
    expect(exporter.apply(remove(mongodb))).toEqual([]);
    expect(actions(exporter, remove(ratings, ratings))).toEqual(["delete ratings"]);
    expect(actions(exporter, upsert(ratings, ratings9081))).toEqual(["add ratings"]);
    expect(exporter.list().services).toEqual([ratings9081]);
  });

  test("removed and upserted in one change is upserted", () => {
    const exporter = new Exporter("test");
    exporter.apply(upsert(ratings));
    expect(actions(exporter, { upserted: [ratings9081], removed: [ratings.hostname] })).toEqual(["update ratings"]);
  });

  test("a deletion carries what was last sent (reference §4.3)", () => {
    const exporter = new Exporter("test");
    exporter.apply(upsert(ratings));
    exporter.apply(upsert(ratings9081));
    expect(exporter.apply(remove(ratings))[0]?.event.service).toEqual(ratings9081);
  });

  test("10.12: equal names in two namespaces are two services", () => {
    const elsewhere = exportedService("ratings", {
      namespace: "info",
      hostname: "ratings.info.svc.green-mesh-exports.local",
    });
    const exporter = new Exporter("test");
    exporter.apply(upsert(ratings, elsewhere));
    exporter.apply(remove(elsewhere));
    expect(exporter.list().services).toEqual([ratings]);
  });

  test("10.18: scaling the ingress changes neither the list nor its checksum", () => {
    const exporter = new Exporter("test");
    exporter.apply(upsert(ratings));
    const { checksum } = exporter;
    expect(exporter.apply(upsert({ ...ratings, serviceAccounts: [INGRESS_ACCOUNT, INGRESS_ACCOUNT] }))).toEqual([]);
    expect(exporter.checksum).toBe(checksum);
    expect(exporter.encodeList().split(INGRESS_ACCOUNT)).toHaveLength(2);
  });

  test("10.18: a change that its checksum cannot see is still announced", () => {
    const turned = exportedService("ratings", {
      servicePorts: [
        { name: "a", port: 1, protocol: "TCP" },
        { name: "b", port: 2, protocol: "TCP" },
      ],
    });
    const exporter = new Exporter("test");
    exporter.apply(upsert(turned));
    expect(actions(exporter, upsert({ ...turned, servicePorts: turned.servicePorts.toReversed() }))).toEqual([
      "update ratings",
    ]);
  });
});

test("every event gives the list another entity tag, also one that leads back to a former list", () => {
  const exporter = new Exporter("a");
  const tags = [exporter.entityTag];
  for (const change of [upsert(ratings), remove(ratings), upsert(ratings)]) {
    exporter.apply(change);
    tags.push(exporter.entityTag);
  }
  exporter.apply(upsert(ratings));
  expect([...tags, exporter.entityTag]).toEqual(['"a.0"', '"a.1"', '"a.2"', '"a.3"', '"a.3"']);
  expect(new Exporter("b").entityTag).toBe('"b.0"');
});

test("what the exporter holds cannot be changed through what it returned or was given (10.14)", () => {
  const upserted = [ratings];
  const exporter = new Exporter("test");
  exporter.apply({ upserted, removed: [] });
  upserted.pop();
  const before = exporter.list();
  exporter.apply(upsert(mongodb));
  expect(before.services).toEqual([ratings]);
});

const change = fc.record({
  upserted: fc.array(exportedMessage, { maxLength: 4 }),
  removed: fc.array(exportedHostname, { maxLength: 3 }),
});

test("for any sequence of changes: a client that replays the events has the list, and every checksum is right", () => {
  fc.assert(
    fc.property(fc.array(change), fc.array(fc.boolean()), (changes, asksForList) => {
      const exporter = new Exporter("test");
      const replayed = new Map<string, unknown>();
      for (const [index, next] of changes.entries()) {
        for (const { event, json } of exporter.apply(next)) {
          expect(decodeWatchEvent(json)).toEqual({ ok: true, value: event });
          const known = replayed.has(event.service.hostname);
          expect(known).toBe(event.action !== "add");
          if (event.action === "delete") replayed.delete(event.service.hostname);
          else replayed.set(event.service.hostname, event.service);
          expect(listChecksum([...replayed.values()] as ServiceMessage[])).toBe(event.checksum);
        }
        if (asksForList[index] === true) exporter.list();
      }
      const list = exporter.list();
      expect(list.services).toEqual([...replayed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, service]) => service));
      expect(list.checksum).toBe(listChecksum(list.services));
      expect(decodeServiceList(exporter.encodeList(), DEFAULT_DISCOVERY_LIMITS)).toMatchObject({
        ok: true,
        value: list,
      });
    }),
  );
});

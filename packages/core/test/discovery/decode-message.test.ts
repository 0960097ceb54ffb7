import {
  DEFAULT_DISCOVERY_LIMITS,
  decodeServiceList,
  decodeWatchEvent,
  encodeService,
  encodeServiceList,
  encodeWatchEvent,
} from "@meshfed/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { topLevelNumber } from "../../src/discovery/top-level-number.js";
import { checksumVectors, vectorServices } from "./checksum-vectors.js";
import { announcedService, exportedService } from "./service-arbitraries.js";

const limits = DEFAULT_DISCOVERY_LIMITS;
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe("decodeServiceList", () => {
  test.each(checksumVectors.vectors.filter(({ wireJSON }) => wireJSON !== undefined))("$name", (vector) => {
    const list = decodeServiceList(vector.wireJSON ?? "", limits);
    const services = vectorServices(vector).sort((a, b) => (a.hostname < b.hostname ? -1 : 1));
    expect(list).toEqual({
      ok: true,
      value: { checksum: BigInt(vector.checksum), services, malformed: [], networkGatewayEndpoints: [] },
    });
  });

  test("what is encoded is what is decoded, with every bit of the checksum", () => {
    fc.assert(
      fc.property(uint64, fc.array(announcedService), (checksum, services) => {
        const list = decodeServiceList(encodeServiceList(checksum, services.map(encodeService)), limits);
        expect(list).toEqual({
          ok: true,
          value: { checksum, services, malformed: [], networkGatewayEndpoints: [] },
        });
      }),
    );
  });

  test.each([
    [
      "unknown fields are ignored (reference §4.3)",
      '{"checksum":1,"version":"9","services":[{"hostname":"h","x":{}}]}',
    ],
    ["white space and another order", ' { "services" : [ { "hostname" : "h" } ] ,\r\n "checksum" : 1 } '],
    ["null is empty", '{"checksum":1,"services":[{"hostname":"h","name":null,"servicePorts":null}]}'],
    [
      "a checksum elsewhere does not count",
      '{"checksum":1,"x":{"checksum":2},"services":[{"hostname":"h","checksum":3}]}',
    ],
    [
      "a text that looks like a checksum does not count",
      '{"checksum":1,"x":"\\"checksum\\":2","services":[{"hostname":"h"}]}',
    ],
  ])("%s", (_, text) => {
    expect(decodeServiceList(text, limits)).toMatchObject({
      ok: true,
      value: {
        checksum: 1n,
        services: [{ name: "", namespace: "", hostname: "h", servicePorts: [], serviceAccounts: [] }],
      },
    });
  });

  test("networkGatewayEndpoints of releases up to 2.3.3 are accepted (reference §4.3)", () => {
    const text = '{"checksum":15957438214755525106,"networkGatewayEndpoints":[{"port":15443,"hostname":"1.2.3.4"}]}';
    expect(decodeServiceList(text, limits)).toMatchObject({
      ok: true,
      value: { checksum: 15957438214755525106n, networkGatewayEndpoints: [{ port: 15443, hostname: "1.2.3.4" }] },
    });
  });

  test("10.36: a malformed service is named and set aside, the others stay", () => {
    const text = '{"checksum":1,"services":[{"hostname":"a","servicePorts":[{"port":"80"}]},{"hostname":"b"},7]}';
    expect(decodeServiceList(text, limits)).toMatchObject({
      ok: true,
      value: {
        services: [{ hostname: "b" }],
        malformed: [
          {
            hostname: "a",
            violations: [{ path: "servicePorts[0].port", reason: "TypeInvalid", message: "must be an integer" }],
          },
          { hostname: "services[2]", violations: [{ path: "", reason: "TypeInvalid", message: "must be an object" }] },
        ],
      },
    });
  });

  test.each([
    ["nothing", ""],
    ["no JSON", "<html>"],
    ["cut off", '{"checksum":1,"services":['],
    ["two messages", '{"checksum":1}{"checksum":1}'],
    ["a list", "[]"],
    ["null", "null"],
    ["no checksum", '{"services":[]}'],
    ["a checksum only further in", '{"services":[{"checksum":1}]}'],
    ["a negative checksum", '{"checksum":-1}'],
    ["a fraction", '{"checksum":1.5}'],
    ["an exponent", '{"checksum":1e3}'],
    ["more than 64 bits", '{"checksum":18446744073709551616}'],
    ["a text as checksum", '{"checksum":"1"}'],
    ["null as checksum", '{"checksum":null}'],
    ["services that are no list", '{"checksum":1,"services":{}}'],
    ["endpoints that are no list", '{"checksum":1,"networkGatewayEndpoints":"x"}'],
    ["deep nesting", `{"checksum":1,"x":${"[".repeat(100_000)}}`],
  ])("refused: %s", (_, text) => {
    expect(decodeServiceList(text, limits).ok).toBe(false);
  });

  test("10.36: more services than allowed are refused as a whole, before they are looked at", () => {
    const text = '{"checksum":1,"services":[1,2,3]}';
    const list = decodeServiceList(text, { ...limits, maxServices: 2 });
    expect(list).toEqual({
      ok: false,
      violations: [
        { path: "services", reason: "TooLong", message: "3 services are announced, at most 2 are accepted" },
      ],
    });
    expect(decodeServiceList(text, { ...limits, maxServices: 3 }).ok).toBe(true);
  });

  test.each([
    ["ports", '{"checksum":1,"services":[{"servicePorts":[{},{}]}]}', 8],
    ["a field that nobody knows", '{"checksum":1,"x":[[],[]]}', 6],
    ["keys", '{"checksum":1,"a":0,"b":0}', 3],
    ["nesting", '{"checksum":1,"x":[[[]]]}', 5],
    ["texts, whose content does not count", String.raw`{"checksum":1,"x":"[,{\\\",,,"}`, 2],
  ])("10.36: a few bytes cannot become a lot of memory: %s", (_, text, elements) => {
    expect(decodeServiceList(text, { ...limits, maxListElements: elements })).toMatchObject({ ok: true });
    expect(decodeServiceList(text, { ...limits, maxListElements: elements - 1 })).toMatchObject({
      ok: false,
      violations: [{ path: "", reason: "TooLong" }],
    });
  });

  test("10.36: a list of 64 MiB that is made to fill the memory is refused before it is parsed", {
    timeout: 20_000,
  }, () => {
    const text = `{"checksum":1,"services":[{"servicePorts":[${"{},".repeat(22_000_000)}{}]}]}`;
    const before = process.memoryUsage().heapUsed;
    expect(decodeServiceList(text, limits)).toMatchObject({ ok: false, violations: [{ reason: "TooLong" }] });
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(256 * 1024 * 1024);
  });

  test("one service cannot fill the memory with what is wrong with it", () => {
    const text = `{"checksum":1,"services":[{"hostname":"a","serviceAccounts":[${"1,".repeat(9_999)}1]}]}`;
    const list = decodeServiceList(text, limits);
    expect(list.ok && list.value.malformed[0]?.violations.length).toBe(8);
  });

  test("any text gives a list or says what is wrong", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const list = decodeServiceList(text, limits);
        expect(list.ok || list.violations.length > 0).toBe(true);
      }),
    );
  });
});

describe("decodeWatchEvent", () => {
  test.each(["add", "update", "delete"] as const)("%s", (action) => {
    fc.assert(
      fc.property(announcedService, uint64, (service, checksum) => {
        const event = decodeWatchEvent(encodeWatchEvent(action, encodeService(service), checksum));
        expect(event).toEqual({ ok: true, value: { action, service, checksum } });
      }),
    );
  });

  test.each([
    ["of releases up to 2.3.3, without a service (reference §4.3)", '{"action":"update","checksum":5}'],
    ["with null for a service", '{"action":"update","service":null,"checksum":5}'],
    ["with an action that we do not know", '{"action":"replace","service":{"hostname":"h"},"checksum":5}'],
    ["without an action", '{"checksum":5}'],
  ])("an event %s says: fetch the list", (_, text) => {
    expect(decodeWatchEvent(text)).toEqual({ ok: true, value: { action: "update", checksum: 5n } });
  });

  test("a malformed service is set aside under its hostname", () => {
    const event = decodeWatchEvent(`{"action":"add","service":{"hostname":"h","name":1},"checksum":5}`);
    expect(event).toMatchObject({
      ok: true,
      value: { action: "add", malformed: { hostname: "h", violations: [{ path: "name" }] }, checksum: 5n },
    });
    expect(event.ok && "service" in event.value).toBe(false);
  });

  test.each(["", "{}", "[]", '{"action":"add"}', '{"action":"add","checksum":"5"}'])("refused: %s", (text) => {
    expect(decodeWatchEvent(text).ok).toBe(false);
  });
});

describe("topLevelNumber", () => {
  test.each([
    ['{"n":1}', "1"],
    ['{"n":1,"n":2}', "2"],
    ['{"a":"n","n":3}', "3"],
    ['{"a":"n"}', undefined],
    ['{"a\\"n":4,"n":5}', "5"],
    ['{"a":"\\\\","n":6}', "6"],
    ['{"a":[{"n":1}],"n" : 7 }', "7"],
    ['{"nn":8}', undefined],
    ['{"n":"9"}', undefined],
  ])("%s -> %s", (text, expected) => {
    expect(topLevelNumber(text, "n")).toBe(expected);
  });

  test("agrees with JSON.parse wherever a number is exact", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("n", "m", 'q"', "\\"), fc.jsonValue()), (value) => {
        const parsed = JSON.parse(JSON.stringify(value));
        const token = topLevelNumber(JSON.stringify(value), "n");
        expect(token === undefined ? undefined : Number(token)).toBe(
          typeof parsed.n === "number" ? parsed.n : undefined,
        );
      }),
    );
  });
});

test("the exported sample decodes to itself", () => {
  const service = exportedService("ratings");
  const event = decodeWatchEvent(encodeWatchEvent("add", encodeService(service), 1n));
  expect(event).toEqual({ ok: true, value: { action: "add", service, checksum: 1n } });
});

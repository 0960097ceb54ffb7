import { formatServerName, parseServerName } from "@meshfed/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const HOST = "ratings.info.svc.red-mesh-imports.local";

describe("parseServerName (reference §7.4)", () => {
  test.each([
    [HOST, { host: HOST }],
    [`outbound_.9080_._.${HOST}`, { host: HOST, port: 9080 }],
    [`outbound_.9080_.v1_.${HOST}`, { host: HOST, port: 9080, subset: "v1" }],
    [`outbound_.1_._.${HOST}`, { host: HOST, port: 1 }],
    [`outbound_.65535_._.${HOST}`, { host: HOST, port: 65535 }],
    [`OUTBOUND_.9080_._.${HOST.toUpperCase()}`, { host: HOST, port: 9080 }],
    ["discovery.green-mesh-system.svc.red-mesh.local", { host: "discovery.green-mesh-system.svc.red-mesh.local" }],
    ["outbound.9080.example.org", { host: "outbound.9080.example.org" }],
  ])("%s", (serverName, expected) => {
    expect(parseServerName(serverName)).toEqual(expected);
  });

  test.each([
    "",
    ".",
    `${HOST}.`,
    `.${HOST}`,
    `*.${HOST}`,
    `outbound_.0_._.${HOST}`,
    `outbound_.65536_._.${HOST}`,
    `outbound_.99999999999999999999_._.${HOST}`,
    `outbound_.09080_._.${HOST}`,
    `outbound_.-1_._.${HOST}`,
    `outbound_.http_._.${HOST}`,
    `outbound_.9080_.${HOST}`,
    `outbound_.9080_._`,
    "outbound_.9080_._.",
    `outbound_.9080_.v_1_.${HOST}`,
    `outbound_.9080_.${"v".repeat(64)}_.${HOST}`,
    `inbound_.9080_._.${HOST}`,
    `x.outbound_.9080_._.${HOST}`,
    `outbound_.9080_._.outbound_.9080_._.${HOST}`,
    `outbound_.9080_._.${HOST}\u0000`,
    `outbound_.9080_._.${"a.".repeat(130)}local`,
  ])("refuses %j", (serverName) => {
    expect(parseServerName(serverName)).toBeUndefined();
  });

  test("inverts formatServerName", () => {
    const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
    const serverName = fc.oneof(
      fc.record({ host: fc.constant(HOST) }),
      fc.record({ host: fc.constant(HOST), port: fc.integer({ min: 1, max: 65535 }) }),
      fc.record({ host: fc.constant(HOST), port: fc.integer({ min: 1, max: 65535 }), subset: label }),
    );
    fc.assert(
      fc.property(serverName, (value) => {
        expect(parseServerName(formatServerName(value))).toEqual(value);
      }),
    );
  });
});

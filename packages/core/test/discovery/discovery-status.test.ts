import { buildDiscoveryStatus, type PodDiscoveryStatus, RemoteWatches, requestSource } from "@meshfed/core";
import { describe, expect, test } from "vitest";

const connected = { connected: true, lastConnected: "2021-10-05T13:02:55Z" };
const waiting = { connected: false, lastConnected: "2021-10-05T13:02:55Z" };
const a: PodDiscoveryStatus = { pod: "a", watch: connected };
const b: PodDiscoveryStatus = { pod: "b", watch: waiting };

describe("buildDiscoveryStatus", () => {
  test("the seed's example (reference §5.6)", () => {
    const watch = {
      connected: true,
      lastConnected: "2021-10-05T13:02:55Z",
      lastDisconnectStatus: "503 Service Unavailable",
      lastFullSync: "2021-10-05T13:05:43Z",
    };
    const remotes = [
      {
        source: "10.128.2.149",
        connected: true,
        lastConnected: "2021-10-05T13:02:25Z",
        lastFullSync: "2021-10-05T13:02:25Z",
      },
    ];
    const pod = "istiod-red-mesh-b65457658-9wq5j";
    expect(buildDiscoveryStatus({ pod, watch, remotes })).toEqual({ active: [{ pod, remotes, watch }] });
  });

  test("10.29: each pod finds itself among several, and is in one list", () => {
    const stored = { active: [a, { pod: "c", watch: connected }], inactive: [b] };
    expect(buildDiscoveryStatus({ stored, pod: "b", watch: connected, remotes: [] })).toEqual({
      active: [a, { pod: "b", watch: connected }, { pod: "c", watch: connected }],
    });
    expect(buildDiscoveryStatus({ stored, pod: "a", watch: waiting, remotes: [] })).toEqual({
      active: [{ pod: "c", watch: connected }],
      inactive: [{ pod: "a", watch: waiting }, b],
    });
  });

  test("10.29: a status with a pod twice, as the reference left it, is put right", () => {
    const stored = { active: [a, a, b], inactive: [{ pod: "a", watch: waiting }] };
    expect(buildDiscoveryStatus({ stored, pod: "a", watch: connected, remotes: [] })).toEqual({
      active: [a],
      inactive: [b],
    });
  });

  test("10.29: pods that are gone are taken out, if it is known which exist", () => {
    const stored = { active: [a], inactive: [b] };
    const input = { stored, pod: "c", watch: waiting, remotes: [] };
    expect(buildDiscoveryStatus({ ...input, pods: new Set(["b", "c"]) })).toEqual({
      inactive: [b, { pod: "c", watch: waiting }],
    });
    expect(buildDiscoveryStatus(input)).toEqual({ active: [a], inactive: [b, { pod: "c", watch: waiting }] });
  });

  test("a pod that is not among those that exist yet still writes its entry", () => {
    expect(buildDiscoveryStatus({ pod: "c", watch: waiting, remotes: [], pods: new Set() })).toEqual({
      inactive: [{ pod: "c", watch: waiting }],
    });
  });
});

describe("RemoteWatches (reference §1.1)", () => {
  const at = (text: string) => Date.parse(`2021-10-05T${text}Z`);

  test("the life of one watch", () => {
    const remotes = new RemoteWatches();
    remotes.listSent("10.0.0.1", at("12:59:00"));
    expect(remotes.statuses(at("12:59:00"))).toEqual([]);
    const watch = remotes.opened("10.0.0.1", at("13:00:00"));
    remotes.listSent("10.0.0.1", at("13:00:01"));
    remotes.eventSent(watch, at("13:00:02"));
    const status = {
      source: "10.0.0.1",
      connected: true,
      lastConnected: "2021-10-05T13:00:00Z",
      lastFullSync: "2021-10-05T13:00:01Z",
      lastEvent: "2021-10-05T13:00:02Z",
    };
    expect(remotes.statuses(at("13:00:03"))).toEqual([status]);
    remotes.closed(watch, at("13:01:00"));
    const ended = { ...status, connected: false, lastDisconnect: "2021-10-05T13:01:00Z" };
    expect(remotes.statuses(at("13:05:59"))).toEqual([ended]);
    expect(remotes.statuses(at("13:06:00"))).toEqual([]);
  });

  test("10.29: two watches from one source are one entry, connected until both have ended", () => {
    const remotes = new RemoteWatches();
    const first = remotes.opened("10.0.0.1", at("13:00:00"));
    const second = remotes.opened("10.0.0.1", at("13:00:10"));
    expect(remotes.statuses(at("13:00:10"))).toMatchObject([
      { connected: true, lastConnected: "2021-10-05T13:00:10Z" },
    ]);
    remotes.closed(first, at("13:00:20"));
    expect(remotes.statuses(at("13:00:20"))).toMatchObject([
      { connected: true, lastDisconnect: "2021-10-05T13:00:20Z" },
    ]);
    remotes.closed(second, at("13:00:30"));
    remotes.closed(second, at("13:00:40"));
    expect(remotes.statuses(at("13:00:40"))).toMatchObject([
      { connected: false, lastDisconnect: "2021-10-05T13:00:30Z" },
    ]);
  });

  test("a source that comes back within five minutes keeps its history", () => {
    const remotes = new RemoteWatches();
    remotes.closed(remotes.opened("10.0.0.1", at("13:00:00")), at("13:01:00"));
    remotes.opened("10.0.0.1", at("13:02:00"));
    expect(remotes.statuses(at("14:00:00"))).toEqual([
      {
        source: "10.0.0.1",
        connected: true,
        lastConnected: "2021-10-05T13:02:00Z",
        lastDisconnect: "2021-10-05T13:01:00Z",
      },
    ]);
  });

  test("many sources that come and go are not all remembered; those that are open are", () => {
    const remotes = new RemoteWatches();
    remotes.opened("10.0.0.1", at("13:00:00"));
    for (let index = 0; index < 1_000; index++) {
      remotes.closed(remotes.opened(`forged-${index}`, at("13:00:00") + index), at("13:00:00") + index);
    }
    const sources = remotes.statuses(at("13:00:02")).map(({ source }) => source);
    expect(sources).toHaveLength(257);
    expect(sources).toContain("10.0.0.1");
    expect(sources).toContain("forged-999");
    expect(sources).not.toContain("forged-0");
  });
});

describe("requestSource", () => {
  test.each([
    ["10.128.2.149", "10.0.0.1", "10.128.2.149"],
    [" 10.128.2.149 , 10.1.1.1", "10.0.0.1", "10.128.2.149"],
    ["2001:db8::1,10.1.1.1", undefined, "2001:db8::1"],
    [undefined, "10.0.0.1", "10.0.0.1"],
    ["", "10.0.0.1", "10.0.0.1"],
    [",10.1.1.1", "10.0.0.1", "10.0.0.1"],
    ["a b", "10.0.0.1", "10.0.0.1"],
    ["\u0000", "10.0.0.1", "10.0.0.1"],
    ["x".repeat(254), "10.0.0.1", "10.0.0.1"],
    [undefined, undefined, "unknown"],
  ])("X-Forwarded-For %j over a connection from %s -> %s", (forwardedFor, address, source) => {
    expect(requestSource(forwardedFor, address)).toBe(source);
  });
});

import { type AnnouncedService, type AnnouncementPolicy, checkAnnouncement, formatViolations } from "@meshfed/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exportedService, INGRESS_ACCOUNT } from "./service-arbitraries.js";

const policy: AnnouncementPolicy = { peerTrustDomain: "red-mesh.local" };
const ratings: AnnouncedService = exportedService("ratings");
const port = { name: "http", port: 9080, protocol: "HTTP" };
const label63 = "a".repeat(63);

function violationsOf(service: AnnouncedService, by: AnnouncementPolicy = policy): string {
  const result = checkAnnouncement(service, by);
  return result.ok ? "" : formatViolations(result.violations);
}

describe("believed", () => {
  test.each<[string, Partial<AnnouncedService>]>([
    ["the seed's ratings", {}],
    ["no ports", { servicePorts: [] }],
    ["no accounts: the ingress is not up yet (reference §8.1)", { serviceAccounts: [] }],
    [
      "the lowest and the highest port",
      {
        servicePorts: [
          { ...port, port: 1 },
          { ...port, name: "b", port: 65_535 },
        ],
      },
    ],
    ["one unnamed port", { servicePorts: [{ ...port, name: "" }] }],
    [
      "DNS, over both transports",
      {
        servicePorts: [
          { name: "dns", port: 53, protocol: "UDP" },
          { name: "dns-tcp", port: 53, protocol: "TCP" },
        ],
      },
    ],
    ["another account of the trust domain", { serviceAccounts: ["spiffe://red-mesh.local/any/path"] }],
    [
      "the longest labels",
      {
        name: label63,
        namespace: label63,
        hostname: `${label63}.${label63}.svc.green-mesh-exports.local`,
      },
    ],
    ["a name that begins with a digit", { name: "3scale", hostname: "3scale.bookinfo.svc.green-mesh-exports.local" }],
  ])("%s", (_, changes) => {
    const service = { ...ratings, ...changes };
    expect(checkAnnouncement(service, policy)).toEqual({ ok: true, value: service });
  });

  test("what needs no change is not copied", () => {
    const result = checkAnnouncement(ratings, policy);
    expect(result.ok && result.value).toBe(ratings);
  });

  test("a protocol that we do not know is to be sniffed", () => {
    const service = { ...ratings, servicePorts: [{ name: "thrift", port: 9090, protocol: "Thrift" }] };
    const result = checkAnnouncement(service, policy);
    expect(result.ok && result.value.servicePorts).toEqual([
      { name: "thrift", port: 9090, protocol: "UnsupportedProtocol" },
    ]);
  });

  test("10.18: what is doubled counts once, accounts are sorted", () => {
    const other = "spiffe://red-mesh.local/ns/a/sa/b";
    const service = {
      ...ratings,
      servicePorts: [port, { ...port }],
      serviceAccounts: [INGRESS_ACCOUNT, other, INGRESS_ACCOUNT],
    };
    const result = checkAnnouncement(service, policy);
    expect(result.ok && result.value).toMatchObject({
      servicePorts: [port],
      serviceAccounts: [other, INGRESS_ACCOUNT],
    });
  });
});

describe("10.36: not believed", () => {
  test.each<[string, Partial<AnnouncedService>, RegExp]>([
    ["a host of the importer's own cluster", { hostname: "ratings.bookinfo.svc.cluster.local" }, /^hostname: /],
    ["an imported host", { hostname: "ratings.bookinfo.svc.red-mesh-imports.local" }, /^hostname: /],
    ["another service's host", { hostname: "reviews.bookinfo.svc.green-mesh-exports.local" }, /^hostname: /],
    ["another namespace's host", { hostname: "ratings.info.svc.green-mesh-exports.local" }, /^hostname: /],
    ["a host with a label more", { hostname: "x.ratings.bookinfo.svc.green-mesh-exports.local" }, /^hostname: /],
    ["a host with dots in the peer", { hostname: "ratings.bookinfo.svc.green.mesh-exports.local" }, /^hostname: /],
    ["a host without a peer", { hostname: "ratings.bookinfo.svc.-exports.local" }, /^hostname: /],
    ["a host with a dot at its end", { hostname: "ratings.bookinfo.svc.green-mesh-exports.local." }, /^hostname: /],
    ["a host in capitals", { hostname: "RATINGS.bookinfo.svc.green-mesh-exports.local" }, /^hostname: /],
    ["a host with a line end", { hostname: "ratings.bookinfo.svc.green-mesh-exports.local\n" }, /^hostname: /],
    ["no host", { hostname: "" }, /^hostname: "" is not of the form "ratings\.bookinfo\.svc\.<peer>-exports\.local"$/],
    ["a wildcard", { name: "*", hostname: "*.bookinfo.svc.green-mesh-exports.local" }, /^name: .*; hostname: /],
    ["a dotted name", { name: "a.b", hostname: "a.b.bookinfo.svc.green-mesh-exports.local" }, /^name: .*; hostname: /],
    [
      "no name",
      { name: "", hostname: ".bookinfo.svc.green-mesh-exports.local" },
      /^name: "" is not a DNS label; hostname: /,
    ],
    ["a long namespace", { namespace: `${label63}a` }, /^namespace: .*; hostname: /],
    [
      "port 0",
      { servicePorts: [{ ...port, port: 0 }] },
      /^servicePorts\[0\]\.port: 0 is not a port number from 1 to 65535$/,
    ],
    ["port 65536", { servicePorts: [port, { ...port, name: "b", port: 65_536 }] }, /^servicePorts\[1\]\.port: 65536/],
    ["a negative port", { servicePorts: [{ ...port, port: -1 }] }, /^servicePorts\[0\]\.port: -1/],
    [
      "one number twice",
      { servicePorts: [port, { ...port, name: "b" }] },
      /^servicePorts\[1\]\.port: port 9080 is announced/,
    ],
    [
      "one UDP number twice",
      {
        servicePorts: [
          { name: "a", port: 53, protocol: "UDP" },
          { name: "b", port: 53, protocol: "UDP" },
        ],
      },
      /^servicePorts\[1\]\.port: /,
    ],
    [
      "one port name twice",
      { servicePorts: [port, { ...port, port: 9081 }] },
      /^servicePorts\[1\]\.name: port name "http"/,
    ],
    [
      "a port name that is no label",
      { servicePorts: [{ ...port, name: "a b" }] },
      /^servicePorts\[0\]\.name: "a b" is not/,
    ],
    [
      "an account of our own mesh",
      {
        serviceAccounts: ["spiffe://green-mesh.local/ns/green-mesh-system/sa/istiod"],
      },
      /^serviceAccounts\[0\]: .* is not in the peer's trust domain "red-mesh\.local"$/,
    ],
    [
      "an account of a longer trust domain",
      {
        serviceAccounts: ["spiffe://red-mesh.local.example.com/ns/a/sa/b"],
      },
      /^serviceAccounts\[0\]: .* is not in the peer's trust domain/,
    ],
    [
      "a wrong account after a right one",
      { serviceAccounts: [INGRESS_ACCOUNT, "spiffe://blue/ns/a/sa/b"] },
      /^serviceAccounts\[\d\]: /,
    ],
    [
      "a trust domain for an account",
      { serviceAccounts: ["spiffe://red-mesh.local"] },
      /names a trust domain, not a workload$/,
    ],
    ["an account without scheme", { serviceAccounts: ["red-mesh.local/ns/a/sa/b"] }, /is not a SPIFFE ID$/],
    ["a pattern for an account", { serviceAccounts: ["spiffe://red-mesh.local/ns/*/sa/b"] }, /is not a SPIFFE ID$/],
    ["an empty account", { serviceAccounts: [""] }, /is not a SPIFFE ID$/],
  ])("%s", (_, changes, violations) => {
    expect(violationsOf({ ...ratings, ...changes })).toMatch(violations);
  });

  test("everything at once is told at once", () => {
    const service = { ...ratings, namespace: "A", servicePorts: [{ ...port, port: 0 }], serviceAccounts: ["x"] };
    expect(violationsOf(service)).toMatch(
      /^namespace: .*; hostname: .*; servicePorts\[0\]\.port: .*; serviceAccounts\[0\]: /,
    );
  });

  test("too many ports or accounts, counted as sent", () => {
    const limits = { maxPorts: 2, maxServiceAccounts: 3 };
    const within = { ...ratings, servicePorts: [port, port], serviceAccounts: [1, 2, 3].map(() => INGRESS_ACCOUNT) };
    const beyond = {
      ...ratings,
      servicePorts: [port, port, port],
      serviceAccounts: [1, 2, 3, 4].map(() => INGRESS_ACCOUNT),
    };
    expect(violationsOf(within, { ...policy, limits })).toBe("");
    expect(violationsOf(beyond, { ...policy, limits })).toBe(
      "servicePorts: has 3 entries, at most 2 are accepted; serviceAccounts: has 4 entries, at most 3 are accepted",
    );
  });

  test("a hostile text is cut short in our messages", () => {
    expect(violationsOf({ ...ratings, name: "x".repeat(1_000_000) }).length).toBeLessThan(1_000);
  });

  test("hosts that call us something else than the label we know", () => {
    expect(violationsOf(ratings, { ...policy, seenExporterLabel: "green-mesh" })).toBe("");
    expect(violationsOf(ratings, { ...policy, seenExporterLabel: "blue-mesh" })).toBe(
      'hostname: "ratings.bookinfo.svc.green-mesh-exports.local" does not end with ".blue-mesh-exports.local"',
    );
  });
});

test("whatever is believed keeps the promises of checkAnnouncement", () => {
  const piece = fc.constantFrom("ratings", "a.b", "", "*", "A", label63);
  const almost = fc
    .record({
      name: piece,
      namespace: piece,
      peer: piece,
      servicePorts: fc.array(
        fc.record({ name: piece, port: fc.constantFrom(0, 1, 9080, 65_536), protocol: fc.constantFrom("TCP", "UDP") }),
        { maxLength: 3 },
      ),
      accounts: fc.array(fc.constantFrom("ns/a/sa/b", "", "*", "ns/a/sa/c"), { maxLength: 3 }),
    })
    .map(({ accounts, peer, ...service }) => ({
      ...service,
      hostname: `${service.name}.${service.namespace}.svc.${peer}-exports.local`,
      serviceAccounts: accounts.map((account) => `spiffe://red-mesh.local/${account}`),
    }));
  const believed = almost.map((service) => checkAnnouncement(service, policy)).filter((result) => result.ok);
  fc.assert(
    fc.property(believed, ({ value }) => {
      expect(value.hostname).toMatch(/^[a-z0-9-]+\.[a-z0-9-]+\.svc\.[a-z0-9-]+-exports\.local$/);
      expect(new Set(value.servicePorts.map(({ name }) => name)).size).toBe(value.servicePorts.length);
      for (const { port } of value.servicePorts)
        expect(port).toSatisfy((number: number) => number >= 1 && number <= 65_535);
      for (const account of value.serviceAccounts) expect(account).toMatch(/^spiffe:\/\/red-mesh\.local\/\S+$/);
    }),
  );
});

import { describe, expect, it } from "vitest";
import type { PortProtocol } from "../../src/discovery/message.js";
import { isTcpProtocol, parseAuthority, routeConnect, routeHttp } from "../../src/gateway/outbound-route.js";
import type { ImportedService } from "../../src/plan/gateway-resource.js";

function service(localHost: string, ports: Readonly<Record<number, PortProtocol>>): ImportedService {
  return {
    kind: "ImportedService",
    localHost,
    virtualAddress: "127.64.0.9",
    ports: Object.entries(ports).map(([port, protocol]) => ({
      name: "",
      port: Number(port),
      protocol,
      endpoints: [],
      remotes: [],
    })),
  };
}

const services = new Map(
  [
    service("one.test", { 9080: "HTTP" }),
    service("two.test", { 80: "HTTP", 8080: "HTTP2" }),
    service("many.test", { 8080: "HTTP", 8081: "GRPC", 27017: "Mongo" }),
    service("mixed.test", { 9090: "GRPC-Web", 5432: "TCP", 53: "UDP", 7000: "UnsupportedProtocol" }),
    service("raw.test", { 6379: "Redis" }),
  ].map((each) => [each.localHost, each]),
);
const findService = (host: string) => services.get(host);

describe("parseAuthority", () => {
  it.each([
    ["ratings.info.svc.red-mesh-imports.local", "ratings.info.svc.red-mesh-imports.local", undefined],
    ["RATINGS.Info:9080", "ratings.info", 9080],
    ["ratings.info.", "ratings.info", undefined],
    ["ratings.info.:80", "ratings.info", 80],
    ["a_b.test:65535", "a_b.test", 65535],
    ["127.0.0.1:8080", "127.0.0.1", 8080],
  ])("takes %s", (text, host, port) => {
    expect(parseAuthority(text)).toEqual(port === undefined ? { host } : { host, port });
  });

  it.each([
    "",
    ":80",
    "a:",
    "a:0",
    "a:65536",
    "a:080",
    "a:80:80",
    "a b",
    "a/b",
    "user@a",
    "[::1]:80",
    "a:+80",
    "-a",
    ".a",
    "a%2eb",
    "..",
    "a:8 0",
  ])("refuses %j", (text) => {
    expect(parseAuthority(text)).toBeUndefined();
  });
});

describe("an HTTP request is for", () => {
  it.each([
    ["the port that it names", { host: "two.test", port: 8080 }, undefined, 8080],
    ["80, without a port", { host: "two.test" }, undefined, 80],
    ["the only HTTP port, without a port", { host: "one.test" }, undefined, 9080],
    ["the only HTTP port among others", { host: "mixed.test" }, undefined, 9090],
    ["the only HTTP port, when it names the listener's", { host: "one.test", port: 15001 }, 15001, 9080],
    ["80, when it names the listener's", { host: "two.test", port: 15001 }, 15001, 80],
    ["the service's port, should the listener have the same", { host: "many.test", port: 8081 }, 8081, 8081],
    ["a port whose protocol is not declared", { host: "mixed.test", port: 7000 }, undefined, 7000],
  ])("%s", (_, authority, listenerPort, port) => {
    const route = routeHttp(authority, { findService, ...(listenerPort && { listenerPort }) });
    expect(route).toMatchObject({ ok: true, service: { localHost: authority.host }, port: { port } });
  });

  it.each([
    ["an unknown host", { host: "none.test" }, "HostUnknown", /no imported service has the name "none.test"/],
    ["a name below a service's", { host: "x.one.test" }, "HostUnknown", /x\.one\.test/],
    ["an unknown port", { host: "one.test", port: 81 }, "PortUnknown", /no port 81; its ports are 9080 \(HTTP\)/],
    [
      "one of several HTTP ports",
      { host: "many.test" },
      "PortUnknown",
      /several HTTP ports; its ports are 8080 \(HTTP\), 8081/,
    ],
    ["a service without HTTP ports", { host: "raw.test" }, "PortUnknown", /no HTTP port/],
    [
      "a port of another protocol",
      { host: "many.test", port: 27017 },
      "ProtocolMismatch",
      /Mongo.*127\.64\.0\.9:27017/,
    ],
    ["a UDP port", { host: "mixed.test", port: 53 }, "ProtocolMismatch", /UDP/],
  ])("nothing, if it is for %s", (_, authority, reason, message) => {
    const route = routeHttp(authority, { findService, listenerPort: 15001 });
    expect(route).toMatchObject({ ok: false, reason, message: expect.stringMatching(message) });
  });
});

describe("CONNECT is for", () => {
  it.each([
    ["one.test", 9080],
    ["raw.test", 6379],
    ["mixed.test", 7000],
  ])("any port: %s:%i", (host, port) => {
    expect(routeConnect({ host, port }, { findService })).toMatchObject({ ok: true, port: { port } });
  });

  it.each([
    ["an unknown host", { host: "none.test", port: 80 }, "HostUnknown"],
    ["an unknown port", { host: "one.test", port: 80 }, "PortUnknown"],
    ["no port", { host: "one.test" }, "PortUnknown"],
    ["a UDP port", { host: "mixed.test", port: 53 }, "PortUnknown"],
  ])("nothing, if it is for %s", (_, authority, reason) => {
    expect(routeConnect(authority, { findService })).toMatchObject({ ok: false, reason });
  });
});

it.each<[PortProtocol, boolean]>([
  ["HTTP", false],
  ["HTTP2", false],
  ["GRPC", false],
  ["GRPC-Web", false],
  ["HTTP_PROXY", false],
  ["UDP", false],
  ["HTTPS", true],
  ["TLS", true],
  ["TCP", true],
  ["Mongo", true],
  ["MySQL", true],
  ["Redis", true],
  ["UnsupportedProtocol", true],
])("protocol %s has a listener on the virtual address: %s", (protocol, expected) => {
  expect(isTcpProtocol(protocol)).toBe(expected);
});

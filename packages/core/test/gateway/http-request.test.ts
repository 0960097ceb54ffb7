import { describe, expect, it } from "vitest";
import { endToEndHeaders, endToEndTrailers } from "../../src/gateway/http-headers.js";
import { bodyFraming, forwardedHeaders, upgradeProtocol } from "../../src/gateway/http-request-head.js";
import { readConnectTarget, readTarget } from "../../src/gateway/http-target.js";

describe("readTarget (RFC 9112 §3.2)", () => {
  it.each([
    ["a path", "GET", "/a?b=c", ["Host", "X.test:80"], "x.test", 80, "X.test:80", "/a?b=c"],
    [
      "a path with two slashes",
      "GET",
      "//evil.test/a",
      ["host", "x.test"],
      "x.test",
      undefined,
      "x.test",
      "//evil.test/a",
    ],
    ["*", "OPTIONS", "*", ["Host", "x.test"], "x.test", undefined, "x.test", "*"],
    ["a URI, which beats Host", "GET", "http://a.test/p", ["Host", "b.test"], "a.test", undefined, "a.test", "/p"],
    ["a URI without path", "GET", "HTTP://a.test:81", ["Host", "b.test"], "a.test", 81, "a.test:81", "/"],
    ["a URI with only a query", "GET", "http://a.test?q", ["Host", "a.test"], "a.test", undefined, "a.test", "/?q"],
    ["a URI without Host", "GET", "http://a.test/", [], "a.test", undefined, "a.test", "/"],
  ])("takes %s", (_, method, url, rawHeaders, host, port, hostHeader, path) => {
    const authority = port === undefined ? { host } : { host, port };
    expect(readTarget({ method, url, rawHeaders })).toEqual({ ok: true, authority, host: hostHeader, path });
  });

  it.each([
    ["no Host", "GET", "/", []],
    ["two Hosts", "GET", "/", ["Host", "a.test", "host", "a.test"]],
    ["two Hosts beside a URI", "GET", "http://a.test/", ["Host", "a.test", "Host", "b.test"]],
    ["an empty Host", "GET", "/", ["Host", ""]],
    ["a Host with user info", "GET", "/", ["Host", "u@a.test"]],
    ["a Host with a path", "GET", "/", ["Host", "a.test/x"]],
    ["a list in Host", "GET", "/", ["Host", "a.test, b.test"]],
    ["* of another method", "GET", "*", ["Host", "a.test"]],
    ["https", "GET", "https://a.test/", ["Host", "a.test"]],
    ["user info in the URI", "GET", "http://u:p@a.test/", ["Host", "a.test"]],
    ["a fragment", "GET", "http://a.test/#x", ["Host", "a.test"]],
    ["a bare name", "GET", "a.test", ["Host", "a.test"]],
  ])("refuses %s", (_, method, url, rawHeaders) => {
    expect(readTarget({ method, url, rawHeaders })).toMatchObject({ ok: false });
  });
});

it.each([
  ["a.test:443", { ok: true, authority: { host: "a.test", port: 443 } }],
  ["a.test", { ok: false }],
  ["http://a.test:80/", { ok: false }],
  ["", { ok: false }],
])("CONNECT %s", (url, expected) => {
  expect(readConnectTarget(url)).toMatchObject(expected);
});

describe("endToEndHeaders (RFC 9110 §7.6.1)", () => {
  it("keeps order, case and repetition, and drops what is meant for one hop", () => {
    const raw = [
      ["Accept", "a"],
      ["Connection", "close, X-Private"],
      ["Set-Cookie", "1"],
      ["x-private", "secret"],
      ["Keep-Alive", "timeout=5"],
      ["Proxy-Connection", "keep-alive"],
      ["TE", "trailers"],
      ["Transfer-Encoding", "chunked"],
      ["Upgrade", "h2c"],
      ["Proxy-Authorization", "Basic x"],
      ["SET-COOKIE", "2"],
      ["Authorization", "Bearer x"],
    ].flat();
    expect(endToEndHeaders(raw)).toEqual([
      "Accept",
      "a",
      "Set-Cookie",
      "1",
      "SET-COOKIE",
      "2",
      "Authorization",
      "Bearer x",
    ]);
  });

  it("keeps what says where a message ends and for whom it is, whatever Connection says", () => {
    const raw = ["Connection", "Content-Length, HOST", "Host", "a.test", "Content-Length", "5"];
    expect(endToEndHeaders(raw)).toEqual(["Host", "a.test", "Content-Length", "5"]);
  });

  it("adds none of its own: no forwarded address, no via", () => {
    expect(forwardedHeaders("GET", "a.test", ["Host", "a.test", "A", "1"])).toEqual(["Host", "a.test", "A", "1"]);
  });

  it("keeps framing out of trailers (RFC 9110 §6.5.1)", () => {
    const raw = ["Grpc-Status", "0", "Content-Length", "5", "Host", "x", "Transfer-Encoding", "chunked", "X-Sum", "1"];
    expect(endToEndTrailers(raw)).toEqual([
      ["Grpc-Status", "0"],
      ["X-Sum", "1"],
    ]);
  });
});

describe("the framing of a body", () => {
  it.each([
    ["none", []],
    ["none", ["Content-Length", "0"]],
    ["length", ["Content-Length", "5"]],
    ["chunked", ["Transfer-Encoding", "Chunked"]],
    ["unsupported", ["Transfer-Encoding", "gzip, chunked"]],
    ["unsupported", ["Transfer-Encoding", "gzip", "Transfer-Encoding", "chunked"]],
    ["unsupported", ["Transfer-Encoding", "identity"]],
  ])("is %s for %j", (framing, raw) => {
    expect(bodyFraming(raw)).toBe(framing);
  });

  it.each([
    ["POST", [], ["Content-Length", "0", "Host", "h"]],
    ["POST", ["Content-Length", "3"], ["Host", "h", "Content-Length", "3"]],
    ["GET", ["Transfer-Encoding", "chunked"], ["Host", "h", "Transfer-Encoding", "chunked"]],
    ["GET", [], ["Host", "h"]],
    ["DELETE", ["Content-Length", "0"], ["Host", "h", "Content-Length", "0"]],
    ["GET", ["Trailer", "x-a"], ["Host", "h"]],
    [
      "GET",
      ["Trailer", "x-a", "Transfer-Encoding", "chunked"],
      ["Host", "h", "Trailer", "x-a", "Transfer-Encoding", "chunked"],
    ],
    ["GET", ["Connection", "content-length", "Content-Length", "3"], ["Host", "h", "Content-Length", "3"]],
  ])("%s with %j is sent on with it", (method, raw, expected) => {
    expect(forwardedHeaders(method, "h", raw)).toEqual(expected);
  });
});

describe("upgradeProtocol (RFC 9110 §7.8)", () => {
  it.each([
    ["websocket", ["Connection", "Upgrade", "Upgrade", "websocket"]],
    ["websocket", ["Connection", "keep-alive, upgrade", "Upgrade", "websocket"]],
    ["a/1, b/2", ["Connection", "upgrade", "Upgrade", "a/1, b/2"]],
  ])("is %s", (protocol, raw) => {
    expect(upgradeProtocol(raw)).toBe(protocol);
  });

  it.each([
    ["Upgrade without Connection", ["Upgrade", "websocket"]],
    ["Connection without Upgrade", ["Connection", "Upgrade"]],
    ["h2c", ["Connection", "Upgrade, HTTP2-Settings", "Upgrade", "h2c"]],
    ["a body", ["Connection", "Upgrade", "Upgrade", "websocket", "Content-Length", "5"]],
    ["a chunked body", ["Connection", "Upgrade", "Upgrade", "websocket", "Transfer-Encoding", "chunked"]],
  ])("is none with %s", (_, raw) => {
    expect(upgradeProtocol(raw)).toBeUndefined();
  });
});

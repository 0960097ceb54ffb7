import { once } from "node:events";
import { Agent, type IncomingMessage, type RequestListener, request } from "node:http";
import type { Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { GatewayLimits } from "../../src/gateway/index.js";
import type { SocketAddress } from "../../src/plan/gateway-resource.js";
import { ask, dial, drained, eventually, httpWorkload, readAnswer, tcpWorkload } from "./sockets.js";
import { exportRoute, importedHost, importedService, startRedAndGreen, type TestMesh } from "./test-mesh.js";

const HOST = importedHost("ratings");

interface Imported {
  readonly red: TestMesh;
  readonly green: TestMesh;
  /** Green's outbound listener. */
  readonly outbound: SocketAddress;
  readonly workload: Awaited<ReturnType<typeof httpWorkload>>;
}

/** Green imports `ratings` of red, which `handler` answers. */
async function imported(handler: RequestListener, limits: Partial<GatewayLimits> = {}): Promise<Imported> {
  const workload = await httpWorkload(handler);
  const { red, green } = await startRedAndGreen({ green: { limits } });
  await red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [workload] }]));
  await green.apply(importedService("ratings", [{}]));
  return { red, green, workload, outbound: green.address("OutboundListener/green-mesh") };
}

const echo: RequestListener = (request, response) => {
  request.pipe(response);
};

/** Answers with what it was asked. */
const mirror: RequestListener = async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { method, url, rawHeaders, rawTrailers } = request;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ method, url, rawHeaders, rawTrailers, body }));
};

describe("a request", () => {
  it("reaches the service as the caller wrote it, but for what is meant for one hop", async () => {
    const { outbound } = await imported(mirror);
    const answer = await ask(outbound, {
      host: `${HOST.toUpperCase()}.`,
      method: "PUT",
      path: "/ratings/1?a=%20b",
      headers: {
        "X-One": ["1", "2"],
        connection: "x-hop",
        "x-hop": "gone",
        "proxy-authorization": "Basic x",
        "content-length": "5",
      },
      body: "hello",
    });
    const seen = JSON.parse(answer.body);
    expect(seen).toMatchObject({ method: "PUT", url: "/ratings/1?a=%20b", body: "hello" });
    expect(seen.rawHeaders).toEqual(
      [
        ["Host", `${HOST.toUpperCase()}.`],
        ["X-One", "1"],
        ["X-One", "2"],
        ["content-length", "5"],
        ["Connection", "keep-alive"],
      ].flat(),
    );
  });

  it.each([
    ["GET", undefined, { method: "GET", body: "" }],
    ["POST", undefined, { method: "POST", body: "" }],
    ["POST", "x".repeat(300_000), { method: "POST", body: "x".repeat(300_000) }],
    ["DELETE", "with body", { method: "DELETE", body: "with body" }],
    ["PROPFIND", "<xml/>", { method: "PROPFIND", body: "<xml/>" }],
  ])("%s keeps its body", async (method, body, expected) => {
    const { outbound } = await imported(mirror);
    const headers: Record<string, string> = body === undefined ? {} : { "transfer-encoding": "chunked" };
    const answer = await ask(outbound, { host: HOST, method, headers, ...(body && { body }) });
    expect(JSON.parse(answer.body)).toMatchObject(expected);
  });

  it("may be sent in absolute form, as to a proxy, whose host counts (RFC 9112 §3.2.2)", async () => {
    const { outbound } = await imported(mirror);
    const answer = await ask(outbound, { host: "elsewhere.test", path: `http://${HOST}:9080/a?b` });
    const seen = JSON.parse(answer.body);
    expect(seen.url).toBe("/a?b");
    expect(seen.rawHeaders.slice(0, 2)).toEqual(["Host", `${HOST}:9080`]);
  });

  it("may be of HTTP/1.0", async () => {
    const { outbound } = await imported((_, response) => response.end("pong"));
    const socket = await dial(outbound);
    socket.write(`GET / HTTP/1.0\r\nHost: ${HOST}\r\n\r\n`);
    expect((await drained(socket)).received).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\npong$/);
  });

  it("passes its trailers on, and those of its response", async () => {
    const { outbound } = await imported(async (request, response) => {
      for await (const _ of request);
      response.writeHead(200, { trailer: "x-sum" });
      response.write("body");
      response.addTrailers({ "x-sum": String(request.trailers["x-request-sum"]) });
      response.end();
    });
    const sent = request({ ...at(outbound), method: "POST", headers: { host: HOST, "transfer-encoding": "chunked" } });
    sent.write("abc");
    sent.addTrailers({ "x-request-sum": "3" });
    sent.end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    expect(await readAnswer(response)).toMatchObject({ body: "body", trailers: { "x-sum": "3" } });
  });

  it("waits with its body until the service agrees (100-continue)", async () => {
    const { outbound, workload } = await imported(echo);
    const order: string[] = [];
    workload.server.on("checkContinue", (received: IncomingMessage, response) => {
      order.push("asked");
      response.writeContinue();
      received.pipe(response);
    });
    const sent = request({
      ...at(outbound),
      method: "POST",
      headers: { host: HOST, expect: "100-continue", "content-length": 4 },
    });
    sent.flushHeaders();
    await once(sent, "continue");
    order.push("told");
    sent.end("body");
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    expect(await readAnswer(response)).toMatchObject({ status: 200, body: "body" });
    expect(order).toEqual(["asked", "told"]);
  });

  it("that the service refuses before its body gets that answer and no further request on its connection", async () => {
    const { outbound, workload } = await imported(echo);
    workload.server.on("checkContinue", (_, response) => response.writeHead(417).end("no"));
    const socket = await dial(outbound);
    socket.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`);
    const { received } = await drained(socket);
    expect(received).toMatch(/^HTTP\/1\.1 417 [\s\S]*Connection: close[\s\S]*\r\nno\r\n/i);
  });
});

describe("a response", () => {
  it("keeps its status, reason, header order and repetition", async () => {
    const { outbound } = await imported((_, response) => {
      response.sendDate = false;
      response.writeHead(418, "Short and Stout", [
        "Set-Cookie",
        "a=1",
        "X-A",
        "1",
        "Set-Cookie",
        "b=2",
        "Connection",
        "x-gone",
        "X-Gone",
        "1",
      ]);
      response.end("tea");
    });
    const sent = request({ ...at(outbound), headers: { host: HOST } });
    sent.end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    expect([response.statusCode, response.statusMessage]).toEqual([418, "Short and Stout"]);
    expect(response.rawHeaders.slice(0, 6)).toEqual(["Set-Cookie", "a=1", "X-A", "1", "Set-Cookie", "b=2"]);
    expect(response.headers["x-gone"]).toBeUndefined();
    response.resume();
  });

  it.each([
    ["HEAD", 200, { "content-length": "5" }],
    ["GET", 204, {}],
    ["GET", 304, { etag: '"x"' }],
  ])("to %s with status %i has no body", async (method, status, headers) => {
    const { outbound } = await imported((_, response) => response.writeHead(status, headers).end());
    const answer = await ask(outbound, { host: HOST, method });
    expect(answer).toMatchObject({ status, body: "", headers });
  });

  it("streams: what the service has sent so far is there", async () => {
    const { outbound } = await imported((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      response.once("tick", () => response.write("data: 1\n\n"));
      setTimeout(() => response.emit("tick"), 50);
    });
    const sent = request({ ...at(outbound), headers: { host: HOST } });
    sent.on("error", () => undefined);
    sent.end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    expect(String((await once(response, "data"))[0])).toBe("data: 1\n\n");
    sent.destroy();
  });

  it("may come before the request is complete", async () => {
    const { outbound } = await imported((_, response) =>
      response.writeHead(413, { connection: "close" }).end("too large"),
    );
    const sent = request({ ...at(outbound), method: "POST", headers: { host: HOST } });
    sent.on("error", () => undefined);
    sent.write("x".repeat(100));
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    expect(await readAnswer(response)).toMatchObject({ status: 413, body: "too large" });
    await eventually(() => expect(sent.destroyed || sent.socket?.destroyed).toBe(true));
  });

  it("that breaks off does not look complete", async () => {
    const bodies: RequestListener[] = [
      (_, response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write("half", () => setTimeout(() => response.destroy(), 5));
      },
      (_, response) => {
        response.write("half", () => setTimeout(() => response.destroy(), 5));
      },
    ];
    for (const body of bodies) {
      const { outbound, green } = await imported(body);
      for (const version of ["1.1", "1.0"]) {
        const socket = await dial(outbound);
        socket.write(`GET / HTTP/${version}\r\nHost: ${HOST}\r\n\r\n`);
        expect(await drained(socket)).toMatchObject({ ended: "reset" });
      }
      await eventually(() => expect(green.events.requests).toHaveLength(2));
      expect(green.events.requests[0]).toMatchObject({ status: 200, failure: { reason: "ConnectionLost" } });
    }
  });

  it("larger than memory flows at the caller's pace, both ways", { timeout: 60_000 }, async () => {
    const { outbound } = await imported(echo);
    const total = 60 * 1024 * 1024;
    const chunk = Buffer.alloc(256 * 1024, 7);
    const sent = request({ ...at(outbound), method: "POST", headers: { host: HOST } });
    let offered = 0;
    const offer = () => {
      while (offered < total) {
        offered += chunk.length;
        if (!sent.write(chunk)) return void sent.once("drain", offer);
      }
      sent.end();
    };
    offer();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    let before = -1;
    await eventually(() => {
      const moved = offered !== before;
      before = offered;
      expect(moved).toBe(false);
    });
    expect(offered).toBeLessThan(30 * 1024 * 1024);
    let received = 0;
    for await (const part of response) received += (part as Buffer).length;
    expect(received).toBe(total);
  });
});

describe("connections", () => {
  it("to the service are kept for the next request, and the caller's too", async () => {
    const { outbound, workload, red } = await imported((_, response) => response.end("ok"));
    const connections: unknown[] = [];
    workload.server.on("connection", (socket) => connections.push(socket));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    for (let round = 0; round < 5; round++) {
      const sent = request({ ...at(outbound), agent, headers: { host: HOST } }).end();
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      expect(await readAnswer(response)).toMatchObject({ status: 200 });
      expect(sent.reusedSocket).toBe(round > 0);
    }
    expect(connections).toHaveLength(1);
    expect(red.events.opened).toHaveLength(1);
  });

  it("that the service has closed meanwhile are not used again", async () => {
    const { outbound, workload } = await imported((_, response) => response.end("ok"));
    workload.server.keepAliveTimeout = 1_000_000;
    for (let round = 0; round < 4; round++) {
      expect(await ask(outbound, { host: HOST })).toMatchObject({ status: 200 });
      workload.server.closeAllConnections();
    }
  });

  /** Answers the first request of each connection, and does `then` to the connection with the next. */
  async function answersOnce(then: (socket: Socket) => void, afterFirst: (socket: Socket) => void = () => undefined) {
    const { red, outbound, green } = await imported(echo);
    const heads: string[] = [];
    const workload = await tcpWorkload((socket) => {
      let requests = 0;
      socket.on("data", (chunk) => {
        heads.push(String(chunk).split(" HTTP")[0] ?? "");
        requests += 1;
        if (requests > 1) return then(socket);
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", () => afterFirst(socket));
      });
    });
    await red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [workload] }]));
    return { red, green, outbound, heads };
  }

  it("that turn out to be closed: an idempotent request without body is sent again, any other is not (RFC 9110 §9.2.2)", async () => {
    const { outbound, heads } = await answersOnce((socket) => socket.resetAndDestroy());
    expect(await ask(outbound, { host: HOST, path: "/1" })).toMatchObject({ status: 200 });
    expect(await ask(outbound, { host: HOST, path: "/2" })).toMatchObject({ status: 200 });
    expect(heads).toEqual(["GET /1", "GET /2", "GET /2"]);
    expect(await ask(outbound, { host: HOST, method: "POST", path: "/3" })).toMatchObject({
      status: 502,
      headers: { "x-meshfed-error": "ClosedBeforeResponse" },
    });
    expect(heads.slice(3)).toEqual(["POST /3"]);
    expect(await ask(outbound, { host: HOST, path: "/4" })).toMatchObject({ status: 200 });
    const withBody = { host: HOST, method: "PUT", path: "/5", headers: { "content-length": "1" }, body: "x" };
    expect(await ask(outbound, withBody)).toMatchObject({ status: 502 });
  });

  it("of which the service has ended its half are not used again, whatever the method", async () => {
    const { outbound, red } = await answersOnce(
      () => undefined,
      (socket) => socket.end(),
    );
    for (let round = 1; round <= 3; round++) {
      expect(await ask(outbound, { host: HOST, method: "POST" })).toMatchObject({ status: 200, body: "ok" });
      await eventually(() => expect(red.events.closed).toHaveLength(round));
    }
  });

  it("serve pipelined requests in their order", async () => {
    const { outbound } = await imported((received, response) => {
      setTimeout(() => response.end(`answer ${received.url}`), received.url === "/1" ? 30 : 0);
    });
    const socket = await dial(outbound);
    const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${more}\r\n`;
    socket.write(get("/1") + get("/2") + get("/3", "Connection: close\r\n"));
    const { received } = await drained(socket);
    expect(received.match(/answer \/\d/g)).toEqual(["answer /1", "answer /2", "answer /3"]);
  });

  it("of a caller that goes away end the request at the service", async () => {
    const closed: string[] = [];
    const { outbound, green } = await imported((received, response) => {
      response.write("first");
      received.socket.once("close", () => closed.push("closed"));
    });
    const sent = request({ ...at(outbound), headers: { host: HOST } }).end();
    sent.on("error", () => undefined);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    response.on("error", () => undefined);
    await once(response, "data");
    sent.destroy();
    await eventually(() => expect(closed).toEqual(["closed"]));
    await eventually(() => expect(green.events.requests).toMatchObject([{ status: 200 }]));
  });

  it("1,000 at a time are all served", { timeout: 60_000 }, async () => {
    const waiting: (() => void)[] = [];
    const { outbound } = await imported((received, response) => {
      waiting.push(() => response.end(received.url));
      if (waiting.length === 1_000) for (const answer of waiting) answer();
    });
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => ask(outbound, { host: HOST, path: `/${index}` })),
    );
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1_000);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  });
});

describe("importAsLocal: local endpoints and the peer", () => {
  async function both(locals: readonly SocketAddress[]) {
    const remote = await httpWorkload((_, response) => response.end("remote"));
    const { red, green } = await startRedAndGreen();
    await red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [remote] }]));
    await green.apply(
      importedService("ratings", [{ endpoints: locals }], { localHost: "ratings.info.svc.cluster.local" }),
    );
    const outbound = green.address("OutboundListener/green-mesh");
    const bodies = async (rounds: number) => {
      const seen: string[] = [];
      for (let round = 0; round < rounds; round++) {
        seen.push((await ask(outbound, { host: "ratings.info.svc.cluster.local" })).body);
      }
      return seen;
    };
    return { green, bodies };
  }

  it("are used in turn, each counting once (reference §7.7)", async () => {
    const a = await httpWorkload((_, response) => response.end("a"));
    const b = await httpWorkload((_, response) => response.end("b"));
    const { bodies } = await both([a, b]);
    expect(await bodies(6)).toEqual(["a", "b", "remote", "a", "b", "remote"]);
  });

  it("skip an endpoint that is dead", async () => {
    const { bodies, green } = await both([{ address: "127.0.0.1", port: 1 }]);
    expect(new Set(await bodies(4))).toEqual(new Set(["remote"]));
    expect(green.events.requests.every(({ peer }) => peer === "red-mesh")).toBe(true);
  });
});

it("tells of each request without its query", async () => {
  const { outbound, green } = await imported((_, response) => response.writeHead(201).end());
  await ask(outbound, { host: HOST, method: "POST", path: "/a?token=secret" });
  await eventually(() => expect(green.events.requests).toHaveLength(1));
  expect(green.events.requests[0]).toEqual({
    method: "POST",
    host: HOST,
    port: 9080,
    path: "/a",
    status: 201,
    durationMs: expect.any(Number),
    peer: "red-mesh",
    upstream: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    downstream: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  });
  expect(green.engine.counters().requests).toEqual([{ host: HOST, status: 201, failure: "", count: 1 }]);
});

describe("a hostile request", () => {
  it.each([
    ["two lengths", "POST / HTTP/1.1\r\nHost: H\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"],
    [
      "a length and chunks",
      "POST / HTTP/1.1\r\nHost: H\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["chunks that are not last", "POST / HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"],
    ["another coding before chunks", "POST / HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
    ["a space before a colon", "POST / HTTP/1.1\r\nHost: H\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"],
    ["a folded header", "GET / HTTP/1.1\r\nHost: H\r\nX-A: b\r\n c\r\n\r\n"],
    ["a bare line feed", "GET / HTTP/1.1\nHost: H\n\n"],
    [
      "a line break in a chunk size",
      "POST / HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: chunked\r\n\r\n5\n\r\nhello\r\n0\r\n\r\n",
    ],
    ["a negative length", "POST / HTTP/1.1\r\nHost: H\r\nContent-Length: -1\r\n\r\n"],
    ["two hosts", "GET / HTTP/1.1\r\nHost: H\r\nHost: other.test\r\n\r\n"],
    ["no host", "GET / HTTP/1.1\r\n\r\n"],
    ["a null byte in a header", "GET / HTTP/1.1\r\nHost: H\r\nX-A: a\u0000b\r\n\r\n"],
    ["HTTP/2 without upgrade", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["TLS", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003"],
  ])("is answered 400 and not forwarded: %s", async (_, text) => {
    const seen: string[] = [];
    const { outbound, green } = await imported((received, response) => {
      seen.push(received.url ?? "");
      response.end();
    });
    const socket = await dial(outbound);
    socket.write(Buffer.from(text.replace("Host: H", `Host: ${HOST}`), "latin1"));
    const { received } = await drained(socket);
    expect(received).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*"reason": "RequestInvalid"/);
    expect(received).toMatch(/\r\nconnection: close\r\n/i);
    expect(seen).toEqual([]);
    await eventually(() =>
      expect(green.events.requests).toMatchObject([{ status: 400, failure: { reason: "RequestInvalid" } }]),
    );
  });

  it("cannot hide a second one in its body", async () => {
    const seen: string[] = [];
    const { outbound } = await imported((received, response) => {
      seen.push(received.url ?? "");
      received.resume().once("end", () => response.end());
    });
    const inner = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";
    await ask(outbound, {
      host: HOST,
      method: "POST",
      path: "/seen",
      headers: { "content-length": String(inner.length) },
      body: inner,
    });
    await ask(outbound, { host: HOST, path: "/next" });
    expect(seen).toEqual(["/seen", "/next"]);
  });

  it.each([
    ["a length", "Content-Length: 37\r\n", (inner: string) => inner],
    ["chunks", "Transfer-Encoding: chunked\r\n", (inner: string) => `25\r\n${inner}\r\n0\r\n\r\n`],
  ])("cannot do so by calling its framing (%s) hop by hop either", async (_, framing, encode) => {
    const seen: string[] = [];
    const { outbound } = await imported((received, response) => {
      seen.push(`${received.method} ${received.url}`);
      received.resume().once("end", () => response.end());
    });
    const inner = "GET /hidden HTTP/1.1\r\nHost: x.test\r\n\r\n";
    expect(inner).toHaveLength(37 + 1);
    for (const method of ["GET", "POST"]) {
      const socket = await dial(outbound);
      const options = "Connection: close, content-length, transfer-encoding, host\r\n";
      socket.write(
        `${method} /seen HTTP/1.1\r\nHost: ${HOST}\r\n${options}${framing}\r\n${encode(inner.slice(0, 37))}`,
      );
      expect((await drained(socket)).received).toMatch(/^HTTP\/1\.1 200 /);
    }
    await ask(outbound, { host: HOST, path: "/next" });
    expect(seen).toEqual(["GET /seen", "POST /seen", "GET /next"]);
  });

  it.each([
    ["a Trailer without chunks", "GET", "Trailer: x-a\r\n\r\n"],
    [
      "a trailer that Node would not send",
      "POST",
      "Transfer-Encoding: chunked\r\nTrailer: x-a\r\n\r\n1\r\na\r\n0\r\nx-a: \u00e9\r\n\r\n",
    ],
  ])("is forwarded as far as it can be: %s", async (_, method, rest) => {
    const { outbound } = await imported(mirror);
    const socket = await dial(outbound);
    socket.write(Buffer.from(`${method} / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n${rest}`, "latin1"));
    expect((await drained(socket)).received).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("with too large a head is refused", async () => {
    const { outbound } = await imported(echo, { maxHeaderBytes: 8_192 });
    const socket = await dial(outbound);
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-A: ${"x".repeat(10_000)}\r\n\r\n`);
    expect((await drained(socket)).received).toMatch(/^HTTP\/1\.1 400 [\s\S]*header fields are too large/);
  });

  it("whose head never ends is ended", async () => {
    const { outbound } = await imported(echo, { requestHeadersTimeoutMs: 100 });
    const socket = await dial(outbound);
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n`);
    expect((await drained(socket)).received).toMatch(/^HTTP\/1\.1 400 [\s\S]*took too long/);
  });
});

describe("a hostile response", () => {
  it.each([
    [
      "an early hint that is none",
      "HTTP/1.1 103 Early Hints\r\nLink: garbage\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
    [
      "early hints without end",
      `${"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(50)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`,
    ],
    ["a Trailer without chunks", "HTTP/1.1 200 OK\r\nTrailer: x-a\r\nContent-Length: 2\r\n\r\nok"],
    [
      "a length that is called hop by hop",
      "HTTP/1.1 200 OK\r\nConnection: content-length\r\nContent-Length: 2\r\n\r\nok",
    ],
    [
      "bytes after its end",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    ],
    ["letters of Latin-1", "HTTP/1.1 200 D\u00e9j\u00e0\r\nX-A: \u00e9\r\nContent-Length: 2\r\n\r\nok"],
  ])("does no harm: %s", async (_, text) => {
    const { red, green, outbound } = await imported(echo);
    const hostile = await tcpWorkload((socket) => void socket.once("data", () => socket.end(text, "latin1")));
    await red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [hostile] }]));
    for (const version of ["1.1", "1.0"]) {
      const socket = await dial(outbound);
      socket.write(`GET / HTTP/${version}\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
      const { received } = await drained(socket);
      expect(received).toMatch(/HTTP\/1\.1 200 [\s\S]*\r\n\r\nok$/);
      if (version === "1.0") expect(received).not.toContain("103");
    }
    await eventually(() => expect(green.events.requests).toHaveLength(2));
    expect(green.events.requests.every(({ failure }) => failure === undefined)).toBe(true);
  });

  it.each([
    ["no HTTP", "hello\r\n\r\n", 502, "ResponseInvalid"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 502, "ResponseInvalid"],
    [
      "a length and chunks",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      502,
      "ResponseInvalid",
    ],
    [
      "a switch that nobody asked for",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
      502,
      "ResponseInvalid",
    ],
    ["a head that is too large", `HTTP/1.1 200 OK\r\nX-A: ${"x".repeat(100_000)}\r\n\r\n`, 502, "ResponseInvalid"],
  ])("is answered for: %s", async (_, text, status, reason) => {
    const { red, green, outbound } = await imported(echo);
    const hostile = await tcpWorkload((socket) => void socket.once("data", () => socket.end(text)));
    await red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [hostile] }]));
    const answer = await ask(outbound, { host: HOST });
    expect(answer).toMatchObject({ status, headers: { "x-meshfed-error": reason } });
    await eventually(() => expect(green.events.requests).toMatchObject([{ status, failure: { reason } }]));
  });
});

function at({ address, port }: SocketAddress) {
  return { host: address, port, agent: false } as const;
}

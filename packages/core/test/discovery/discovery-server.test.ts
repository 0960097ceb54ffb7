import { Duplex } from "node:stream";
import {
  Exporter,
  encodeService,
  encodeWatchEvent,
  FederationError,
  listChecksum,
  type ServiceMessage,
} from "@meshfed/core";
import { createDiscoveryServer, type DiscoveryServer, type DiscoveryServerOptions } from "@meshfed/core/gateway";
import { afterEach, describe, expect, test, vi } from "vitest";
import { connectTo, type LoopbackServer, listen, Received } from "./loopback.js";
import { ManualClock } from "./manual-clock.js";
import { exportedService } from "./service-arbitraries.js";

const ratings = exportedService("ratings");
const reviews = exportedService("reviews");
const PEER = "green-mesh";
const WATCH = "GET /v1/watch HTTP/1.1\r\nHost: x\r\n\r\n";
const LIST = "GET /v1/services/ HTTP/1.1\r\nHost: x\r\n\r\n";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Served {
  readonly discovery: DiscoveryServer;
  readonly server: LoopbackServer;
  /** Opens a connection and writes the request. */
  request(text: string): Promise<Received>;
}

async function serve(options: DiscoveryServerOptions = {}, peer = PEER): Promise<Served> {
  const discovery = createDiscoveryServer({
    ...options,
    limits: { closeTimeoutMs: 50, ...options.limits },
  });
  discovery.addPeer(PEER);
  const server = await listen((socket) => discovery.handle(peer, socket));
  cleanups.push(async () => {
    await discovery.close();
    await server.close();
  });
  return {
    discovery,
    server,
    request: async (text) => {
      const socket = await connectTo(server.port);
      cleanups.push(async () => void socket.destroy());
      const received = new Received(socket);
      socket.write(text);
      return received;
    },
  };
}

function until(assertion: () => void): Promise<void> {
  return vi.waitFor(assertion, { timeout: 10_000, interval: 2 });
}

async function openWatch({ request }: Served, text = WATCH): Promise<Received> {
  const watch = await request(text);
  await until(() => expect(watch.head).toMatch(/^HTTP\/1\.1 200 OK/));
  return watch;
}

function upsert(...upserted: readonly ServiceMessage[]) {
  return { upserted, removed: [] };
}

const eventText = (action: "add" | "update" | "delete", service: ServiceMessage, after: readonly ServiceMessage[]) =>
  `${encodeWatchEvent(action, encodeService(service), listChecksum(after))}\r\n`;

describe("/v1/services/ (reference §4.2)", () => {
  test("the list, as JSON with its length and an entity tag (10.47)", async () => {
    const served = await serve();
    served.discovery.publish(PEER, upsert(reviews, ratings));
    const answer = await served.request(LIST);
    const checksum = listChecksum([ratings, reviews]);
    const body = `{"checksum":${checksum},"services":[${encodeService(ratings)},${encodeService(reviews)}]}`;
    await until(() => expect(answer.body).toBe(body));
    expect(answer.head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer.head).toMatch(/^content-type: application\/json\r?$/im);
    expect(answer.head).toMatch(new RegExp(`^content-length: ${body.length}\r?$`, "im"));
    expect(answer.head).toMatch(/^etag: "[\da-f-]+\.2"\r?$/im);
  });

  test("nothing exported is the empty list, exactly", async () => {
    const answer = await (await serve()).request(LIST);
    await until(() => expect(answer.body).toBe('{"checksum":3035108133973235477}'));
  });

  test("304 for who has it already, also for several requests of one connection", async () => {
    const served = await serve();
    served.discovery.publish(PEER, upsert(ratings));
    const first = await served.request(LIST);
    await until(() => expect(first.body).toContain('"name":"ratings"'));
    const conditional = LIST.replace(
      "\r\n\r\n",
      `\r\nIf-None-Match: ${/^etag: (.*)\r$/im.exec(first.text)?.[1]}\r\n\r\n`,
    );
    const answer = await served.request(conditional);
    await until(() => expect(answer.text).toMatch(/^HTTP\/1\.1 304 Not Modified\r\n.*\r\n\r\n$/s));
    served.discovery.publish(PEER, upsert(reviews));
    answer.socket.write(conditional);
    await until(() => expect(answer.text).toMatch(/HTTP\/1\.1 200 OK.*"name":"reviews"/s));
  });

  test("HEAD has no body", async () => {
    const answer = await (await serve()).request(LIST.replace("GET", "HEAD"));
    await until(() => expect(answer.text).toMatch(/^HTTP\/1\.1 200 OK\r\n.*content-length: 32\r\n.*\r\n\r\n$/is));
  });
});

describe("what else is asked", () => {
  test.each([
    ["GET", "/v1/services", 404],
    ["GET", "/v1/services/green-mesh", 404],
    ["GET", "/v1/services/blue-mesh", 404],
    ["GET", "/v1/watch/", 404],
    ["GET", "/v1/watch/blue-mesh", 404],
    ["GET", "/", 404],
    ["GET", "//v1/watch", 404],
    ["GET", "/v1/../v1/watch", 404],
    ["POST", "/v1/other", 404],
    ["POST", "/v1/services/", 405],
    ["DELETE", "/v1/watch", 405],
  ])("%s %s -> %i", async (method, path, status) => {
    const answer = await (await serve()).request(`${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
    await until(() => expect(answer.head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `)));
    await until(() => expect(answer.body).toBe(""));
  });

  test("a peer that is not served: 400, empty (reference §4.2)", async () => {
    const answer = await (await serve({}, "blue-mesh")).request(LIST);
    await until(() => expect(answer.text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n.*\r\n\r\n$/s));
    expect(answer.body).toBe("");
  });

  test("what is not HTTP: 400 and the end", async () => {
    const answer = await (await serve()).request("\u0016\u0003\u0001hello\r\n\r\n");
    await until(() => expect(answer.isEnded).toBe(true));
    expect(answer.head).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("headers beyond the limit: 431 and the end", async () => {
    const served = await serve({ limits: { maxHeaderBytes: 1_024 } });
    const answer = await served.request(LIST.replace("\r\n\r\n", `\r\nX: ${"x".repeat(2_000)}\r\n\r\n`));
    await until(() => expect(answer.isEnded).toBe(true));
    expect(answer.head).toMatch(/^HTTP\/1\.1 431 /);
  });
});

describe("/v1/watch (reference §4.2, §4.4)", () => {
  test("headers at once, then each event as JSON and CR LF, in chunks", async () => {
    const served = await serve();
    served.discovery.publish(PEER, upsert(ratings));
    const watch = await openWatch(served);
    expect(watch.head).toMatch(/^content-type: application\/json\r?$/im);
    expect(watch.head).toMatch(/^transfer-encoding: chunked\r?$/im);
    expect(watch.body).toBe("");
    served.discovery.publish(PEER, upsert(reviews));
    const first = eventText("add", reviews, [ratings, reviews]);
    await until(() => expect(watch.body).toBe(first));
    served.discovery.publish(PEER, { upserted: [], removed: [ratings.hostname, reviews.hostname] });
    const rest = eventText("delete", ratings, [reviews]) + eventText("delete", reviews, []);
    await until(() => expect(watch.body).toBe(first + rest));
  });

  test("several watches each get everything from the moment they open", async () => {
    const served = await serve();
    const first = await openWatch(served);
    served.discovery.publish(PEER, upsert(ratings));
    const second = await openWatch(served);
    served.discovery.publish(PEER, upsert(reviews));
    await until(() => expect(second.body).toBe(eventText("add", reviews, [ratings, reviews])));
    await until(() => expect(first.body).toBe(eventText("add", ratings, [ratings]) + second.body));
  });

  test("another peer's changes are not told", async () => {
    const served = await serve();
    served.discovery.addPeer("blue-mesh");
    const watch = await openWatch(served);
    served.discovery.publish("blue-mesh", upsert(reviews));
    served.discovery.publish(PEER, upsert(ratings));
    await until(() => expect(watch.body).toBe(eventText("add", ratings, [ratings])));
  });

  test("any Duplex will do for a connection", async () => {
    const served = await serve();
    const written: string[] = [];
    const connection = new Duplex({
      read() {},
      write(chunk: Buffer, _, done) {
        written.push(chunk.toString());
        done();
      },
    });
    served.discovery.handle(PEER, connection);
    connection.push(LIST);
    await until(() => expect(written.join("")).toMatch(/^HTTP\/1\.1 200 OK.*\{"checksum":3035108133973235477\}$/s));
    connection.destroy();
  });
});

describe("10.5: a slow watcher", () => {
  const large = (index: number, version: number) =>
    exportedService(`s${index}`, {
      serviceAccounts: Array.from({ length: 1_000 }, (_, n) => `spiffe://red-mesh.local/ns/a/sa/${version}-${n}`),
    });

  test("10.5: a slow watcher is dropped; another gets every event, and nobody waits", async () => {
    const dropped = vi.fn();
    const served = await serve({ limits: { maxQueuedBytes: 256 * 1024 }, onWatchDropped: dropped });
    const fast = await openWatch(served);
    const slow = await openWatch(served, WATCH.replace("Host: x", "Host: x\r\nX-Forwarded-For: slow"));
    slow.socket.pause();
    const exporter = new Exporter("test");
    const sent: string[] = [];
    while (dropped.mock.calls.length === 0 && sent.length < 10_000) {
      const version = sent.length;
      const change = upsert(large(version % 10, version));
      served.discovery.publish(PEER, change);
      sent.push(...exporter.apply(change).map(({ json }) => json));
      // The fast reader is given the time that a real one has between two changes.
      await until(() => expect(fast.text.slice(-100)).toContain(`/${version}-999"`));
    }
    expect(dropped.mock.calls).toEqual([[{ peer: PEER, source: "slow", queuedBytes: expect.any(Number) }]]);
    served.discovery.publish(PEER, upsert(ratings));
    sent.push(...exporter.apply(upsert(ratings)).map(({ json }) => json));
    await until(() => expect(fast.text.slice(-1_000)).toContain('"name":"ratings"'));
    expect(fast.body.split("\r\n")).toEqual([...sent, ""]);
    await until(() => expect(served.server.sockets.size).toBe(1));
    expect(served.discovery.remotes(PEER)).toMatchObject([
      { source: "127.0.0.1", connected: true },
      { source: "slow", connected: false },
    ]);
    slow.socket.resume();
    await until(() => expect(slow.isEnded).toBe(true));
  });

  test("10.5: a change larger than the queue drops whoever watches, and the list has it", async () => {
    const dropped = vi.fn();
    const served = await serve({ limits: { maxQueuedBytes: 10_000 }, onWatchDropped: dropped });
    const watch = await openWatch(served);
    served.discovery.publish(PEER, upsert(...Array.from({ length: 10 }, (_, index) => large(index, 0))));
    served.discovery.publish(PEER, upsert(large(0, 1)));
    expect(dropped).toHaveBeenCalledTimes(1);
    await until(() => expect(watch.isEnded).toBe(true));
    const list = await served.request(LIST);
    await until(() => expect(list.body).toContain('"name":"s9"'));
  });
});

describe("limits", () => {
  test("more watches than allowed are answered with 503, until one ends", async () => {
    const served = await serve({ limits: { maxWatchesPerPeer: 1 } });
    const first = await openWatch(served);
    const second = await served.request(WATCH);
    await until(() => expect(second.head).toMatch(/^HTTP\/1\.1 503 /));
    first.socket.destroy();
    await until(() => expect(served.discovery.remotes(PEER)).toMatchObject([{ connected: false }]));
    second.socket.write(WATCH);
    await until(() => expect(second.text).toMatch(/HTTP\/1\.1 200 OK/));
  });

  test("a peer that is not served may not hold more connections either", async () => {
    const served = await serve({ limits: { maxConnectionsPerPeer: 1 } }, "blue-mesh");
    await served.request(LIST);
    const second = await served.request(LIST);
    await until(() => expect(second.isEnded).toBe(true));
    expect(served.server.sockets.size).toBe(1);
  });

  test("more connections than allowed are closed, until one ends", async () => {
    const served = await serve({ limits: { maxConnectionsPerPeer: 1 } });
    const first = await openWatch(served);
    const second = await served.request(LIST);
    await until(() => expect(second.isEnded).toBe(true));
    expect(second.text).toBe("");
    first.socket.destroy();
    await until(() => expect(served.server.sockets.size).toBe(0));
    const third = await served.request(LIST);
    await until(() => expect(third.head).toMatch(/^HTTP\/1\.1 200 OK/));
  });

  test("a connection that sends no request is closed, one that watches is not, one that idles is", async () => {
    const clock = new ManualClock(Date.parse("2021-10-05T13:00:00Z"));
    const served = await serve({ clock });
    const silent = await served.request("GET /v1/services/ HTTP/1.1\r\nX: ");
    const watch = await openWatch(served);
    await until(() => expect(clock.pendingMs).toEqual([10_000]));
    clock.advance(10_000);
    await until(() => expect(silent.isEnded).toBe(true));
    const idle = await served.request(LIST);
    await until(() => expect(clock.pendingMs).toEqual([75_000]));
    clock.advance(74_999);
    idle.socket.write(LIST);
    await until(() => expect(idle.text.match(/HTTP\/1\.1 200/g)).toHaveLength(2));
    await until(() => expect(clock.pendingMs).toEqual([75_000]));
    clock.advance(75_000);
    await until(() => expect(idle.isEnded).toBe(true));
    clock.advance(24 * 3_600_000);
    served.discovery.publish(PEER, upsert(ratings));
    await until(() => expect(watch.body).toContain('"name":"ratings"'));
  });

  test("a reader that does not take its list is closed", async () => {
    const clock = new ManualClock(Date.parse("2021-10-05T13:00:00Z"));
    const served = await serve({ clock });
    const accounts = Array.from({ length: 1_000 }, (_, index) => `spiffe://red-mesh.local/ns/a/sa/${index}`);
    const many = Array.from({ length: 500 }, (_, index) => exportedService(`s${index}`, { serviceAccounts: accounts }));
    served.discovery.publish(PEER, upsert(...many));
    const reader = await served.request("");
    reader.socket.pause();
    reader.socket.write(LIST);
    await until(() => expect(clock.pendingMs).toEqual([120_000]));
    clock.advance(120_000);
    await until(() => expect(served.server.sockets.size).toBe(0));
    expect(clock.pendingMs).toEqual([]);
  });
});

describe("remotes (reference §1.1)", () => {
  test("who watches, from where, and what was sent", async () => {
    const clock = new ManualClock(Date.parse("2021-10-05T13:02:25Z"));
    const changed = vi.fn();
    const served = await serve({ clock, onRemotesChanged: changed });
    const forwarded = "Host: x\r\nX-Forwarded-For: 10.128.2.149, 10.0.0.7";
    const watch = await openWatch(served, WATCH.replace("Host: x", forwarded));
    const status = { source: "10.128.2.149", connected: true, lastConnected: "2021-10-05T13:02:25Z" };
    expect(served.discovery.remotes(PEER)).toEqual([status]);
    expect(changed).toHaveBeenCalledTimes(1);
    clock.advance(1_000);
    const list = await served.request(LIST.replace("Host: x", forwarded));
    await until(() => expect(changed).toHaveBeenCalledTimes(2));
    await until(() => expect(list.head).toMatch(/200 OK/));
    clock.advance(1_000);
    served.discovery.publish(PEER, upsert(ratings));
    const sent = { ...status, lastFullSync: "2021-10-05T13:02:26Z", lastEvent: "2021-10-05T13:02:27Z" };
    expect(served.discovery.remotes(PEER)).toEqual([sent]);
    clock.advance(1_000);
    watch.socket.destroy();
    await until(() => expect(changed).toHaveBeenCalledTimes(3));
    const ended = { ...sent, connected: false, lastDisconnect: "2021-10-05T13:02:28Z" };
    expect(served.discovery.remotes(PEER)).toEqual([ended]);
    clock.advance(5 * 60_000);
    expect(served.discovery.remotes(PEER)).toEqual([]);
  });

  test("10.29: without X-Forwarded-For it is the address of the connection", async () => {
    const served = await serve();
    await openWatch(served);
    expect(served.discovery.remotes(PEER)).toMatchObject([{ source: "127.0.0.1" }]);
    expect(served.discovery.remotes("blue-mesh")).toEqual([]);
  });
});

describe("the end", () => {
  test("10.4: removing a peer that has exports withdraws them, ends its watches and closes its connections", async () => {
    const served = await serve();
    served.discovery.publish(PEER, upsert(ratings, reviews));
    const watch = await openWatch(served);
    const idle = await served.request(LIST);
    await until(() => expect(idle.head).toMatch(/200 OK/));
    served.discovery.removePeer(PEER);
    await until(() => expect(watch.isEnded && idle.isEnded).toBe(true));
    expect(watch.body).toBe(eventText("delete", ratings, [reviews]) + eventText("delete", reviews, []));
    expect(watch.text.endsWith("0\r\n\r\n")).toBe(true);
    const after = await served.request(LIST);
    await until(() => expect(after.head).toMatch(/^HTTP\/1\.1 400 /));
  });

  test("10.38: changes that come after the removal of a peer reach no watch and end nothing else", async () => {
    const served = await serve();
    const watch = await openWatch(served);
    served.discovery.removePeer(PEER);
    expect(() => served.discovery.publish(PEER, upsert(ratings))).toThrow(FederationError);
    served.discovery.removePeer(PEER);
    served.discovery.addPeer(PEER);
    served.discovery.publish(PEER, upsert(reviews));
    await until(() => expect(watch.isEnded).toBe(true));
    expect(watch.body).toBe("");
    const list = await served.request(LIST);
    await until(() => expect(list.body).toContain('"name":"reviews"'));
    expect(list.body).not.toContain("ratings");
  });

  test("10.43: close ends every stream at once and withdraws nothing, also with a reader that reads nothing", async () => {
    const served = await serve();
    served.discovery.publish(PEER, upsert(ratings));
    const watch = await openWatch(served);
    const stuck = await openWatch(served);
    stuck.socket.pause();
    const accounts = Array.from({ length: 20_000 }, (_, index) => `spiffe://red-mesh.local/ns/a/sa/${index}`);
    for (let version = 0; version < 6; version++) {
      served.discovery.publish(PEER, upsert(exportedService("s", { serviceAccounts: accounts.slice(version) })));
    }
    await until(() => expect(watch.body.split("\r\n").length).toBe(7));
    await served.discovery.close();
    expect(served.server.sockets.size).toBe(0);
    await until(() => expect(watch.isEnded).toBe(true));
    expect(watch.body).not.toContain('"action":"delete"');
    expect(watch.text.endsWith("0\r\n\r\n")).toBe(true);
    const late = await served.request(LIST);
    await until(() => expect(late.isEnded).toBe(true));
    expect(late.text).toBe("");
    await served.discovery.close();
  });

  test("10.38: changes that come while everything ends are told to nobody and end nothing", async () => {
    const served = await serve();
    const watch = await openWatch(served);
    const closed = served.discovery.close();
    served.discovery.publish(PEER, upsert(ratings));
    await closed;
    served.discovery.publish(PEER, upsert(reviews));
    await until(() => expect(watch.isEnded).toBe(true));
    expect(watch.body).toBe("");
  });

  test("10.38: changes that come just after a watch has broken off end nothing", async () => {
    const dropped = vi.fn();
    const served = await serve({ onWatchDropped: dropped });
    await openWatch(served);
    for (const socket of served.server.sockets) socket.destroy();
    served.discovery.publish(PEER, upsert(ratings));
    served.discovery.publish(PEER, upsert(reviews));
    await until(() => expect(served.discovery.remotes(PEER)).toMatchObject([{ connected: false }]));
    expect(dropped).not.toHaveBeenCalled();
  });
});

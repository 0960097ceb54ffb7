import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { encodeService, encodeServiceList, encodeWatchEvent, listChecksum, type ServiceMessage } from "@meshfed/core";
import {
  createDiscoveryClient,
  createDiscoveryServer,
  type DiscoveryClient,
  type DiscoveryClientOptions,
  type DiscoveryProblem,
  type DiscoveryServer,
  type DiscoveryTarget,
} from "@meshfed/core/gateway";
import { afterEach, describe, expect, test, vi } from "vitest";
import { connectTo, type LoopbackServer, listen } from "./loopback.js";
import { ManualClock } from "./manual-clock.js";
import { exportedService, INGRESS_ACCOUNT } from "./service-arbitraries.js";

const ratings = exportedService("ratings");
const reviews = exportedService("reviews");
const PEER = "green-mesh";
const HOST = "discovery.green-mesh-system.svc.red-mesh.local";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function until(assertion: () => void): Promise<void> {
  return vi.waitFor(assertion, { timeout: 10_000, interval: 2 });
}

function target(port: number): DiscoveryTarget {
  return { discoveryHost: HOST, remoteChecksum: "13145746668393473788", createConnection: () => connectTo(port) };
}

interface Run {
  readonly client: DiscoveryClient;
  readonly problems: DiscoveryProblem[];
  readonly names: () => string[];
}

/** A started client with short waits. */
function start(port: number | DiscoveryTarget, options: Partial<DiscoveryClientOptions> = {}): Run {
  const problems: DiscoveryProblem[] = [];
  const client = createDiscoveryClient({
    peer: { target: typeof port === "number" ? target(port) : port, trustDomain: "red-mesh.local" },
    backoff: { initialMs: 5, maxMs: 20 },
    verifyDelayMs: 20,
    onChanges: () => {},
    onStatus: () => {},
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  cleanups.push(async () => client.stop());
  client.start();
  return { client, problems, names: () => [...client.services.values()].map(({ name }) => name).sort() };
}

interface RedMesh {
  readonly discovery: DiscoveryServer;
  readonly server: LoopbackServer;
}

async function serve(...services: readonly ServiceMessage[]): Promise<RedMesh> {
  const discovery = createDiscoveryServer({ limits: { closeTimeoutMs: 50 } });
  discovery.addPeer(PEER);
  discovery.publish(PEER, upsert(...services));
  const server = await listen((socket) => discovery.handle(PEER, socket));
  cleanups.push(async () => {
    await discovery.close();
    await server.close();
  });
  return { discovery, server };
}

/** A peer that answers as the test says. */
async function answer(handler: (request: IncomingMessage, response: ServerResponse) => void) {
  const sockets = new Set<Socket>();
  const server = createServer(handler);
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

function upsert(...upserted: readonly ServiceMessage[]) {
  return { upserted, removed: [] };
}

function listText(...services: readonly ServiceMessage[]): string {
  return encodeServiceList(listChecksum(services), services.map(encodeService));
}

describe("against our own server", () => {
  test("what is exported is imported, and every change of it", async () => {
    const { discovery, server } = await serve(ratings);
    const onChanges = vi.fn();
    const { client, names } = start(server.port, { onChanges });
    await until(() => expect(names()).toEqual(["ratings"]));
    expect(onChanges).toHaveBeenCalledWith(
      expect.objectContaining({ upserted: [ratings], removed: [], rejected: new Map() }),
      client.lastConfirmed,
    );
    discovery.publish(PEER, upsert(reviews));
    await until(() => expect(names()).toEqual(["ratings", "reviews"]));
    const moved = exportedService("ratings", { servicePorts: [{ name: "http", port: 9081, protocol: "HTTP" }] });
    discovery.publish(PEER, { upserted: [moved], removed: [reviews.hostname] });
    await until(() => expect([...client.services.values()]).toEqual([moved]));
    expect(client.status).toEqual({
      connected: true,
      lastConnected: expect.any(String),
      lastEvent: expect.any(String),
      lastFullSync: expect.any(String),
    });
    expect(discovery.remotes(PEER)).toEqual([
      {
        source: "127.0.0.1",
        connected: true,
        lastConnected: expect.any(String),
        lastEvent: expect.any(String),
        lastFullSync: expect.any(String),
      },
    ]);
  });

  test("ten thousand services, then one of them", async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => exportedService(`s${index}`));
    const { discovery, server } = await serve(...many);
    const { client } = start(server.port);
    await until(() => expect(client.services.size).toBe(10_000));
    discovery.publish(PEER, { upserted: [], removed: [exportedService("s5000").hostname] });
    await until(() => expect(client.services.size).toBe(9_999));
    expect(client.services.has(exportedService("s5000").hostname)).toBe(false);
  });

  test("a restart of the peer: imports stay, then follow", async () => {
    const { discovery, server } = await serve(ratings);
    const onStatus = vi.fn();
    const { client, names } = start(server.port, { onStatus });
    await until(() => expect(names()).toEqual(["ratings"]));
    await discovery.close();
    await until(() => expect(client.status.connected).toBe(false));
    expect(client.status.lastDisconnectStatus).toBe("200 OK");
    expect(names()).toEqual(["ratings"]);
    const next = await serve(reviews);
    client.configure({ target: target(next.server.port), trustDomain: "red-mesh.local" });
    await until(() => expect(names()).toEqual(["reviews"]));
    expect(onStatus.mock.calls.map(([{ connected }]) => connected)).toContain(false);
  });

  test("10.47: a list that has not changed is not sent again", async () => {
    const { discovery, server } = await serve(ratings);
    let received = 0;
    const { client } = start(
      {
        ...target(server.port),
        createConnection: async () => {
          const connection = await connectTo(server.port);
          connection.once("close", () => {
            received += connection.bytesRead;
          });
          return connection;
        },
      },
      { resyncIntervalMs: 10 },
    );
    await until(() => expect(client.services.size).toBe(1));
    await until(() => expect(received).toBeGreaterThan(0));
    const perList = received;
    discovery.publish(PEER, upsert(...Array.from({ length: 1_000 }, (_, index) => exportedService(`s${index}`))));
    await until(() => expect(client.services.size).toBe(1_001));
    await until(() => expect(received).toBeGreaterThan(200_000));
    const whole = received;
    for (let round = 0; round < 10; round++) {
      const before = received;
      await until(() => expect(received).toBeGreaterThan(before));
    }
    expect(received - whole).toBeLessThan(20 * perList);
  });

  test("10.4: a peer that removes us withdraws its services, and is asked again", async () => {
    const { discovery, server } = await serve(ratings);
    const { client, names } = start(server.port);
    await until(() => expect(names()).toEqual(["ratings"]));
    discovery.removePeer(PEER);
    await until(() => expect(client.status.lastDisconnectStatus).toBe("400 Bad Request"));
    expect(names()).toEqual([]);
    discovery.addPeer(PEER);
    discovery.publish(PEER, upsert(reviews));
    await until(() => expect(names()).toEqual(["reviews"]));
  });

  test("stop closes every connection and timer; start goes on", async () => {
    const { server } = await serve(ratings);
    const clock = new ManualClock(Date.parse("2021-10-05T13:00:00Z"));
    const { client, names } = start(server.port, { clock });
    await until(() => expect(names()).toEqual(["ratings"]));
    client.stop();
    await until(() => expect(server.sockets.size).toBe(0));
    expect(clock.pendingMs).toEqual([]);
    expect(client.status.connected).toBe(false);
    client.start();
    await until(() => expect(client.status.connected).toBe(true));
  });

  test("10.36: a hostile announcement is rejected, the others are imported", async () => {
    const hostile = { ...reviews, hostname: "kubernetes.default.svc.cluster.local" };
    const { server } = await serve(ratings, hostile);
    const { client, names } = start(server.port);
    await until(() => expect(names()).toEqual(["ratings"]));
    expect([...client.rejected.keys()]).toEqual([hostile.hostname]);
  });

  test("a callback that throws is a problem, not the end", async () => {
    const { server } = await serve(ratings);
    const onChanges = () => {
      throw new Error("no room");
    };
    const { client, problems } = start(server.port, { onChanges });
    await until(() => expect(problems).toEqual([{ reason: "ObserverFailed", message: "no room" }]));
    await until(() => expect(client.status.connected).toBe(true));
  });

  test("a callback may call back", async () => {
    const { server } = await serve(ratings);
    const statuses: boolean[] = [];
    const { client } = start(server.port, {
      onChanges: () => client.stop(),
      onStatus: ({ connected }) => statuses.push(connected),
    });
    await until(() => expect(client.status.lastDisconnectStatus).toBe("the watch was stopped"));
    expect(statuses.at(-1)).toBe(false);
  });
});

describe("the requests (reference §4.1)", () => {
  test("paths, Host, both headers, a connection each", async () => {
    const seen = new Map<string, IncomingMessage["headers"]>();
    const { port, sockets } = await answer((request, response) => {
      seen.set(`${request.method} ${request.url}`, request.headers);
      if (request.url === "/v1/watch") response.writeHead(200).flushHeaders();
      else response.end(listText(ratings));
    });
    const { names } = start(port);
    await until(() => expect(names()).toEqual(["ratings"]));
    const headers = {
      host: HOST,
      accept: "application/json",
      "discovery-service": HOST,
      remote: "13145746668393473788",
      connection: "close",
    };
    expect(Object.fromEntries(seen)).toEqual({ "GET /v1/watch": headers, "GET /v1/services/": headers });
    await until(() => expect(sockets.size).toBe(1));
  });

  test("10.47: the reference's answers, text/plain and without an entity tag, are taken", async () => {
    const { port } = await answer((request, response) => {
      if (request.url === "/v1/watch") {
        response.writeHead(200, { "content-type": "application/json" });
        response.flushHeaders();
        return;
      }
      response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
      response.end(listText(ratings));
    });
    const { names } = start(port);
    await until(() => expect(names()).toEqual(["ratings"]));
  });

  test("304 to a request that named no tag is not an answer", async () => {
    const { port } = await answer((request, response) => {
      if (request.url === "/v1/watch") response.writeHead(200).flushHeaders();
      else response.writeHead(304).end();
    });
    const { problems } = start(port);
    await until(() => expect(problems[0]).toEqual({ reason: "ListUnreachable", message: "304 Not Modified" }));
  });
});

describe("what a peer can do wrong", () => {
  test.each([403, 404, 503])("%i ends the attempt and is the status", async (status) => {
    const { port } = await answer((_, response) => response.writeHead(status).end("x".repeat(100_000)));
    const { client } = start(port);
    await until(() => expect(client.status.lastDisconnectStatus).toMatch(new RegExp(`^${status} [A-Z]`)));
    expect(client.status).toEqual({
      connected: false,
      lastConnected: expect.any(String),
      lastDisconnectStatus: expect.any(String),
    });
  });

  test("10.26: answers that are not read leave no connection behind", async () => {
    let requests = 0;
    const { port, sockets } = await answer((_, response) => {
      requests++;
      // Neither is ended: only the client can close the connection.
      response.writeHead(503, { "transfer-encoding": "chunked" }).write("x".repeat(200_000));
    });
    const { client } = start(port, { resyncIntervalMs: 10 });
    await until(() => expect(requests).toBeGreaterThan(30));
    client.stop();
    await until(() => expect(sockets.size).toBe(0));
  });

  test("refused connections: the error's text is the status", async () => {
    const server = await listen(() => {});
    await server.close();
    const { client } = start(server.port);
    await until(() => expect(client.status.lastDisconnectStatus).toBe(`connect ECONNREFUSED 127.0.0.1:${server.port}`));
  });

  test("what a peer says becomes one short line of a status", async () => {
    const server = await listen((socket) => {
      socket.once("data", () =>
        socket.end(`HTTP/1.1 503 ${"no\tgood \u0080".repeat(100)}\r\nContent-Length: 0\r\n\r\n`),
      );
    });
    cleanups.push(server.close);
    const { client } = start(server.port);
    await until(() => expect(client.status.lastDisconnectStatus).toMatch(/^503 no good no good no[ -~]+$/));
    expect(client.status.lastDisconnectStatus?.length).toBeLessThanOrEqual(256);
  });

  test("a list that is cut off is not believed", async () => {
    const { port } = await answer((request, response) => {
      if (request.url === "/v1/watch") {
        response.writeHead(200).flushHeaders();
        return;
      }
      response.writeHead(200, { "content-length": 100_000 });
      response.write(listText(ratings), () => response.destroy());
    });
    const { client, problems } = start(port);
    await until(() => expect(problems[0]?.reason).toBe("ListUnreachable"));
    expect(client.services.size).toBe(0);
  });

  test("10.36: a list longer than allowed is not read to its end", async () => {
    let written = 0;
    const { port, sockets } = await answer((request, response) => {
      if (request.url === "/v1/watch") {
        response.writeHead(200).flushHeaders();
        return;
      }
      const more = () => {
        while (!response.destroyed && response.write(" ".repeat(10_000))) written += 10_000;
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    });
    const { client, problems } = start(port, { limits: { maxListBytes: 100_000 } });
    await until(() =>
      expect(problems).toEqual([{ reason: "ListInvalid", message: "the service list is longer than 100000 bytes" }]),
    );
    await until(() => expect(sockets.size).toBe(1));
    expect(client.status.connected).toBe(true);
    expect(written).toBeLessThan(100_000_000);
  });

  test("a list that is none is a problem, and the watch stays", async () => {
    const { port } = await answer((request, response) => {
      if (request.url === "/v1/watch") response.writeHead(200).flushHeaders();
      else response.end("<html>");
    });
    const { client, problems } = start(port);
    await until(() => expect(problems).toEqual([{ reason: "ListInvalid", message: "the message is not JSON" }]));
    expect(client.status.connected).toBe(true);
  });

  test.each([
    ["garbage", "HTTP", /^expected an event, found "HTTP"$/],
    ["an event cut off by an orderly end", '{"action":"add",', /^the stream ended inside an event$/],
    ["10.36: an event without end", `{"x":"${"x".repeat(3_000)}`, /^an event is longer than 2000 characters$/],
  ])("a watch with %s ends", async (_, text, reason) => {
    const { port } = await answer((request, response) => {
      if (request.url === "/v1/watch") response.writeHead(200).end(text);
      else response.end(listText(ratings));
    });
    const { client } = start(port, { limits: { maxEventLength: 2_000 } });
    await until(() => expect(client.status.lastDisconnectStatus).toMatch(reason));
  });

  test("a watch that is cut off is an error, not an orderly end", async () => {
    const { port } = await answer((request, response) => {
      if (request.url !== "/v1/watch") {
        response.end(listText(ratings));
        return;
      }
      response.writeHead(200).flushHeaders();
      setImmediate(() => response.destroy());
    });
    const { client } = start(port);
    await until(() => expect(client.status.lastDisconnect).toBeDefined());
    expect(client.status.lastDisconnectStatus).not.toBe("200 OK");
  });

  test("10.27: a server that closes each watch at once is asked less and less often", async () => {
    let watches = 0;
    const { port } = await answer((request, response) => {
      if (request.url === "/v1/watch") {
        watches++;
        response.writeHead(200).end();
      } else response.end(listText(ratings));
    });
    const clock = new ManualClock(Date.parse("2021-10-05T13:00:00Z"));
    start(port, { clock, random: () => 0.5, backoff: {} });
    for (const delayMs of [500, 750, 1125, 1688]) {
      await until(() => expect(clock.pendingMs).toContain(delayMs));
      const before = watches;
      clock.advance(delayMs - 1);
      expect(watches).toBe(before);
      clock.advance(1);
      await until(() => expect(watches).toBe(before + 1));
    }
  });
});

describe("framing on a real connection (reference §4.4)", () => {
  test("events cut anywhere, in the middle of a character too", async () => {
    const name = "情報😀";
    const events = [ratings, { ...reviews, name }].map(
      (service) => `${encodeWatchEvent("add", encodeService(service), 1n)}\r\n`,
    );
    const bytes = Buffer.from(`\r\n ${events.join("\n\n")}`);
    const { port } = await answer((request, response) => {
      if (request.url !== "/v1/watch") {
        response.end(listText());
        return;
      }
      response.writeHead(200).flushHeaders();
      const sendFrom = (position: number) => {
        if (position >= bytes.length || response.destroyed) return;
        response.write(bytes.subarray(position, position + 7));
        setImmediate(() => sendFrom(position + 7));
      };
      sendFrom(0);
    });
    const { client, names } = start(port);
    await until(() => expect(names()).toEqual(["ratings"]));
    await until(() => expect(client.rejected.get(reviews.hostname)?.[0]?.message).toBe(`"${name}" is not a DNS label`));
    expect(client.status.lastDisconnectStatus).toBeUndefined();
  });
});

describe("time limits", () => {
  const timeouts = { connectTimeoutMs: 20, responseTimeoutMs: 30, listTimeoutMs: 60 };

  test("10.10: a connection that does not come is given up, and closed if it comes late", async () => {
    const patient = await listen((socket) => void socket.resume());
    cleanups.push(patient.close);
    const late: Duplex[] = [];
    const { client } = start(
      {
        ...target(patient.port),
        createConnection: async () => {
          const connection = await connectTo(patient.port);
          late.push(connection);
          await new Promise((resolve) => setTimeout(resolve, 40));
          return connection;
        },
      },
      { timeouts },
    );
    await until(() => expect(client.status.lastDisconnectStatus).toBe("no connection within 20 ms"));
    client.stop();
    await until(() => expect(late.length > 0 && late.every(({ destroyed }) => destroyed)).toBe(true));
  });

  test("10.10: a peer that accepts and says nothing is given up", async () => {
    const silent = await listen((socket) => void socket.resume());
    cleanups.push(silent.close);
    const { client } = start(silent.port, { timeouts });
    await until(() => expect(client.status.lastDisconnectStatus).toBe("no response within 30 ms"));
    client.stop();
    await until(() => expect([...silent.sockets].every(({ readableEnded }) => readableEnded)).toBe(true));
  });

  test("10.10: a list that trickles is given up", async () => {
    const { port } = await answer((request, response) => {
      response.writeHead(200).flushHeaders();
      if (request.url === "/v1/watch") return;
      const timer = setInterval(() => response.write(" "), 5);
      response.once("close", () => clearInterval(timer));
    });
    const { client, problems } = start(port, { timeouts });
    await until(() => expect(problems[0]?.message).toBe("no complete service list within 60 ms"));
    await until(() => expect(client.status.lastDisconnectStatus).toMatch(/^the service list cannot be fetched: /));
  });
});

test("10.27: a peer that is cut off without a word is noticed, and found again", async () => {
  const { discovery, server } = await serve(ratings);
  let isCutOff = false;
  const links: { near: Socket; far: Socket }[] = [];
  // Stands for a network: it can stop carrying bytes without closing anything.
  const network = await listen((near) => {
    void connectTo(server.port).then((far) => {
      links.push({ near, far });
      if (isCutOff) return;
      near.pipe(far);
      far.pipe(near);
    });
  });
  cleanups.push(async () => {
    for (const { far } of links) far.destroy();
    await network.close();
  });
  const { client, names } = start(network.port, {
    resyncIntervalMs: 30,
    timeouts: { connectTimeoutMs: 200, responseTimeoutMs: 30, listTimeoutMs: 60 },
  });
  await until(() => expect(names()).toEqual(["ratings"]));
  isCutOff = true;
  for (const { near, far } of links) {
    near.unpipe();
    far.unpipe();
  }
  discovery.publish(PEER, upsert(reviews));
  await until(() => expect(client.status.connected).toBe(false));
  expect(client.status.lastDisconnectStatus).toMatch(
    /^(the service list cannot be fetched: )?no response within 30 ms$/,
  );
  expect(names()).toEqual(["ratings"]);
  isCutOff = false;
  await until(() => expect(names()).toEqual(["ratings", "reviews"]));
  expect(client.status.connected).toBe(true);
});

test("10.18: two gateway pods of the reference are one account here", async () => {
  const twice = { ...ratings, serviceAccounts: [INGRESS_ACCOUNT, INGRESS_ACCOUNT] };
  const { port } = await answer((request, response) => {
    if (request.url === "/v1/watch") response.writeHead(200).flushHeaders();
    else response.end(listText(twice));
  });
  const { client, names } = start(port);
  await until(() => expect(names()).toEqual(["ratings"]));
  expect(client.services.get(ratings.hostname)).toEqual(ratings);
});

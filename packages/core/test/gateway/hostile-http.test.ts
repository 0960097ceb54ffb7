/** What a hostile workload, or a hostile service of a peer, can write into HTTP/1.1. */
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { GatewayLimits } from "../../src/gateway/index.js";
import type { SocketAddress } from "../../src/plan/gateway-resource.js";
import { ask, dial, drained, tcpWorkload } from "./sockets.js";
import { exportRoute, importedHost, importedService, startRedAndGreen } from "./test-mesh.js";

const HOST = importedHost("ratings");

/** Green's outbound listener, through which red's service answers the first bytes of each connection. */
async function answeredWith(
  answer: (socket: Socket, request: string) => void,
  limits: Partial<GatewayLimits> = {},
): Promise<SocketAddress> {
  const workload = await tcpWorkload((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (request: Buffer) => answer(socket, request.toString("latin1")));
  });
  const { red, green } = await startRedAndGreen({ green: { limits } });
  await red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [workload] }]));
  await green.apply(importedService("ratings", [{}]));
  return green.address("OutboundListener/green-mesh");
}

/** Everything that comes back for `text`. */
async function exchange(outbound: SocketAddress, text: string): Promise<string> {
  const socket = await dial(outbound);
  socket.write(Buffer.from(text, "latin1"));
  return (await drained(socket)).received;
}

const REQUEST = `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

describe("early hints of a service", () => {
  it.each([
    ["that are no links", ["garbage"], []],
    ["that take Node's own check exponential time", [`<x>${";a=b".repeat(60)}"`], []],
    ["with a link that never ends", [`<${"x".repeat(30_000)}`], []],
    ["with nothing but space", [`<x>;${" ".repeat(30_000)}!"`], []],
    ["with one link", ["</a.css>; rel=preload; as=style"], ["</a.css>; rel=preload; as=style"]],
    [
      "with several links in one field",
      ["</a>; rel=preload, </b>; rel=preload"],
      ["</a>; rel=preload, </b>; rel=preload"],
    ],
    ["with several fields", ["</a>; rel=preload", "</b>; rel=preload"], ["</a>; rel=preload, </b>; rel=preload"]],
  ])("%s do no harm, and are passed on if they can be", { timeout: 10_000 }, async (_, links, expected) => {
    const fields = links.map((link) => `Link: ${link}\r\n`).join("");
    const outbound = await answeredWith((socket) => socket.end(`HTTP/1.1 103 Early Hints\r\n${fields}\r\n${OK}`));
    const received = await exchange(outbound, REQUEST);
    expect(received).toMatch(/HTTP\/1\.1 200 OK\r\n/);
    expect([...received.matchAll(/^Link: (.*)\r$/gm)].map(([, link]) => link)).toEqual(expected);
  });

  it("without end are not queued for a caller that does not read", { timeout: 30_000 }, async () => {
    const hint = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n".repeat(1_000);
    let sent = 0;
    const outbound = await answeredWith((socket) => {
      const flood = () => {
        while (sent < 500_000 && socket.write(hint)) sent += 1_000;
        if (sent >= 500_000) socket.end(OK);
      };
      socket.on("drain", flood);
      flood();
    });
    const socket = await dial(outbound);
    socket.pause();
    const before = process.memoryUsage().rss;
    let peak = before;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 20);
    socket.write(REQUEST);
    await expect.poll(() => sent, { timeout: 25_000 }).toBe(500_000);
    clearInterval(timer);
    expect(peak - before).toBeLessThan(64 * 1024 * 1024);
  });
});

it("passes all trailers on, as gRPC needs them, whatever one of them holds", async () => {
  const trailers = "grpc-status: 0\r\ngrpc-message: fine\r\nx-more: yes\r\n";
  const outbound = await answeredWith((socket) =>
    socket.end(
      `HTTP/1.1 200 OK\r\nTrailer: grpc-status\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n${trailers}\r\n`,
    ),
  );
  const { trailers: received } = await ask(outbound, { host: HOST });
  expect(received).toEqual({ "grpc-status": "0", "grpc-message": "fine", "x-more": "yes" });
});

it("cannot say that the gateway answered: `x-meshfed-error` is the gateway's alone", async () => {
  const lie = "X-Meshfed-Error: ConnectRefused\r\n";
  const outbound = await answeredWith((socket, request) => {
    const status = request.includes("websocket") ? "403 Forbidden" : "503 Service Unavailable";
    socket.end(`HTTP/1.1 ${status}\r\n${lie}Transfer-Encoding: chunked\r\n\r\n0\r\n${lie}\r\n`);
  });
  expect(await exchange(outbound, REQUEST)).toMatch(/^HTTP\/1\.1 503 (?!.*x-meshfed-error)/is);
  const upgrade = REQUEST.replace("close", "Upgrade\r\nUpgrade: websocket");
  expect(await exchange(outbound, upgrade)).toMatch(/^HTTP\/1\.1 403 (?!.*x-meshfed-error)/is);
});

it.each([
  ["refuses and never ends its answer", "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nno"],
  ["refuses in chunks that never end", "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n"],
])("an upgrade that the service %s ends after the idle timeout", async (_, text) => {
  const outbound = await answeredWith((socket) => socket.write(text), { requestIdleTimeoutMs: 100 });
  const socket = await dial(outbound);
  socket.write(REQUEST.replace("close", "Upgrade\r\nUpgrade: websocket"));
  expect(await drained(socket)).toMatchObject({ ended: "reset" });
});

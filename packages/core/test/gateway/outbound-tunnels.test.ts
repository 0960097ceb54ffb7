import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { GatewayLimits } from "../../src/gateway/index.js";
import type { ExportRoute, ImportedService, SocketAddress, WorkloadEndpoint } from "../../src/plan/gateway-resource.js";
import { deadEndpoint, dial, drained, echoWorkload, eventually, httpWorkload, tcpWorkload } from "./sockets.js";
import { exportRoute, importedHost, importedService, startRedAndGreen } from "./test-mesh.js";

const HOST = importedHost("chat");

/** Green imports `chat` of red, which `workload` is. */
async function imported(
  workload: WorkloadEndpoint,
  options: {
    readonly protocol?: ExportRoute["ports"][number]["protocol"];
    readonly limits?: Partial<GatewayLimits>;
  } = {},
) {
  const { protocol = "HTTP", limits = {} } = options;
  const { red, green } = await startRedAndGreen({ green: { limits } });
  await red.apply(exportRoute("green-mesh", "chat", [{ port: 9080, protocol, endpoints: [workload] }]));
  const service: ImportedService = importedService("chat", [{ protocol }]);
  await green.apply(service);
  return { red, green, service, outbound: green.address("OutboundListener/green-mesh") };
}

/** Speaks `echo/1` after an upgrade: sends everything back. */
async function echoProtocol() {
  const asked: IncomingMessage[] = [];
  const server = createServer();
  server.on("upgrade", (received: IncomingMessage, socket: Socket, head: Buffer) => {
    asked.push(received);
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\nX-From: workload\r\n\r\nwelcome ",
    );
    if (head.length > 0) socket.write(head);
    socket.pipe(socket);
  });
  server.on("request", (_, response) => response.writeHead(426, { "x-from": "workload" }).end("upgrade, please"));
  const endpoint = await tcpWorkload((socket) => void server.emit("connection", socket));
  return { endpoint, asked };
}

const UPGRADE = `GET /chat?room=1 HTTP/1.1\r\nHost: ${HOST}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo/1\r\nSec-WebSocket-Key: abc\r\n\r\n`;

describe("an upgrade", () => {
  it("switches both connections to the new protocol, without losing early bytes of either side", async () => {
    const { endpoint, asked } = await echoProtocol();
    const { outbound, green } = await imported(endpoint);
    const socket = await dial(outbound);
    socket.write(`${UPGRADE}early `);
    await eventually(() => expect(asked).toHaveLength(1));
    socket.end("late");
    const { received, ended } = await drained(socket);
    expect(received).toMatch(
      /^HTTP\/1\.1 101 Switching Protocols\r\nX-From: workload\r\nConnection: Upgrade\r\nUpgrade: echo\/1\r\n\r\nwelcome early late$/,
    );
    expect(ended).toBe("end");
    expect(asked[0]).toMatchObject({
      url: "/chat?room=1",
      headers: { host: HOST, "sec-websocket-key": "abc", upgrade: "echo/1" },
    });
    await eventually(() =>
      expect(green.events.closed).toMatchObject([
        { role: "OutboundHttp", host: HOST, peer: "red-mesh", reason: "Completed" },
      ]),
    );
    expect(green.events.requests).toMatchObject([{ method: "GET", path: "/chat", status: 101, peer: "red-mesh" }]);
  });

  it("that the service refuses gets the service's answer", async () => {
    const plain = await httpWorkload((_, response) =>
      response.writeHead(426, { "x-from": "workload" }).end("upgrade, please"),
    );
    plain.server.on("upgrade", (_, socket) =>
      socket.end("HTTP/1.1 403 No\r\nX-From: workload\r\nContent-Length: 9\r\n\r\nforbidden"),
    );
    const { outbound, green } = await imported(plain);
    const socket = await dial(outbound);
    socket.write(UPGRADE);
    const { received, ended } = await drained(socket);
    expect(received).toBe(
      "HTTP/1.1 403 No\r\nX-From: workload\r\nContent-Length: 9\r\nConnection: close\r\n\r\nforbidden",
    );
    expect(ended).toBe("end");
    await eventually(() => expect(green.events.requests).toMatchObject([{ status: 403 }]));
  });

  it.each([
    [
      "to h2c",
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n`,
      "GET",
    ],
    [
      "with a body",
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\nContent-Length: 5\r\n\r\nhello`,
      "POST",
    ],
  ])("%s is forwarded as any request, without Upgrade (RFC 9110 §7.8)", async (_, text, method) => {
    const workload = await httpWorkload(async (received, response) => {
      let body = "";
      for await (const chunk of received) body += chunk;
      response.end(`${received.method} ${received.headers.upgrade} ${received.headers["http2-settings"]} ${body}`);
    });
    const { outbound } = await imported(workload);
    const socket = await dial(outbound);
    socket.write(text);
    await eventually(() => expect(socket.bytesRead).toBeGreaterThan(0));
    socket.end();
    const { received } = await drained(socket);
    expect(received).toContain(`\r\n\r\n${method} undefined undefined ${method === "POST" ? "hello" : ""}`);
  });

  it("of an unknown host is answered like any request for it", async () => {
    const { outbound } = await imported(await echoWorkload());
    const socket = await dial(outbound);
    socket.write(UPGRADE.replace(HOST, "none.test"));
    expect((await drained(socket)).received).toMatch(/^HTTP\/1\.1 404 Not Found\r\n[\s\S]*"reason": "HostUnknown"/);
  });

  it("without an answer ends in a 504", async () => {
    const { outbound } = await imported(await tcpWorkload((socket) => void socket.resume()), {
      limits: { requestIdleTimeoutMs: 60 },
    });
    const socket = await dial(outbound);
    socket.write(UPGRADE);
    expect((await drained(socket)).received).toMatch(
      /^HTTP\/1\.1 504 Gateway Timeout\r\n[\s\S]*"reason": "ResponseTimeout"/,
    );
  });
});

describe("CONNECT", () => {
  const connect = async ({ address, port }: SocketAddress, target: string) => {
    const sent = request({ host: address, port, method: "CONNECT", path: target, agent: false });
    sent.end();
    return (await once(sent, "connect")) as [IncomingMessage, Socket, Buffer];
  };

  it.each(["TCP", "HTTP", "Mongo", "TLS"] as const)(
    "opens a raw connection to a port of protocol %s",
    async (protocol) => {
      const { outbound, green } = await imported(await echoWorkload(), { protocol });
      const [response, socket] = await connect(outbound, `${HOST}:9080`);
      expect(response.statusCode).toBe(200);
      socket.end("hello");
      expect(await drained(socket)).toEqual({ received: "hello", ended: "end" });
      await eventually(() =>
        expect(green.events.closed).toMatchObject([
          { role: "OutboundHttp", port: 9080, bytesSent: 5, bytesReceived: 5 },
        ]),
      );
    },
  );

  it("keeps what the caller sent before the answer", async () => {
    const { outbound } = await imported(await echoWorkload(), { protocol: "TCP" });
    const socket = await dial(outbound);
    socket.end(`CONNECT ${HOST}:9080 HTTP/1.1\r\nHost: ${HOST}:9080\r\n\r\nearly`);
    expect(await drained(socket)).toEqual({
      received: "HTTP/1.1 200 Connection established\r\n\r\nearly",
      ended: "end",
    });
  });

  it.each([
    ["an unknown host", "none.test:80", 404, "HostUnknown"],
    ["an unknown port", `${HOST}:81`, 404, "PortUnknown"],
    ["no port", HOST, 400, "RequestInvalid"],
    ["an address outside", "127.0.0.1:22", 404, "HostUnknown"],
  ])("refuses %s", async (_, target, status, reason) => {
    const { outbound, green } = await imported(await echoWorkload());
    const socket = await dial(outbound);
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const { received } = await drained(socket);
    expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*"reason": "${reason}"`));
    await eventually(() =>
      expect(green.events.requests).toMatchObject([{ method: "CONNECT", status, failure: { reason } }]),
    );
  });

  it("says which hop failed when nothing could be reached", async () => {
    const { outbound, green, service } = await imported(await echoWorkload(), { protocol: "TCP" });
    const dead = await deadEndpoint();
    await green.apply({
      ...service,
      ports: service.ports.map((port) => ({ ...port, remotes: [], endpoints: [dead] })),
    });
    const socket = await dial(outbound);
    socket.write(`CONNECT ${HOST}:9080 HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect((await drained(socket)).received).toMatch(
      new RegExp(`^HTTP/1\\.1 503 [\\s\\S]*"hop": "local endpoint 127\\.0\\.0\\.1:${dead.port} of \\\\"${HOST}\\\\""`),
    );
  });
});

import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { GatewayLimits } from "../../src/gateway/index.js";
import { ask, dial, drained, httpWorkload, tcpWorkload } from "./sockets.js";
import { exportRoute, importedHost, importedService, startRedAndGreen } from "./test-mesh.js";

const HOST = importedHost("ratings");

async function importedRaw(onConnection: (socket: Socket) => void, limits: Partial<GatewayLimits> = {}) {
  const workload = await tcpWorkload((socket) => {
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  const { red, green } = await startRedAndGreen({ green: { limits } });
  await red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [workload] }]));
  await green.apply(importedService("ratings", [{}]));
  return { red, green, outbound: green.address("OutboundListener/green-mesh") };
}

async function raw(outbound: { address: string; port: number }, text: string) {
  const socket = await dial(outbound);
  socket.write(Buffer.from(text, "latin1"));
  return drained(socket);
}

describe("an interim response of a hostile service", () => {
  it.each([
    ["a Link field that is no link", "Link: garbage\r\n"],
    ["two", "Link: </a>; rel=preload\r\nLink: x y z\r\n"],
    ["long", `Link: <x>${";a=b".repeat(18)}"\r\n`],
  ])("%s", async (_, link) => {
    const { outbound } = await importedRaw((socket) => {
      socket.once("data", () =>
        socket.end(`HTTP/1.1 103 Early Hints\r\n${link}\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`),
      );
    });
    const { received } = await raw(outbound, `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
    expect(received).toContain("200 OK");
  });

  it("HTTP/1.0", async () => {
    const { outbound } = await importedRaw((socket) => {
      socket.once("data", () =>
        socket.end(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`),
      );
    });
    const { received } = await raw(outbound, `GET / HTTP/1.0\r\nHost: ${HOST}\r\n\r\n`);
    expect(received.split("\r\n")[0]).toContain("200 OK");
  });
});

describe("request framing", () => {
  it.each(["content-length", "Content-Length, close", "transfer-encoding", "host"])("Connection: %s", async (option) => {
    const seen: string[] = [];
    const { outbound } = await importedRaw((socket) => {
      socket.on("data", (chunk) => {
        seen.push(chunk.toString());
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      });
    });
    const smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    const socket = await dial(outbound);
    const framing = option === "transfer-encoding" ? "Transfer-Encoding: chunked" : `Content-Length: ${smuggled.length}`;
    const body = option === "transfer-encoding" ? `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n` : smuggled;
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: ${option}\r\n${framing}\r\n\r\n${body}`);
    await new Promise((r) => setTimeout(r, 300));
    console.log(option, JSON.stringify(seen));
    socket.destroy();
  });

  it.each(["/a\tb", "/a\fb", "/a\x80b", "/a\xffb", "/\x0b", "/\x7f", "/a\\b", "/a b", "/#x", "/{}|^`\"<>", "//evil/../x", "/\0"])(
    "target %j",
    async (target) => {
      const { outbound } = await importedRaw((socket) => {
        socket.once("data", (data) =>
          socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${JSON.stringify(data.toString("latin1").split("\r\n")[0])}`),
        );
      });
      const { received } = await raw(outbound, `GET ${target} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
      console.log(JSON.stringify(target), received.split("\r\n")[0], received.slice(-60));
    },
  );
  it.each(["X: a\x80b", "X: a\tb", "X: \x0b", "X\x80: b", "X: a\x7fb", "X: a\x01b", "X : b", "X: a\r\n b", "X: a\nY: b", "X: a\rY: b", "Host: b", "Trailer: x", "Expect: foo","Expect: 100-continue", "Keep-Alive: timeout=99999999999", "TE: trailers"])(
    "header %j",
    async (header) => {
      const { outbound } = await importedRaw((socket) => {
        socket.once("data", (data) =>
          socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${JSON.stringify(data.toString("latin1"))}`),
        );
      });
      const { received } = await raw(outbound, `GET / HTTP/1.1\r\nHost: ${HOST}\r\n${header}\r\nConnection: close\r\n\r\n`);
      console.log(JSON.stringify(header), received.split("\r\n")[0], received.slice(-130));
    },
  );
});

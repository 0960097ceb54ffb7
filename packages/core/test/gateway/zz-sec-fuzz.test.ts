import { connect, type Socket } from "node:net";
import { it } from "vitest";
import { tcpWorkload } from "./sockets.js";
import { exportRoute, importedHost, importedService, startRedAndGreen } from "./test-mesh.js";
const HOST = importedHost("ratings");
const pick = <T>(a: readonly T[]): T => a[Math.floor(Math.random() * a.length)] as T;
const mut = (t: string, p: number) => { const b = Buffer.from(t, "latin1"); if (Math.random() < p) for (let i = 0; i < 1 + Math.random() * 3; i++) b[Math.floor(Math.random() * b.length)] = Math.floor(Math.random() * 256); return Math.random() < 0.2 ? b.subarray(0, Math.floor(Math.random() * b.length)) : b; };
const hdrs = ["Content-Type: application/grpc", "Content-Type: application/grpc\x7f", "Content-Length: 5", "Content-Length: 0", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Connection: close", "Connection: keep-alive", "Connection: upgrade", "Upgrade: websocket", "Upgrade: h2c", "Expect: 100-continue", "Trailer: x", "TE: trailers", "Link: </a>; rel=x", "Set-Cookie: a=b", "X-A: \x80\xff", "Date: x", "Keep-Alive: timeout=1", "Keep-Alive: timeout=-5, max=1", "Content-Encoding: gzip", "Location: \xe9", "Proxy-Connection: x", "Connection: content-length, transfer-encoding, host"];
const bodies = ["", "hello", "5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\nx: y\r\nContent-Length: 1\r\n\r\n", "GET /x HTTP/1.1\r\nHost: y\r\n\r\n"];
const some = () => Array.from({ length: Math.floor(Math.random() * 4) }, () => `${pick(hdrs)}\r\n`).join("");
const resp = () => mut(pick(["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 E\r\nLink: </a>\r\n\r\n", "HTTP/1.1 102 P\r\n\r\n", ""]) + `HTTP/1.${pick(["0", "1"])} ${pick(["200 OK", "101 Switching", "204 No", "304 NM", "999 x", "100 C", "500", "200 \x80\xe9", "205 R", "099 a"])}\r\n${some()}\r\n${pick(bodies)}`, 0.3);
const req = () => mut(`${pick(["GET", "POST", "HEAD", "PUT", "OPTIONS", "DELETE", "TRACE", "CONNECT", "PATCH", "QUERY"])} ${pick(["/", "*", `http://${HOST}/a?b#c`, `${HOST}:9080`, "//", "/%00", "http://u@h/"])} HTTP/1.${pick(["0", "1"])}\r\nHost: ${pick([HOST, `${HOST}:9080`, `${HOST}.`, "", "x@y", "[::1]", `${HOST}:99999`])}\r\n${some()}\r\n${pick(bodies)}`, 0.3);
it("fuzz", { timeout: 120_000 }, async () => {
  const seen = (socket: Socket) => { socket.on("error", () => undefined); socket.on("data", () => { const k = Math.random(); if (k < 0.1) socket.destroy(); else if (k < 0.5) socket.end(resp()); else if (k < 0.9) socket.write(resp()); else socket.end(); }); socket.on("end", () => socket.end()); };
  const workload = await tcpWorkload(seen);
  const { red, green } = await startRedAndGreen({ green: { limits: { requestIdleTimeoutMs: 500, keepAliveTimeoutMs: 500 } } });
  await red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [workload] }]));
  await green.apply(importedService("ratings", [{}]));
  const { port } = green.address("OutboundListener/green-mesh");
  let n = 0;
  const end = Date.now() + 40_000;
  const one = () => new Promise<void>((done) => { const c = connect({ port, host: "127.0.0.1" }); c.on("error", () => undefined).resume().once("close", () => done()); for (let i = 0; i < 1 + Math.random() * 2; i++) c.write(req()); const k = Math.random(); if (k < 0.2) c.end(); setTimeout(() => (k > 0.5 || k < 0.2 ? c.destroy() : c.resetAndDestroy()), Math.random() * 30); n++; });
  while (Date.now() < end) await Promise.all(Array.from({ length: 40 }, one));
  await new Promise((r) => setTimeout(r, 2_000));
  const st: Record<string, number> = {}; for (const r of green.events.requests) { const k = `${r.status} ${r.failure?.reason ?? ""}`; st[k] = (st[k] ?? 0) + 1; }
  console.log(n, st, process.memoryUsage().rss / 1e6, "open", green.events.opened.length - green.events.closed.length, red.events.opened.length - red.events.closed.length, green.engine.counters().listeners, process.getActiveResourcesInfo().length);
});

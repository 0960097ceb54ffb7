import { once } from "node:events";
import { expect, it } from "vitest";
import { deadEndpoint, dial, drained, echoWorkload, eventually, namingWorkload, tcpWorkload } from "./sockets.js";
import {
  egressTo,
  exportedHost,
  exportRoute,
  importedHost,
  importedService,
  startMesh,
  startRedAndGreen,
} from "./test-mesh.js";

const HOST = importedHost("mongo");

it("has a listener on the virtual address for each port that is not HTTP, and only those", async () => {
  const { red, green } = await startRedAndGreen();
  const workload = await namingWorkload("mongo");
  await red.apply(
    exportRoute("green-mesh", "mongo", [
      { port: 27017, protocol: "Mongo", endpoints: [workload] },
      { port: 443, protocol: "TLS", endpoints: [await namingWorkload("tls")] },
    ]),
  );
  const ports = [
    { port: 27017, protocol: "Mongo" },
    { port: 443, protocol: "TLS" },
    { port: 8080, protocol: "HTTP" },
    { port: 53, protocol: "UDP" },
    { port: 7000, protocol: "UnsupportedProtocol" },
  ] as const;
  const service = importedService("mongo", ports, { virtualAddress: "127.84.0.1" });
  expect(await green.apply(service)).toEqual([]);
  expect(green.engine.addresses(`ImportedService/${HOST}`)).toEqual(
    [27017, 443, 7000].map((port) => ({ address: "127.84.0.1", port })),
  );
  expect((await drained(await dial({ address: "127.84.0.1", port: 27017 }))).received).toBe("mongo");
  expect((await drained(await dial({ address: "127.84.0.1", port: 443 }))).received).toBe("tls");
  await green.apply(importedService("mongo", ports));
  expect(green.engine.addresses(`ImportedService/${HOST}`)).toEqual([]);
});

it("carries half-closed connections across both gateways", async () => {
  const { red, green } = await startRedAndGreen();
  const workload = await tcpWorkload(async (socket) => {
    let received = 0;
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) received += (chunk as Buffer).length;
    socket.end(`got ${received}`);
  });
  await red.apply(exportRoute("green-mesh", "mongo", [{ port: 27017, protocol: "TCP", endpoints: [workload] }]));
  await green.apply(importedService("mongo", [{ port: 27017, protocol: "TCP" }], { virtualAddress: "127.84.0.2" }));
  const socket = await dial({ address: "127.84.0.2", port: 27017 });
  socket.end("x".repeat(500_000));
  expect(await drained(socket)).toEqual({ received: "got 500000", ended: "end" });
  await eventually(() =>
    expect(green.events.closed).toMatchObject([
      { role: "OutboundTcp", reason: "Completed", bytesSent: 500_000, bytesReceived: 10 },
    ]),
  );
});

it("passes a reset of the workload on across both gateways", async () => {
  const { red, green } = await startRedAndGreen();
  const workload = await tcpWorkload((socket) => void socket.once("data", () => socket.resetAndDestroy()));
  await red.apply(exportRoute("green-mesh", "mongo", [{ port: 27017, protocol: "TCP", endpoints: [workload] }]));
  await green.apply(importedService("mongo", [{ port: 27017, protocol: "TCP" }], { virtualAddress: "127.84.0.3" }));
  const socket = await dial({ address: "127.84.0.3", port: 27017 });
  socket.write("x");
  expect(await drained(socket)).toEqual({ received: "", ended: "reset" });
});

it("holds up a fast writer for a slow reader across both gateways: 100 MB, bounded memory", {
  timeout: 120_000,
}, async () => {
  const { red, green } = await startRedAndGreen();
  const total = 100 * 1024 * 1024;
  const chunk = Buffer.alloc(64 * 1024, 1);
  let offered = 0;
  const workload = await tcpWorkload((socket) => {
    const offer = () => {
      while (offered < total) {
        offered += chunk.length;
        if (!socket.write(chunk)) return void socket.once("drain", offer);
      }
      socket.end();
    };
    offer();
    socket.resume();
  });
  await red.apply(exportRoute("green-mesh", "mongo", [{ port: 27017, protocol: "TCP", endpoints: [workload] }]));
  await green.apply(importedService("mongo", [{ port: 27017, protocol: "TCP" }], { virtualAddress: "127.84.0.4" }));
  const socket = await dial({ address: "127.84.0.4", port: 27017 });
  socket.pause();
  let before = -1;
  await eventually(() => {
    const moved = offered !== before || offered === 0;
    before = offered;
    expect(moved).toBe(false);
  });
  // What the kernel holds on six sockets, and a few chunks of each gateway.
  expect(offered).toBeLessThan(40 * 1024 * 1024);
  const rssBefore = process.memoryUsage().rss;
  let received = 0;
  socket.on("data", (data: Buffer) => {
    received += data.length;
  });
  socket.resume();
  await once(socket, "end");
  socket.end();
  expect(received).toBe(total);
  expect(process.memoryUsage().rss - rssBefore).toBeLessThan(150 * 1024 * 1024);
});

it("serves 1,000 connections at a time", { timeout: 60_000 }, async () => {
  const { red, green } = await startRedAndGreen();
  await red.apply(
    exportRoute("green-mesh", "mongo", [{ port: 27017, protocol: "TCP", endpoints: [await echoWorkload()] }]),
  );
  await green.apply(importedService("mongo", [{ port: 27017, protocol: "TCP" }], { virtualAddress: "127.84.0.5" }));
  const sockets = await Promise.all(Array.from({ length: 1_000 }, () => dial({ address: "127.84.0.5", port: 27017 })));
  for (const [index, socket] of sockets.entries()) socket.write(`${index}`);
  await eventually(() => expect(red.engine.counters().connections).toMatchObject([{ active: 1_000 }]), 50_000);
  const answers = await Promise.all(
    sockets.map((socket) => {
      socket.end();
      return drained(socket);
    }),
  );
  expect(answers.every(({ received, ended }, index) => received === `${index}` && ended === "end")).toBe(true);
});

it("uses local endpoints and the peer in turn, and skips those that are dead", async () => {
  const { red, green } = await startRedAndGreen();
  const port = { port: 27017, protocol: "TCP" } as const;
  await red.apply(exportRoute("green-mesh", "mongo", [{ ...port, endpoints: [await namingWorkload("remote")] }]));
  const endpoints = [await namingWorkload("local"), await deadEndpoint()];
  await green.apply(importedService("mongo", [{ ...port, endpoints }], { virtualAddress: "127.84.0.6" }));
  const answers: string[] = [];
  for (let round = 0; round < 4; round++)
    answers.push((await drained(await dial({ address: "127.84.0.6", port: 27017 }))).received);
  expect(new Set(answers)).toEqual(new Set(["local", "remote"]));
  expect(green.events.refused).toEqual([]);
});

it("refuses by a reset, and tells why, when nothing can be reached", async () => {
  const red = startMesh("red");
  const green = startMesh("green");
  const dead = await deadEndpoint();
  await green.apply(
    egressTo(green, red, { servicePort: dead.port }),
    importedService("mongo", [{ port: 27017, protocol: "TCP" }], { virtualAddress: "127.84.0.7" }),
  );
  expect(await drained(await dial({ address: "127.84.0.7", port: 27017 }))).toEqual({ received: "", ended: "reset" });
  expect(green.events.refused).toEqual([
    {
      role: "OutboundTcp",
      resource: `ImportedService/${HOST}`,
      reason: "ConnectRefused",
      downstream: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      message: `egress gateway "egress-red-mesh" -> peer "red-mesh" at 127.0.0.1:${dead.port}: connection refused`,
    },
  ]);
  expect(exportedHost("mongo")).toBe("mongo.info.svc.green-mesh-exports.local");
});

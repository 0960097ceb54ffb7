import { once } from "node:events";
import type { Socket } from "node:net";
import { getActiveResourcesInfo } from "node:process";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../trust/manual-clock.js";
import { dial, dialTls, drained, echoWorkload, eventually, httpWorkload, tlsExchange } from "./sockets.js";
import {
  egressTo,
  exportedHost,
  exportRoute,
  importedHost,
  importedService,
  ingressFor,
  startMesh,
  startRedAndGreen,
} from "./test-mesh.js";
import { clientOf } from "./tls-client.js";

const RATINGS = exportedHost("ratings");

async function echoes(socket: Socket): Promise<void> {
  socket.write("ping");
  const [answer] = await once(socket, "data");
  expect(String(answer)).toBe("ping");
}

describe("close", () => {
  it("accepts nothing more, lets connections finish, and resolves when the last one has", async () => {
    const red = startMesh("red");
    const green = startMesh("green");
    await red.apply(
      ingressFor(red, green),
      exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "TCP", endpoints: [await echoWorkload()] }]),
    );
    const client = { ...clientOf(red, green), servername: RATINGS };
    const socket = await dialTls(client);
    await echoes(socket);
    let closed = false;
    const closing = red.engine.close({ drainTimeoutMs: 20_000 }).then(() => {
      closed = true;
    });
    expect(await tlsExchange(client)).toMatchObject({ received: "" });
    await echoes(socket);
    expect(closed).toBe(false);
    socket.end("bye");
    expect((await drained(socket)).received).toBe("pingpingbye");
    await closing;
    expect(red.events.closed).toMatchObject([{ reason: "Completed" }]);
  });

  it("breaks off what has not finished by the deadline", async () => {
    const clock = new ManualClock(Date.now());
    const red = startMesh("red", { clock, limits: { drainTimeoutMs: 5_000 } });
    const green = startMesh("green");
    await red.apply(
      ingressFor(red, green, { discoveryListeners: [{ address: "127.0.0.1", port: 0 }] }),
      exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "TCP", endpoints: [await echoWorkload()] }]),
    );
    const [, discoveryAddress] = red.engine.addresses("IngressGateway/green-mesh");
    const client = clientOf(red, green);
    const transfer = await dialTls({ ...client, servername: RATINGS });
    await echoes(transfer);
    const discovery = await dialTls({ ...client, port: discoveryAddress?.port ?? 0 });
    const handshaking = await dial({ address: "127.0.0.1", port: client.port });
    await eventually(() =>
      expect(red.engine.counters().listeners.map(({ connections }) => connections)).toEqual([2, 1]),
    );
    const outcomes = Promise.all([transfer, discovery, handshaking].map(drained));
    const closing = red.engine.close();
    clock.advance(4_999);
    await echoes(transfer);
    clock.advance(1);
    await closing;
    expect((await outcomes).map(({ ended }) => ended)).toEqual(["reset", "reset", expect.any(String)]);
    expect(red.events.closed.map(({ role, reason }) => [role, reason]).sort()).toEqual([
      ["IngressDiscovery", "EngineClosed"],
      ["IngressService", "EngineClosed"],
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("answers HTTP requests that are under way, and ends connections that are idle", async () => {
    const waiting: (() => void)[] = [];
    const workload = await httpWorkload((_, response) => void waiting.push(() => response.end("late answer")));
    const { red, green } = await startRedAndGreen();
    await red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [workload] }]));
    await green.apply(importedService("ratings", [{}]));
    const outbound = green.address("OutboundListener/green-mesh");
    const idle = await dial(outbound);
    const busy = await dial(outbound);
    busy.write(`GET / HTTP/1.1\r\nHost: ${importedHost("ratings")}\r\n\r\n`);
    await eventually(() => expect(waiting).toHaveLength(1));
    const closing = green.engine.close({ drainTimeoutMs: 20_000 });
    for (const answer of waiting) answer();
    expect((await drained(busy)).received).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*late answer/);
    await closing;
    await drained(idle);
  });

  it("is idempotent, ends every subscription, and refuses changes afterwards", async () => {
    const { red, green } = await startRedAndGreen();
    await Promise.all([green.engine.close(), green.engine.close(), red.engine.close({ drainTimeoutMs: 1 })]);
    expect([red.certificates.subscriptions, green.certificates.subscriptions]).toEqual([0, 0]);
    await expect(green.apply(egressTo(green, red))).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
    expect(green.engine.counters().listeners).toEqual([]);
  });

  it("in the middle of a change leaves nothing open", async () => {
    const red = startMesh("red");
    const green = startMesh("green");
    const applying = red.apply(ingressFor(red, green));
    const closing = red.engine.close({ drainTimeoutMs: 1 });
    await Promise.all([applying, closing]);
    expect(red.engine.counters().listeners).toEqual([]);
  });

  it("leaves no handle behind", async () => {
    const handles = () =>
      getActiveResourcesInfo()
        .filter((name) => /TCP|TLS|Timeout/.test(name))
        .sort();
    const before = handles();
    const { red, green } = await startRedAndGreen();
    const workload = await echoWorkload();
    await red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "TCP", endpoints: [workload] }]));
    await green.apply(importedService("ratings", [{ protocol: "TCP" }], { virtualAddress: "127.83.0.1" }));
    const socket = await dial({ address: "127.83.0.1", port: 9080 });
    await echoes(socket);
    await Promise.all([red.engine.close({ drainTimeoutMs: 1 }), green.engine.close({ drainTimeoutMs: 1 })]);
    socket.destroy();
    // The workload's own listener stays until the test ends.
    await eventually(() => expect(handles().length).toBeLessThanOrEqual(before.length + 1));
  });
});

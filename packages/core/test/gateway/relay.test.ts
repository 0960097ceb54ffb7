import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Clock } from "../../src/clock.js";
import { systemClock } from "../../src/gateway/index.js";
import { tcpProxyStream } from "../../src/gateway/proxy-stream.js";
import { type Relay, startRelay } from "../../src/gateway/relay.js";
import { connectTcp } from "../../src/gateway/tcp-connect.js";
import { ManualClock } from "../trust/manual-clock.js";
import { dial, drained, eventually, tcpWorkload } from "./sockets.js";

interface Sockets {
  /** The program that called, and our end of its connection. */
  readonly caller: Socket;
  readonly downstream: Socket;
  /** Our end of the connection to the program that is called, and that program. */
  readonly upstream: Socket;
  readonly called: Socket;
}

interface Relayed extends Sockets {
  readonly relay: Relay;
}

/** caller <-> relay <-> called, all over TCP. */
async function relayed(clock: Clock = systemClock, idleTimeoutMs = 60_000): Promise<Relayed> {
  const sockets = await connected();
  const { downstream, upstream } = sockets;
  return {
    ...sockets,
    relay: startRelay(tcpProxyStream(downstream), tcpProxyStream(upstream), { clock, idleTimeoutMs }),
  };
}

async function connected(): Promise<Sockets> {
  const accepted: Socket[] = [];
  const workload = await tcpWorkload((socket) => accepted.push(socket));
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("not listening");
  const arrived = once(server, "connection");
  const caller = await dial({ address: bound.address, port: bound.port });
  const [downstream] = (await arrived) as [Socket];
  const upstream = await connectTcp({
    ...workload,
    timeoutMs: 5_000,
    clock: systemClock,
    hop: { kind: "OutboundListener" },
    signal: new AbortController().signal,
  });
  await eventually(() => expect(accepted).toHaveLength(1));
  const [called] = accepted;
  if (called === undefined) throw new Error("nobody came");
  return { caller, downstream, upstream, called };
}

/** Part of a conversation: some bytes, then a pause. */
const part = fc.record({
  bytes: fc.uint8Array({ minLength: 0, maxLength: 40_000 }),
  pauseMs: fc.constantFrom(0, 0, 0, 1, 3),
});

async function say(
  socket: Socket,
  parts: readonly { readonly bytes: Uint8Array; readonly pauseMs: number }[],
): Promise<void> {
  for (const { bytes, pauseMs } of parts) {
    if (!socket.write(bytes)) await once(socket, "drain");
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  socket.end();
}

/** Reads until the end, taking a break after every few chunks. */
async function hear(socket: Socket, breakEvery: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk);
    if (chunks.length % breakEvery === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return Buffer.concat(chunks);
}

const joined = (parts: readonly { readonly bytes: Uint8Array }[]) => Buffer.concat(parts.map(({ bytes }) => bytes));

it("delivers exactly the bytes, both ways, whatever their chunks and pauses", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { maxLength: 12 }),
      fc.array(part, { maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      async (question, answer, breakEvery) => {
        const { caller, called, relay } = await relayed();
        const [atCalled, atCaller] = await Promise.all([
          hear(called, breakEvery),
          hear(caller, breakEvery),
          say(caller, question),
          say(called, answer),
        ]);
        expect(atCalled.equals(joined(question))).toBe(true);
        expect(atCaller.equals(joined(answer))).toBe(true);
        expect(await relay.closed).toEqual({
          reason: "Completed",
          bytesSent: joined(question).length,
          bytesReceived: joined(answer).length,
        });
      },
    ),
    { numRuns: 40 },
  );
});

it("passes on the end of each direction by itself", async () => {
  const { caller, called, relay } = await relayed();
  called.resume();
  caller.end();
  await once(called, "end");
  called.write("still here");
  expect(String((await once(caller, "data"))[0])).toBe("still here");
  called.end();
  expect(await relay.closed).toMatchObject({ reason: "Completed" });
});

describe("a side that breaks off", () => {
  it("is the caller: the called sees a reset", async () => {
    const { caller, called, relay } = await relayed();
    const outcome = drained(called);
    caller.resetAndDestroy();
    expect(await outcome).toEqual({ received: "", ended: "reset" });
    expect(await relay.closed).toEqual({ reason: "Reset", bytesSent: 0, bytesReceived: 0 });
  });

  it("is the called, in the middle of an answer: the caller sees a reset", async () => {
    const { caller, called, relay } = await relayed();
    const outcome = drained(caller);
    called.write("half", () => setTimeout(() => called.resetAndDestroy(), 5));
    expect(await outcome).toEqual({ received: "half", ended: "reset" });
    expect(await relay.closed).toMatchObject({ reason: "Reset", bytesReceived: 4 });
  });

  it("had gone before the relay began", async () => {
    const { caller, downstream, upstream } = await connected();
    const outcome = drained(caller);
    upstream.destroy();
    await once(upstream, "close");
    const relay = startRelay(tcpProxyStream(downstream), tcpProxyStream(upstream), {
      clock: systemClock,
      idleTimeoutMs: 1_000,
    });
    expect(await relay.closed).toMatchObject({ reason: "Reset" });
    expect(await outcome).toEqual({ received: "", ended: "reset" });
  });
});

describe("the idle timeout", () => {
  it("ends a relay without bytes in either direction", async () => {
    const clock = new ManualClock(1_000_000);
    const { caller, called, relay } = await relayed(clock, 60_000);
    const outcomes = Promise.all([drained(caller), drained(called)]);
    clock.advance(59_999);
    expect(caller.destroyed || called.destroyed).toBe(false);
    clock.advance(1);
    expect(await relay.closed).toMatchObject({ reason: "IdleTimeout" });
    expect(await outcomes).toEqual([
      { received: "", ended: "reset" },
      { received: "", ended: "reset" },
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("starts over with each byte, of either side", async () => {
    const clock = new ManualClock(1_000_000);
    const { caller, called, relay } = await relayed(clock, 60_000);
    for (const [speaker, listener] of [
      [caller, called],
      [called, caller],
      [caller, called],
    ] as const) {
      clock.advance(40_000);
      speaker.write(".");
      await once(listener, "data");
    }
    clock.advance(59_999);
    let ended = false;
    void relay.closed.then(() => {
      ended = true;
    });
    await new Promise(setImmediate);
    expect(ended).toBe(false);
    clock.advance(1);
    expect(await relay.closed).toMatchObject({ reason: "IdleTimeout", bytesSent: 2, bytesReceived: 1 });
  });

  it("also ends a relay of which one side has finished, and one whose reader has stopped", async () => {
    const clock = new ManualClock(1_000_000);
    const { caller, called, relay } = await relayed(clock, 60_000);
    called.pause();
    caller.end(Buffer.alloc(30_000_000));
    // Until everything between the two is full.
    let before = -1;
    await eventually(() => {
      const now = caller.bytesWritten - caller.writableLength;
      const moved = now !== before;
      before = now;
      expect(moved).toBe(false);
    });
    clock.advance(60_000);
    expect(await relay.closed).toMatchObject({ reason: "IdleTimeout" });
  });

  it("is not stretched by a clock that is set back", async () => {
    const clock = new ManualClock(1_000_000);
    const { caller, called, relay } = await relayed(clock, 60_000);
    caller.write(".");
    await once(called, "data");
    clock.step(-3_600_000);
    clock.advance(120_000);
    expect(await relay.closed).toMatchObject({ reason: "IdleTimeout" });
  });
});

it("ends both sides when it is told to, once", async () => {
  const { caller, called, relay } = await relayed();
  const outcomes = Promise.all([drained(caller), drained(called)]);
  relay.end("TrustChanged");
  relay.end("EngineClosed");
  expect(await relay.closed).toMatchObject({ reason: "TrustChanged" });
  expect((await outcomes).map(({ ended }) => ended)).toEqual(["reset", "reset"]);
});

it("reads a writer no faster than its reader, so that memory stays bounded", { timeout: 60_000 }, async () => {
  const { caller, called, relay } = await relayed();
  const total = 100 * 1024 * 1024;
  const chunk = Buffer.alloc(64 * 1024, 1);
  called.pause();
  let offered = 0;
  const offer = () => {
    while (offered < total) {
      offered += chunk.length;
      if (!caller.write(chunk)) return void caller.once("drain", offer);
    }
    caller.end();
  };
  offer();
  let before = -1;
  await eventually(() => {
    const moved = offered !== before;
    before = offered;
    expect(moved).toBe(false);
  });
  // The kernel's buffers on four sockets, and a few chunks of ours.
  expect(offered).toBeLessThan(20 * 1024 * 1024);
  let received = 0;
  called.on("data", (data: Buffer) => {
    received += data.length;
  });
  called.once("end", () => called.end());
  called.resume();
  expect(await relay.closed).toEqual({ reason: "Completed", bytesSent: total, bytesReceived: 0 });
  expect(received).toBe(total);
});

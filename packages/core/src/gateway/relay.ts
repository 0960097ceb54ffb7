/**
 * Carries bytes both ways between two streams until both sides have finished.
 *
 * - Backpressure: a source is read only while its sink takes more, so a slow reader holds up its writer, not our memory.
 * - Half-close: the end of one direction is passed on; the other direction goes on for as long as it needs.
 * - Abrupt ends: what one side breaks off is broken off on the other with a reset, never with an orderly end.
 * - Idle: without a byte in either direction for `idleTimeoutMs`, both sides are broken off.
 */
import type { Duplex } from "node:stream";
import type { Clock } from "../clock.js";
import type { CloseReason } from "./gateway-events.js";
import { watchIdle } from "./idle-watch.js";
import type { ProxyStream } from "./proxy-stream.js";

export interface RelayOptions {
  readonly clock: Clock;
  readonly idleTimeoutMs: number;
}

export interface RelayOutcome {
  readonly reason: CloseReason;
  /** Bytes read from downstream. */
  readonly bytesSent: number;
  /** Bytes read from upstream. */
  readonly bytesReceived: number;
}

export interface Relay {
  /** Resolves once both streams are closed; never rejects. */
  readonly closed: Promise<RelayOutcome>;
  /** Breaks both sides off. Without effect once the relay has ended. */
  end(reason: CloseReason): void;
}

/** Takes over both streams, which nobody else may read or write from here on. */
export function startRelay(downstream: ProxyStream, upstream: ProxyStream, { clock, idleTimeoutMs }: RelayOptions): Relay {
  let reason: CloseReason | undefined;
  let open = 2;
  let resolve: (outcome: RelayOutcome) => void;
  const closed = new Promise<RelayOutcome>((resolvePromise) => {
    resolve = resolvePromise;
  });

  const end = (why: CloseReason) => {
    if (reason !== undefined || open === 0) return;
    reason = why;
    downstream.reset();
    upstream.reset();
  };

  const idle = watchIdle({ clock, timeoutMs: idleTimeoutMs, onIdle: () => end("IdleTimeout") });
  const onClosed = (stream: Duplex) => {
    open -= 1;
    if (!(stream.readableEnded && stream.writableFinished)) end("Reset");
    if (open > 0) return;
    idle.stop();
    resolve({ reason: reason ?? "Completed", bytesSent: sent.bytes, bytesReceived: received.bytes });
  };

  const sent = pump(downstream.stream, upstream.stream, idle.touch);
  const received = pump(upstream.stream, downstream.stream, idle.touch);
  for (const { stream } of [downstream, upstream]) {
    // `close` follows every error; it decides.
    stream.on("error", () => undefined);
    if (stream.closed) onClosed(stream);
    else stream.once("close", () => onClosed(stream));
  }
  return { closed, end };
}

function pump(source: Duplex, sink: Duplex, onProgress: () => void): { readonly bytes: number } {
  const counter = { bytes: 0 };
  source.on("data", (chunk: Buffer) => {
    counter.bytes += chunk.length;
    onProgress();
    if (!sink.write(chunk)) source.pause();
  });
  sink.on("drain", () => {
    onProgress();
    source.resume();
  });
  if (source.readableEnded) sink.end();
  else source.once("end", () => sink.end());
  return counter;
}

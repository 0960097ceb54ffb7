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
import { pump } from "./pump.js";

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
export function startRelay(
  downstream: ProxyStream,
  upstream: ProxyStream,
  { clock, idleTimeoutMs }: RelayOptions,
): Relay {
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

  const carry = (source: Duplex, sink: Duplex) =>
    pump(source, sink, { onProgress: idle.touch, onEnd: () => sink.end() });
  const sent = carry(downstream.stream, upstream.stream);
  const received = carry(upstream.stream, downstream.stream);
  for (const { stream } of [downstream, upstream]) {
    // `close` follows every error; it decides.
    stream.on("error", () => undefined);
    if (stream.closed) onClosed(stream);
    else stream.once("close", () => onClosed(stream));
  }
  return { closed, end };
}

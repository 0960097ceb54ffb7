import { connect, isIP, type Socket } from "node:net";
import type { Clock } from "../clock.js";
import { type Hop, HopError, type HopFailureReason } from "./hop-error.js";

export interface TcpConnectOptions {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Who is blamed for a failure. */
  readonly hop: Hop;
  readonly signal: AbortSignal;
}

/** Finds peers that vanished without a word long before an idle timeout would. */
const KEEP_ALIVE_INITIAL_DELAY_MS = 60_000;

/** For both accepted and opened sockets: half-close is the caller's business, and small writes leave at once. */
export const SOCKET_OPTIONS = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_INITIAL_DELAY_MS,
} as const;

/**
 * An established TCP connection, owned by the caller.
 * @throws HopError `ConnectRefused`, `ConnectTimeout` or `ConnectFailed`; the signal's reason when aborted
 */
export function connectTcp({ address, port, timeoutMs, clock, hop, signal }: TcpConnectOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    if (isIP(address) === 0 || !isPort(port)) {
      throw new HopError("ConnectFailed", hop, "this is not an IP address with a port from 1 to 65535");
    }
    const socket = connect({ host: address, port, ...SOCKET_OPTIONS });
    const settle = () => {
      clock.clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.off("connect", onConnect);
      // Until the new owner listens, and after it stopped, an error must not end the process; `close` follows it.
      socket.on("error", () => undefined);
      socket.off("error", onError);
    };
    const fail = (error: unknown) => {
      settle();
      socket.destroy();
      reject(error);
    };
    const onConnect = () => {
      settle();
      resolve(socket);
    };
    const onError = (error: NodeJS.ErrnoException) => {
      fail(new HopError(connectFailureReason(error.code), hop, connectFailureMessage(error), { cause: error }));
    };
    const onAbort = () => fail(signal.reason);
    const timer = clock.setTimeout(
      () => fail(new HopError("ConnectTimeout", hop, `no connection after ${timeoutMs} ms`)),
      timeoutMs,
    );
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("connect", onConnect);
    socket.once("error", onError);
  });
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function connectFailureReason(code: string | undefined): HopFailureReason {
  if (code === "ECONNREFUSED") return "ConnectRefused";
  return code === "ETIMEDOUT" ? "ConnectTimeout" : "ConnectFailed";
}

function connectFailureMessage(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "no route to the address";
    case "ECONNRESET":
      return "connection reset";
    default:
      return `connection failed (${error.code ?? error.message})`;
  }
}

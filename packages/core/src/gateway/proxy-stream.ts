import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

/** One side of a proxied connection. */
export interface ProxyStream {
  /** Carries the bytes; allows each direction to end on its own. */
  readonly stream: Duplex;
  /**
   * Breaks the connection off with a TCP reset, so that the other program can tell it from an orderly end. Idempotent.
   * A TLS connection that is merely destroyed would look finished to a program that reads until the end.
   */
  reset(): void;
}

export function tcpProxyStream(socket: Socket): ProxyStream {
  return { stream: socket, reset: () => resetSocket(socket) };
}

/** `raw` is the TCP socket under `secure`. */
export function tlsProxyStream(secure: TLSSocket, raw: Socket): ProxyStream {
  return { stream: secure, reset: () => resetTlsSocket(secure, raw) };
}

/** Idempotent. Not for a socket under TLS. */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  // While a shutdown is under way libuv refuses the reset, and Node would then never close the socket.
  if (isShuttingDown(socket)) socket.destroy();
  else socket.resetAndDestroy();
}

/**
 * In the next turn: everything that a TLSSocket tells is told from within its C++ half, also what comes by way of
 * `nextTick` and promises, and taking the TCP socket from under it there crashes the process (seen with Node 24.21).
 */
export function resetTlsSocket(secure: TLSSocket, raw: Socket): void {
  setImmediate(() => {
    if (!isShuttingDown(secure)) resetSocket(raw);
    secure.destroy();
  });
}

function isShuttingDown({ writableEnded, writableFinished }: Socket): boolean {
  return writableEnded && !writableFinished;
}

/** `address:port` of the other side; `[address]:port` for IPv6. */
export function remoteEndpoint(socket: Socket): string {
  return formatEndpoint(socket.remoteAddress ?? "unknown", socket.remotePort ?? 0);
}

export function formatEndpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

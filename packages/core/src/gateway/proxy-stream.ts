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
  return {
    stream: secure,
    reset: () => {
      resetSocket(raw);
      secure.destroy();
    },
  };
}

export function resetSocket(socket: Socket): void {
  if (!socket.destroyed) socket.resetAndDestroy();
}

/** `address:port` of the other side; `[address]:port` for IPv6. */
export function remoteEndpoint(socket: Socket): string {
  return formatEndpoint(socket.remoteAddress ?? "unknown", socket.remotePort ?? 0);
}

export function formatEndpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

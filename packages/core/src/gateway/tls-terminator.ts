/**
 * The server side of mutual TLS for one listener: from an accepted TCP connection to one whose handshake is done, or to a
 * counted refusal. Whether the certificate is good, who the caller is, and what it may do, is decided by `onSecure`: Node
 * would turn away what OpenSSL alone does not verify without saying which certificate it was, and with it callers whose
 * anchor another authority issued (see tls-peer.ts).
 *
 * No protocol is negotiated by ALPN: the gateway does not look into the bytes, so it could not keep a promise about them,
 * and a server that selects nothing suits every client, whatever it offers (reference §7.4).
 */
import { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { Clock, TimerHandle } from "../clock.js";
import { readTlsPeer, type TlsPeer } from "../trust/tls-peer.js";
import type { TrustBundle } from "../trust/trust-bundle.js";
import type { RefusalReason } from "./gateway-events.js";
import type { TlsState } from "./gateway-tls.js";
import { remoteEndpoint } from "./proxy-stream.js";

export interface TlsTerminatorOptions {
  readonly clock: Clock;
  readonly handshakeTimeoutMs: number;
  readonly maxPendingHandshakes: number;
  readonly onSecure: (connection: SecureConnection) => void;
  /** The connection is being closed. */
  readonly onRefused: (reason: RefusalReason, message: string, downstream: string) => void;
}

/** A connection whose handshake is done, and of which nothing has been read: **`certificates` are not verified yet**. */
export interface SecureConnection {
  readonly secure: TLSSocket;
  /** The TCP socket under `secure`. */
  readonly raw: Socket;
  /** The caller's `address:port`. */
  readonly downstream: string;
  readonly certificates: TlsPeer;
}

export interface TlsTerminator {
  /** `raw` must not allow half-open; the connection that `onSecure` gets does. */
  accept(raw: Socket): void;
  /** For handshakes from now on; those under way and established connections are not touched. */
  setState(state: TlsState): void;
}

interface Handshake {
  readonly downstream: string;
  readonly timer: TimerHandle;
  /** Those that this handshake verifies against. */
  readonly roots: TrustBundle;
}

export function createTlsTerminator(initial: TlsState, options: TlsTerminatorOptions): TlsTerminator {
  const { clock, handshakeTimeoutMs, maxPendingHandshakes, onSecure, onRefused } = options;
  const pending = new Map<Socket, Handshake>();
  let state = initial;
  const server = createServer({ ...state.options, requestCert: true, rejectUnauthorized: false });

  /** The handshake that ends here; undefined when it had ended before. */
  const settle = (raw: Socket): Handshake | undefined => {
    const handshake = pending.get(raw);
    if (handshake === undefined) return undefined;
    pending.delete(raw);
    clock.clearTimeout(handshake.timer);
    return handshake;
  };
  const refuse = (raw: Socket, reason: RefusalReason, message: string) => {
    const handshake = settle(raw);
    if (handshake === undefined) return;
    // In a turn of its own, and not by a reset: there is TLS on top, see resetTlsSocket.
    setImmediate(() => raw.destroy());
    onRefused(reason, message, handshake.downstream);
  };

  server.on("secureConnection", (secure) => {
    secure.on("error", () => undefined);
    const raw = socketUnder(secure);
    const handshake = raw && settle(raw);
    if (raw === undefined || handshake === undefined) {
      secure.destroy();
      return;
    }
    // Not before: whoever ends the connection during the handshake has gone.
    secure.allowHalfOpen = true;
    const { downstream, roots } = handshake;
    onSecure({ secure, raw, downstream, certificates: readTlsPeer(secure, roots) });
  });
  server.on("tlsClientError", (error, secure) => {
    const raw = socketUnder(secure);
    if (raw !== undefined) refuse(raw, ...describeHandshakeFailure(error));
  });

  return {
    accept(raw) {
      const downstream = remoteEndpoint(raw);
      raw.on("error", () => undefined);
      // The oldest goes: a real handshake takes milliseconds, so strangers who stay silent cannot lock the peer out.
      const [oldest] = pending.keys();
      if (oldest !== undefined && pending.size >= maxPendingHandshakes) {
        refuse(oldest, "HandshakeLimit", `more than ${maxPendingHandshakes} handshakes are going on`);
      }
      const timer = clock.setTimeout(
        () => refuse(raw, "HandshakeTimeout", `no handshake within ${handshakeTimeoutMs} ms`),
        handshakeTimeoutMs,
      );
      pending.set(raw, { downstream, timer, roots: state.roots });
      // One turn later than an error of the TLS layer, which knows more.
      raw.once("close", () =>
        setImmediate(() => refuse(raw, "HandshakeFailed", "the caller went away during the handshake")),
      );
      server.emit("connection", raw);
    },
    setState(next) {
      if (next === state) return;
      state = next;
      server.setSecureContext(next.options);
    },
  };
}

/**
 * The TCP socket under a server's TLSSocket. Node has no public name for it; without this one no handshake would be taken
 * as done.
 */
function socketUnder(secure: TLSSocket): Socket | undefined {
  const parent: unknown = Reflect.get(secure, "_parent");
  return parent instanceof Socket ? parent : undefined;
}

function describeHandshakeFailure(error: NodeJS.ErrnoException): readonly [RefusalReason, string] {
  const code = error.code ?? error.message;
  if (NOT_TLS.has(code)) return ["NotTls", "the caller does not speak TLS"];
  return ["HandshakeFailed", `the TLS handshake failed: ${code}`];
}

const NOT_TLS: ReadonlySet<string> = new Set([
  "ERR_SSL_HTTP_REQUEST",
  "ERR_SSL_HTTPS_PROXY_REQUEST",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_UNKNOWN_PROTOCOL",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
]);

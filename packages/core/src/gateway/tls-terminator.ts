/**
 * The server side of mutual TLS for one listener: from an accepted TCP connection to one whose certificate verifies
 * against the roots of one peer, or to a counted refusal. Who the caller is, and what it may do, is decided by `onSecure`.
 *
 * No protocol is negotiated by ALPN: the gateway does not look into the bytes, so it could not keep a promise about them,
 * and a server that selects nothing suits every client, whatever it offers (reference §7.4).
 */
import { Socket } from "node:net";
import { createServer, type SecureContextOptions, type TLSSocket } from "node:tls";
import type { Clock } from "../clock.js";
import type { RefusalReason } from "./gateway-events.js";
import { resetSocket } from "./proxy-stream.js";

export interface TlsTerminatorOptions {
  readonly clock: Clock;
  readonly handshakeTimeoutMs: number;
  readonly maxPendingHandshakes: number;
  /** `raw` is the TCP socket under `secure`. */
  readonly onSecure: (secure: TLSSocket, raw: Socket) => void;
  /** The connection is closed already. */
  readonly onRefused: (reason: RefusalReason, message: string, raw: Socket) => void;
}

export interface TlsTerminator {
  accept(raw: Socket): void;
  /** For handshakes from now on; established connections are not touched. */
  setContext(context: SecureContextOptions): void;
}

/** Ends a pending handshake; true the first time. */
type Settle = () => boolean;

export function createTlsTerminator(context: SecureContextOptions, options: TlsTerminatorOptions): TlsTerminator {
  const { clock, handshakeTimeoutMs, maxPendingHandshakes, onSecure, onRefused } = options;
  const pending = new Map<Socket, Settle>();
  const server = createServer({ ...context, requestCert: true, rejectUnauthorized: true, allowHalfOpen: true });

  const refuse = (raw: Socket, reason: RefusalReason, message: string) => {
    if (pending.get(raw)?.() !== true) return;
    resetSocket(raw);
    onRefused(reason, message, raw);
  };

  server.on("secureConnection", (secure) => {
    secure.on("error", () => undefined);
    const raw = socketUnder(secure);
    if (raw !== undefined && pending.get(raw)?.() === true) onSecure(secure, raw);
    else secure.destroy();
  });
  server.on("tlsClientError", (error, secure) => {
    const raw = socketUnder(secure);
    if (raw !== undefined) refuse(raw, ...describeHandshakeFailure(error, secure));
  });

  return {
    accept(raw) {
      raw.on("error", () => undefined);
      if (pending.size >= maxPendingHandshakes) {
        resetSocket(raw);
        onRefused("HandshakeLimit", `${maxPendingHandshakes} handshakes are going on already`, raw);
        return;
      }
      const timer = clock.setTimeout(
        () => refuse(raw, "HandshakeTimeout", `no handshake within ${handshakeTimeoutMs} ms`),
        handshakeTimeoutMs,
      );
      pending.set(raw, () => {
        clock.clearTimeout(timer);
        return pending.delete(raw);
      });
      // One turn later than an error of the TLS layer, which knows more.
      raw.once("close", () => setImmediate(() => refuse(raw, "HandshakeFailed", "the caller went away during the handshake")));
      server.emit("connection", raw);
    },
    setContext: (next) => server.setSecureContext(next),
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

function describeHandshakeFailure(error: NodeJS.ErrnoException, secure: TLSSocket): readonly [RefusalReason, string] {
  const rejected: unknown = secure.authorizationError;
  if (rejected) return ["CertificateInvalid", `the client's certificate does not verify: ${String(rejected)}`];
  const code = error.code ?? error.message;
  if (code === "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE") return ["CertificateMissing", "the client presented no certificate"];
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

import type { Socket } from "node:net";
import { connect, type SecureContext, type TLSSocket } from "node:tls";
import type { Clock } from "../clock.js";
import { type Hop, HopError, type HopFailureReason } from "./hop-error.js";

export interface OriginateTlsOptions {
  readonly secureContext: SecureContext;
  readonly serverName: string;
  readonly alpnProtocols: readonly string[];
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly hop: Hop;
  readonly signal: AbortSignal;
}

/**
 * TLS over an established TCP connection, with the server's chain verified. Who the server is has to be checked next: by
 * its SPIFFE ID and never by its DNS name, which is why Node's own check of the name is replaced. Closes `raw` on failure.
 * @throws HopError `HandshakeTimeout`, `HandshakeFailed`, `ServerCertificateInvalid` or `ClientCertificateRefused`
 */
export function originateTls(raw: Socket, options: OriginateTlsOptions): Promise<TLSSocket> {
  const { secureContext, serverName, alpnProtocols, timeoutMs, clock, hop, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      raw.destroy();
      reject(signal.reason);
      return;
    }
    const secure = connect({
      socket: raw,
      secureContext,
      servername: serverName,
      ALPNProtocols: [...alpnProtocols],
      rejectUnauthorized: true,
      checkServerIdentity: () => undefined,
    });
    const settle = () => {
      clock.clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      secure.off("secureConnect", onSecure).off("close", onClose);
    };
    const fail = (error: unknown) => {
      settle();
      secure.destroy();
      raw.destroy();
      reject(error);
    };
    const onSecure = () => {
      settle();
      resolve(secure);
    };
    const onClose = () => fail(new HopError("HandshakeFailed", hop, "the other side closed the connection during the TLS handshake"));
    const onAbort = () => fail(signal.reason);
    const timer = clock.setTimeout(
      () => fail(new HopError("HandshakeTimeout", hop, `no TLS handshake within ${timeoutMs} ms`)),
      timeoutMs,
    );
    signal.addEventListener("abort", onAbort, { once: true });
    secure.once("secureConnect", onSecure).once("close", onClose);
    // Stays for good: after the handshake `close` follows every error, and its new owner acts on that.
    secure.on("error", (error) => fail(handshakeError(error, secure, hop)));
  });
}

function handshakeError(error: NodeJS.ErrnoException, secure: TLSSocket, hop: Hop): HopError {
  const rejected: unknown = secure.authorizationError;
  if (rejected) {
    return new HopError("ServerCertificateInvalid", hop, `the server's certificate does not verify: ${String(rejected)}`);
  }
  const reason = tlsFailureReason(error.code);
  const message =
    reason === "ClientCertificateRefused"
      ? `the other side refused this gateway's certificate: ${error.code}`
      : `the TLS handshake failed: ${error.code ?? error.message}`;
  return new HopError(reason, hop, message, { cause: error });
}

/** Alerts by which a server says what it thinks of the client's certificate. @see RFC 8446 §6.2 */
const CERTIFICATE_ALERT =
  /ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|UNKNOWN_CA|ACCESS_DENIED|CERTIFICATE_REQUIRED)$/;

/** With TLS 1.3 such an alert comes after the client's side of the handshake, so it can also end an established connection. */
export function tlsFailureReason(code: string | undefined): HopFailureReason {
  return code !== undefined && CERTIFICATE_ALERT.test(code) ? "ClientCertificateRefused" : "HandshakeFailed";
}

import type { Socket } from "node:net";
import { connect, type SecureContext, type TLSSocket } from "node:tls";
import type { Clock } from "../clock.js";
import type { PeerRejection, PeerVerification } from "../trust/peer-verification.js";
import { clientTlsOptions } from "../trust/tls-context.js";
import { readTlsPeer, type TlsPeer } from "../trust/tls-peer.js";
import type { TrustBundle } from "../trust/trust-bundle.js";
import { type Hop, HopError, type HopFailureReason } from "./hop-error.js";

export interface OriginateTlsOptions {
  readonly secureContext: SecureContext;
  /** Those that `secureContext` was made with. */
  readonly roots: TrustBundle;
  /** Whether the server is who it has to be; asked once the handshake is done and before a byte is sent. May throw. */
  readonly verify: (server: TlsPeer) => PeerVerification;
  readonly serverName: string;
  readonly alpnProtocols: readonly string[];
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly hop: Hop;
  readonly signal: AbortSignal;
}

export interface OriginatedTls {
  readonly secure: TLSSocket;
  /** For asking again when the configuration has changed. */
  readonly certificates: TlsPeer;
}

/**
 * TLS over an established TCP connection, whose server `verify` has accepted: by its SPIFFE ID and never by its DNS name.
 * Closes `raw` on failure.
 * @throws HopError `HandshakeTimeout`, `HandshakeFailed`, `ServerCertificateInvalid`, `ServerIdentityRejected` or
 *   `ClientCertificateRefused`; the signal's reason when aborted
 */
export function originateTls(raw: Socket, options: OriginateTlsOptions): Promise<OriginatedTls> {
  const { secureContext, roots, verify, serverName, alpnProtocols, timeoutMs, clock, hop, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      raw.destroy();
      reject(signal.reason);
      return;
    }
    const secure = connect({
      ...clientTlsOptions(secureContext, serverName),
      socket: raw,
      ALPNProtocols: [...alpnProtocols],
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
      try {
        const certificates = readTlsPeer(secure, roots);
        const verification = verify(certificates);
        if (!verification.ok) throw rejectionError(verification, hop);
        settle();
        resolve({ secure, certificates });
      } catch (error) {
        fail(error);
      }
    };
    const onClose = () =>
      fail(new HopError("HandshakeFailed", hop, "the other side closed the connection during the TLS handshake"));
    const onAbort = () => fail(signal.reason);
    const timer = clock.setTimeout(
      () => fail(new HopError("HandshakeTimeout", hop, `no TLS handshake within ${timeoutMs} ms`)),
      timeoutMs,
    );
    signal.addEventListener("abort", onAbort, { once: true });
    secure.once("secureConnect", onSecure).once("close", onClose);
    // Stays for good: after the handshake `close` follows every error, and its new owner acts on that.
    secure.on("error", (error) => fail(handshakeError(error, hop)));
  });
}

function rejectionError({ reason, message }: PeerRejection, hop: Hop): HopError {
  const isSomebodyElse = reason === "IdentityNotAllowed" || reason === "TrustDomainMismatch";
  return new HopError(isSomebodyElse ? "ServerIdentityRejected" : "ServerCertificateInvalid", hop, message);
}

function handshakeError(error: NodeJS.ErrnoException, hop: Hop): HopError {
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

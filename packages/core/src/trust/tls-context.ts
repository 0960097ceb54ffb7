/**
 * TLS settings of gateways towards their peers: mutual TLS 1.3, or 1.2 for older proxies, with forward secrecy and AEAD
 * only, against the roots of one peer and never the system's.
 *
 * Sessions are not resumed. A resumed session skips the certificates: OpenSSL takes the verdict of the earlier handshake,
 * so a ticket would outlive a change of roots or of clientID, and the end of a certificate. The price is 15 to 30 % of a
 * handshake, and gateways open few connections. Renegotiation is off for the same reason: a connection keeps the identity
 * that was authorised.
 *
 * A context is expensive to make and serves any number of connections: make one per certificate and roots. Replacing it
 * (`server.setSecureContext`) concerns new connections only; established ones go on.
 * @see reference §6.2, RFC 8446 §4.6.1, RFC 9325 §3.4
 */
import { constants } from "node:crypto";
import type { ConnectionOptions, SecureContext, SecureContextOptions, TlsOptions } from "node:tls";
import type { TrustBundle } from "./trust-bundle.js";

export interface TlsIdentity {
  /** What we present; an IssuedCertificate is one. */
  readonly certificate: { readonly certificateChain: string; readonly privateKey: { exportPem(): string } };
  /** What the peer's certificate must lead to. */
  readonly roots: TrustBundle;
}

/** AES-128 first: nothing known is cheaper to break about it, and it costs least. */
const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/** For `tls.createSecureContext`. Holds the private key in clear: hand it on, never log it. */
export function secureContextOptions({ certificate, roots }: TlsIdentity): SecureContextOptions {
  return {
    cert: certificate.certificateChain,
    key: certificate.privateKey.exportPem(),
    // A list: an empty text would mean the system's roots.
    ca: [roots.pem],
    // Every certificate of a bundle is an anchor, self-signed or not. tls.Server ignores this one: see tls-peer.ts.
    allowPartialTrustChain: true,
    minVersion: "TLSv1.2",
    ciphers: CIPHERS,
    honorCipherOrder: true,
    ecdhCurve: "X25519:P-256",
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/**
 * For `tls.createServer` and, after a change, `server.setSecureContext`. A client that does not verify is not turned away
 * by Node, which would lose the reason and the certificate: **every connection must pass `verifyTlsPeer`** before a byte of
 * it is read.
 */
export function serverTlsOptions(identity: TlsIdentity): TlsOptions {
  return { ...secureContextOptions(identity), requestCert: true, rejectUnauthorized: false };
}

/**
 * For `tls.connect`. As on the server's side, **every connection must pass `verifyTlsPeer`**, at `secureConnect`, before a
 * byte is written to it or read. Host names are not compared: a gateway's certificate holds a SPIFFE ID and none.
 */
export function clientTlsOptions(secureContext: SecureContext, serverName: string): ConnectionOptions {
  return { secureContext, servername: serverName, rejectUnauthorized: false, checkServerIdentity: () => undefined };
}

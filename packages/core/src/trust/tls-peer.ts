/**
 * The peer of a TLS connection, verified twice: by OpenSSL in the handshake and by `verifyPeerCertificate` after it. Both
 * must agree. Ours knows SPIFFE and says what is wrong; OpenSSL's has been attacked for longer.
 *
 * One thing only OpenSSL knows: a server of some versions of Node (24.21, 26.8) loses the intermediate certificates of a
 * client that verified, before anybody can read them (nodejs/node#65579). Then, and only if OpenSSL verified against the
 * very roots that are expected, its path is taken and the rest is checked here. If the roots change later, such a
 * connection no longer verifies: the peer connects again.
 *
 * One thing only we accept on a server: a bundle with an anchor that another authority issued. `tls.Server` drops the option
 * that has OpenSSL end a path there (allowPartialTrustChain), so OpenSSL misses that anchor's issuer, and nothing else.
 */
import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { isSelfIssued } from "./certificate.js";
import {
  type PeerExpectation,
  type PeerVerification,
  verifyLeafCertificate,
  verifyPeerCertificate,
} from "./peer-verification.js";
import type { TrustBundle } from "./trust-bundle.js";

/** What one handshake showed of the peer. */
export interface TlsPeer {
  /** DER, as the peer sent them, the leaf first; empty when it sent none. */
  readonly chain: readonly Uint8Array[];
  /** OpenSSL's verdict; absent when it verified the chain. */
  readonly authorizationError?: string;
  /** Digest of the bundle that OpenSSL verified against. */
  readonly contextRoots: string;
}

/** Whom `verifyTlsPeer` expects: roots are parsed once, not for every connection. */
export interface TlsPeerExpectation extends PeerExpectation {
  readonly roots: TrustBundle;
}

/** More than verification accepts; ends the loop should certificates name each other. */
const MAX_CERTIFICATES = 16;

/**
 * Reads the peer once the handshake is done (`secureConnection`, `secureConnect`). `contextRoots` are those that the
 * connection's own TLS context was made with. Call it once per connection: Node hands the chain out a single time.
 */
export function readTlsPeer(socket: TLSSocket, contextRoots: TrustBundle): TlsPeer {
  const chain: Uint8Array[] = [];
  let certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < MAX_CERTIFICATES) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  const isVerified = socket.authorized && !socket.isSessionReused();
  const error = socket.isSessionReused() ? "the session was resumed" : String(socket.authorizationError);
  return { chain, contextRoots: contextRoots.digest, ...(isVerified ? {} : { authorizationError: error }) };
}

/** May be asked again at any time, also against another expectation. `now` in epoch milliseconds. */
export function verifyTlsPeer(peer: TlsPeer, expectation: TlsPeerExpectation, now: number): PeerVerification {
  const options = { ...expectation, chain: peer.chain, now };
  const verification = verifyPeerCertificate(options);
  if (verification.ok && peer.authorizationError !== undefined && !isIssuerOfAnchorMissing(peer, expectation.roots)) {
    const message = `TLS did not verify the certificate of "${verification.id}": ${peer.authorizationError}`;
    return { ok: false, reason: "RefusedByTls", message };
  }
  if (!verification.ok && verification.reason === "UntrustedRoot" && isPathKnownToTlsAlone(peer, expectation.roots)) {
    return verifyLeafCertificate(options);
  }
  return verification;
}

/** X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, its LOCALLY, and what follows from them. OpenSSL tells the last error it met. */
const ISSUER_MISSING: ReadonlySet<string> = new Set([
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

function isIssuerOfAnchorMissing({ authorizationError = "" }: TlsPeer, { roots }: TrustBundle): boolean {
  return ISSUER_MISSING.has(authorizationError) && !roots.every(isSelfIssued);
}

function isPathKnownToTlsAlone(peer: TlsPeer, roots: TrustBundle): boolean {
  return peer.chain.length === 1 && peer.authorizationError === undefined && peer.contextRoots === roots.digest;
}

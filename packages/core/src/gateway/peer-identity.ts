import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { type PeerExpectation, type PeerVerification, verifyPeerCertificate } from "../trust/peer-verification.js";

/** More than any chain that trust/ accepts; guards against issuers that name each other. */
const MAX_CHAIN = 16;

/**
 * Verifies whoever is at the other end of an established TLS connection. TLS has verified the chain when the connection
 * was made; this holds it against the expectation and the time of now, and so may be asked again later.
 */
export function verifyPeer(socket: TLSSocket, expectation: PeerExpectation, now: number): PeerVerification {
  return verifyPeerCertificate({ ...expectation, chain: presentedChain(socket), now });
}

/** DER, leaf first. */
function presentedChain(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < MAX_CHAIN) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

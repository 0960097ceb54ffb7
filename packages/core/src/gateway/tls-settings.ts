import { constants } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import type { SpiffeId } from "../naming/spiffe-id.js";
import type { GatewayResourceKey, PeerTrust } from "../plan/gateway-resource.js";
import { formatViolations } from "../result.js";
import { parseTrustBundle, type TrustBundle } from "../trust/trust-bundle.js";
import type { CertificateSource } from "./certificate-source.js";
import type { GatewayProblem } from "./gateway-events.js";

/** ECDHE with AEAD only; AES-128 first, the fastest where there is hardware for it. TLS 1.2 is what older Envoys offer. */
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

/**
 * No session tickets: a resumed session carries the identity of an earlier handshake and would outlive a change of roots
 * or clientID. No renegotiation: the identity of a connection is the one that was authorised.
 */
const SECURE_OPTIONS = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION;

/** What one gateway needs to authenticate itself and one peer. */
export interface TlsMaterial {
  readonly context: SecureContextOptions;
  /** The peer's roots, parsed once. */
  readonly roots: TrustBundle;
}

export type TlsMaterialResult =
  | { readonly ok: true; readonly material: TlsMaterial }
  | { readonly ok: false; readonly problem: GatewayProblem };

export interface TlsMaterialOptions {
  readonly resource: GatewayResourceKey;
  readonly identity: SpiffeId;
  readonly trust: PeerTrust;
  readonly certificates: CertificateSource;
  readonly now: number;
}

/** The newest certificate of `identity` and the peer's roots, or what is missing. Roots never fall back to the system's. */
export function loadTlsMaterial({ resource, identity, trust, certificates, now }: TlsMaterialOptions): TlsMaterialResult {
  const roots = parseTrustBundle(trust.rootCertificates, { now });
  if (!roots.ok) {
    return {
      ok: false,
      problem: {
        resource,
        reason: "TrustInvalid",
        message: `the root certificates of trust domain "${trust.trustDomain}" cannot be used: ${formatViolations(roots.violations)}`,
        remedy: "copy the peer's istio-ca-root-cert into the ConfigMap that spec.security.certificateChain names",
      },
    };
  }
  const certificate = certificates.get(identity);
  if (certificate === undefined) {
    return {
      ok: false,
      problem: {
        resource,
        reason: "CertificateUnavailable",
        message: `there is no certificate for "${identity}"`,
        remedy: "check the mesh's certificate authority; the gateway starts by itself once it has a certificate",
      },
    };
  }
  const context: SecureContextOptions = {
    cert: certificate.certificateChain,
    key: certificate.privateKey.exportPem(),
    // As a list: a single empty text would mean the system's roots.
    ca: [roots.value.pem],
    minVersion: "TLSv1.2",
    ciphers: CIPHERS,
    honorCipherOrder: true,
    secureOptions: SECURE_OPTIONS,
  };
  return { ok: true, material: { context, roots: roots.value } };
}

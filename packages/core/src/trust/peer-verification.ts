/**
 * Who is at the other end: from the certificates that a peer presents to a SPIFFE ID, or to the reason why not.
 *
 * A peer's certificate is verified against the roots of that peer alone, and its SPIFFE ID must lie in that peer's trust
 * domain. Both together keep one mesh from minting identities of another, also where one process knows all their roots.
 * Meshes that share a root are kept apart by name constraints on their intermediates, if there are any, and by the exact
 * identities that are allowed.
 *
 * The tests run in this order, and the first that fails is told: presented and readable; a SPIFFE leaf (X509-SVID §5.2);
 * of the expected trust domain; on a valid path to a root (RFC 5280 §6); one of the allowed identities. So
 * `IdentityNotAllowed` means: authenticated, but somebody else.
 * @see reference §6.1, §6.2, §10.9, §10.25
 */
import { parseSpiffeId, type SpiffeId, type TrustDomain } from "../naming/spiffe-id.js";
import { formatViolations } from "../result.js";
import { type Certificate, parseCertificate } from "./certificate.js";
import { describeCertificate, quote } from "./certificate-description.js";
import { checkCertificate, findCertificationPath, type PathFailureReason } from "./certification-path.js";
import { decodeCertificatePem } from "./pem.js";
import { parseTrustBundle, type TrustBundle } from "./trust-bundle.js";

export type PeerRejectionReason =
  /** The peer presented nothing. */
  | "NoCertificate"
  /** What it presented is not a certificate, or one that breaks the rules of the format. */
  | "Malformed"
  /** There is no usable root to verify against. */
  | "InvalidTrustBundle"
  /** A certificate authority's certificate, presented as a workload's. */
  | "NotALeaf"
  /** Not exactly one URI name, or not a SPIFFE ID with a path. */
  | "NotASpiffeId"
  | "TrustDomainMismatch"
  | "IdentityNotAllowed"
  /** OpenSSL does not verify what we would. */
  | "RefusedByTls"
  | PathFailureReason;

export interface PeerRejection {
  readonly ok: false;
  readonly reason: PeerRejectionReason;
  /** Names the certificate, what was expected and the likely fix. For logs and statuses, not for the peer. */
  readonly message: string;
}

export interface VerifiedPeer {
  readonly ok: true;
  readonly id: SpiffeId;
  /** When the first certificate of the path ends, epoch milliseconds. */
  readonly notAfter: number;
}

export type PeerVerification = VerifiedPeer | PeerRejection;

/** Whom we expect at the other end. */
export interface PeerExpectation {
  /** PEM, or a parsed bundle, which saves parsing it for every connection. */
  readonly roots: TrustBundle | string;
  readonly trustDomain: TrustDomain;
  /** Exact matches. Absent: any identity of the trust domain. Empty: nobody. */
  readonly allowedIds?: readonly SpiffeId[] | undefined;
  /** What the peer is; absent: its extended key usage is not looked at. */
  readonly role?: "client" | "server" | undefined;
}

export interface VerifyPeerCertificateOptions extends PeerExpectation {
  /** The leaf first, then its intermediates in any order: DER each, or PEM together. A root among them does no harm. */
  readonly chain: readonly Uint8Array[] | string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Presented certificates, leaf included. */
const MAX_PRESENTED_CERTIFICATES = 10;

/** Never throws for what a peer sent. About 0.2 ms for a leaf that its root issued. */
export function verifyPeerCertificate(options: VerifyPeerCertificateOptions): PeerVerification {
  const presented = readPresented(options);
  if (!presented.ok) return presented;
  const { leaf, intermediates, id } = presented;
  const roots = readRoots(options.roots, options.now);
  if ("reason" in roots) return roots;
  const purpose = purposeOf(options.role);
  const result = findCertificationPath(leaf, { intermediates, anchors: roots, now: options.now, purpose });
  if (!result.ok) return rejected(result.failure.reason, result.failure.message);
  const notAfter = Math.min(...result.path.map((certificate) => certificate.notAfter));
  return authorize({ ok: true, id, notAfter }, options);
}

/** The same but for the path, which the caller knows to lead to `roots`. Not for use outside of this folder. */
export function verifyLeafCertificate(options: VerifyPeerCertificateOptions): PeerVerification {
  const presented = readPresented(options);
  if (!presented.ok) return presented;
  const { leaf, id } = presented;
  const failure = checkCertificate(leaf, { now: options.now, purpose: purposeOf(options.role) });
  if (failure !== undefined) return rejected(failure.reason, failure.message);
  return authorize({ ok: true, id, notAfter: leaf.notAfter }, options);
}

interface Presented {
  readonly ok: true;
  readonly leaf: Certificate;
  readonly intermediates: readonly Certificate[];
  readonly id: SpiffeId;
}

/** A readable chain with a SPIFFE leaf of the expected trust domain; nothing of it is proven yet. */
function readPresented(options: VerifyPeerCertificateOptions): Presented | PeerRejection {
  const { chain, trustDomain } = options;
  const certificates = readChain(chain);
  if ("reason" in certificates) return certificates;
  const [leaf, ...intermediates] = certificates;
  if (leaf === undefined) {
    return rejected(
      "NoCertificate",
      `the peer presented no certificate; expected one of trust domain "${trustDomain}"`,
    );
  }
  const identity = readLeafIdentity(leaf);
  if (!identity.ok) return identity;
  if (identity.trustDomain !== trustDomain) {
    return rejected(
      "TrustDomainMismatch",
      `${describeCertificate(leaf)} is of trust domain "${identity.trustDomain}", expected is "${trustDomain}"; compare spec.security.trustDomain of the ServiceMeshPeer with the peer's control plane`,
    );
  }
  return { ok: true, leaf, intermediates, id: identity.id };
}

function authorize(verified: VerifiedPeer, { allowedIds, role }: PeerExpectation): PeerVerification {
  if (allowedIds === undefined || allowedIds.includes(verified.id)) return verified;
  return rejected("IdentityNotAllowed", notAllowed(verified.id, allowedIds, role));
}

function purposeOf(role: PeerExpectation["role"]): "clientAuth" | "serverAuth" | undefined {
  return role && (role === "client" ? "clientAuth" : "serverAuth");
}

function readChain(chain: readonly Uint8Array[] | string): readonly Certificate[] | PeerRejection {
  const ders = typeof chain === "string" ? splitPem(chain) : chain;
  if ("reason" in ders) return ders;
  if (ders.length > MAX_PRESENTED_CERTIFICATES) {
    return rejected(
      "ChainTooLong",
      `the peer presented ${ders.length} certificates, at most ${MAX_PRESENTED_CERTIFICATES} are read; send only the leaf and its intermediates`,
    );
  }
  const certificates: Certificate[] = [];
  for (const [index, der] of ders.entries()) {
    const parsed = parseCertificate(der, `certificate ${index + 1} of the presented chain`);
    if (!parsed.ok) return rejected("Malformed", formatViolations(parsed.violations));
    certificates.push(parsed.value);
  }
  return certificates;
}

function splitPem(pem: string): readonly Uint8Array[] | PeerRejection {
  if (pem.trim() === "") return [];
  const { certificates, violations } = decodeCertificatePem(pem, "the presented chain");
  if (violations.length > 0) return rejected("Malformed", formatViolations(violations));
  return certificates.map(({ der }) => der);
}

function readRoots(roots: TrustBundle | string, now: number): readonly Certificate[] | PeerRejection {
  if (typeof roots !== "string") return roots.roots;
  const parsed = parseTrustBundle(roots, { now });
  return parsed.ok ? parsed.value.roots : rejected("InvalidTrustBundle", formatViolations(parsed.violations));
}

type LeafIdentity = { readonly ok: true; readonly id: SpiffeId; readonly trustDomain: TrustDomain };

/** @see SPIFFE X509-SVID §2, §3.1, §4.3, §5.2 */
function readLeafIdentity(leaf: Certificate): LeafIdentity | PeerRejection {
  const { isCa, keyUsage } = leaf;
  if (isCa || keyUsage?.has("keyCertSign") || keyUsage?.has("cRLSign")) {
    return rejected(
      "NotALeaf",
      `${describeCertificate(leaf)} is a certificate authority's; expected the certificate of a workload`,
    );
  }
  // §4.3 asks issuers for a key usage; §5.2 does not have verifiers refuse a certificate without.
  if (keyUsage?.has("digitalSignature") === false) {
    return rejected(
      "UsageNotAllowed",
      `${describeCertificate(leaf)} does not allow digitalSignature, which TLS needs; issue it with that key usage`,
    );
  }
  const uris = leaf.subjectAltNames.flatMap((name) => (name.type === "uri" ? [name.value] : []));
  const [uri] = uris;
  if (uri === undefined || uris.length > 1) {
    return rejected(
      "NotASpiffeId",
      `${describeCertificate(leaf)} has ${uris.length} URI names, expected exactly one, its SPIFFE ID`,
    );
  }
  const parsed = parseSpiffeId(uri);
  if (!parsed.ok)
    return rejected("NotASpiffeId", `the URI name ${quote(uri)} (serial ${leaf.serialNumber}) is not a SPIFFE ID`);
  if (parsed.value.path === "") {
    return rejected(
      "NotASpiffeId",
      `${describeCertificate(leaf)} names a trust domain, expected the SPIFFE ID of a workload, with a path`,
    );
  }
  return { ok: true, id: parsed.value.id, trustDomain: parsed.value.trustDomain };
}

function notAllowed(id: SpiffeId, allowedIds: readonly SpiffeId[], role: PeerExpectation["role"]): string {
  const expected = allowedIds.length === 0 ? "nobody" : allowedIds.slice(0, 3).map(quote).join(" or ");
  const more = allowedIds.length > 3 ? ` or ${allowedIds.length - 3} more` : "";
  const remedy =
    role === "server"
      ? "check spec.remote.addresses of the ServiceMeshPeer, and which gateway of the peer answers there"
      : "compare spec.security.clientID of the ServiceMeshPeer with the peer's egress gateway";
  return `${quote(id)} is authenticated but not allowed here, expected is ${expected}${more}; ${remedy}`;
}

function rejected(reason: PeerRejectionReason, message: string): PeerRejection {
  return { ok: false, reason, message };
}

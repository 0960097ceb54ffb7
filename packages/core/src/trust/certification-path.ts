/**
 * Finds and validates a path from a leaf to a trust anchor.
 *
 * The search goes from the leaf upwards over whatever the peer sent, in any order, and follows an edge only where names,
 * key identifiers and the signature agree; so a path that reaches an anchor is authentic, and is then checked as a whole.
 * When no path is valid, the failure of a complete path is told rather than that of a dead end: it is the nearer miss.
 *
 * A trust anchor is any CA certificate of the bundle, self-signed or not; its own dates, path length, usages and name
 * constraints hold as those of any other CA do (RFC 5937), only its signature is not looked at.
 * @see RFC 5280 §6.1
 */
import { formatTimestamp } from "../timestamp.js";
import { type Certificate, isSameCertificate, isSelfIssued } from "./certificate.js";
import { describeCertificate, describeIssuer, describeRoots } from "./certificate-description.js";
import { isSameName } from "./distinguished-name.js";
import { ACCEPTED_KEYS, describeKey, isAcceptedSignature, signingAlgorithm } from "./key-algorithm.js";
import { findForbiddenName } from "./name-constraints.js";
import { Oid } from "./object-identifiers.js";

/** Leaf and anchor included. Mesh PKIs have three; each more is somebody else's invention. */
const MAX_PATH_CERTIFICATES = 8;

/** What a stranger can make us do: at most some milliseconds. */
const MAX_SIGNATURE_CHECKS = 32;

export type PathFailureReason =
  | "UntrustedRoot"
  | "BadSignature"
  | "ChainTooLong"
  | "Expired"
  | "NotYetValid"
  | "IssuerNotACa"
  | "PathLengthExceeded"
  | "NameConstraintViolated"
  | "UnknownCriticalExtension"
  | "WeakAlgorithm"
  | "UsageNotAllowed";

export interface PathFailure {
  readonly reason: PathFailureReason;
  readonly message: string;
}

export interface CertificationPathOptions {
  readonly intermediates: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  /** Epoch milliseconds. */
  readonly now: number;
  /** What the leaf's key is used for; absent: not checked. */
  readonly purpose?: "clientAuth" | "serverAuth" | undefined;
}

/** `path` goes from the leaf to the anchor. */
export type CertificationPathResult =
  | { readonly ok: true; readonly path: readonly Certificate[] }
  | { readonly ok: false; readonly failure: PathFailure };

export function findCertificationPath(leaf: Certificate, options: CertificationPathOptions): CertificationPathResult {
  return new PathSearch(options).from(leaf, []);
}

class PathSearch {
  readonly #options: CertificationPathOptions;
  #signatureChecks = 0;

  constructor(options: CertificationPathOptions) {
    this.#options = options;
  }

  /** `below` and then `last` are authentic so far, from the leaf on. */
  from(last: Certificate, below: readonly Certificate[]): CertificationPathResult {
    const path = [...below, last];
    let nearest: PathFailure | undefined;
    for (const { issuer, isAnchor } of this.#possibleIssuers(last, path)) {
      if (path.length === MAX_PATH_CERTIFICATES || this.#signatureChecks === MAX_SIGNATURE_CHECKS) return tooLong();
      this.#signatureChecks += 1;
      const attempt = last.isSignedBy(issuer.publicKey)
        ? this.#continueWith(path, issuer, isAnchor)
        : failed(badSignature(last, issuer));
      if (attempt.ok || attempt.failure.reason === "ChainTooLong") return attempt;
      nearest = nearerMiss(nearest, attempt.failure);
    }
    return failed(nearest ?? this.#untrusted(last));
  }

  #continueWith(path: readonly Certificate[], issuer: Certificate, isAnchor: boolean): CertificationPathResult {
    if (!isAnchor) return this.from(issuer, path);
    const complete = [...path, issuer];
    const failure = validatePath(complete, this.#options);
    return failure === undefined ? { ok: true, path: complete } : failed(failure);
  }

  /** Anchors first: the shortest path is the best one. */
  *#possibleIssuers(
    last: Certificate,
    path: readonly Certificate[],
  ): Generator<{ readonly issuer: Certificate; readonly isAnchor: boolean }> {
    const isPossible = (issuer: Certificate) =>
      mayHaveIssued(issuer, last) && !path.some((member) => isSameCertificate(member, issuer));
    for (const issuer of this.#options.anchors) if (isPossible(issuer)) yield { issuer, isAnchor: true };
    for (const issuer of this.#options.intermediates) if (isPossible(issuer)) yield { issuer, isAnchor: false };
  }

  #untrusted(last: Certificate): PathFailure {
    const { anchors } = this.#options;
    const name = describeCertificate(last);
    const namesake = anchors.find((anchor) => isSameName(anchor.subject, last.issuer));
    const detail =
      namesake === undefined
        ? `${name} was issued by ${describeIssuer(last)}, which is not a trusted root: trusted is ${describeRoots(anchors)}; copy root-cert.pem from the peer's ConfigMap "istio-ca-root-cert", or have the peer send its intermediate certificates`
        : `${name} was issued by ${describeIssuer(last)}, but not with the key of the trusted root of that name: trusted is ${describeRoots([namesake])}; the peer's certificate authority was probably created anew, so copy its root-cert.pem again`;
    return { reason: "UntrustedRoot", message: detail };
  }
}

function mayHaveIssued(issuer: Certificate, subject: Certificate): boolean {
  if (!isSameName(issuer.subject, subject.issuer)) return false;
  // Absent on either side: the signature alone decides.
  if (issuer.subjectKeyId === undefined || subject.authorityKeyId === undefined) return true;
  return issuer.subjectKeyId === subject.authorityKeyId;
}

const DEAD_ENDS: ReadonlySet<PathFailureReason> = new Set(["UntrustedRoot", "BadSignature"]);

function nearerMiss(known: PathFailure | undefined, next: PathFailure): PathFailure {
  if (known === undefined) return next;
  return DEAD_ENDS.has(known.reason) && !DEAD_ENDS.has(next.reason) ? next : known;
}

/** The first rule that a complete, authentic path breaks, seen from the leaf. */
function validatePath(path: readonly Certificate[], options: CertificationPathOptions): PathFailure | undefined {
  const below: Certificate[] = [];
  for (const certificate of path) {
    const isAnchor = below.length === path.length - 1;
    const failure =
      checkCertificate(certificate, options) ??
      (isAnchor ? undefined : checkSignatureAlgorithm(certificate)) ??
      (below.length === 0 ? undefined : checkIssuer(certificate, below));
    if (failure !== undefined) return failure;
    below.push(certificate);
  }
  return undefined;
}

/** What holds for every certificate of a path, wherever it stands. */
export function checkCertificate(
  certificate: Certificate,
  { now, purpose }: Pick<CertificationPathOptions, "now" | "purpose">,
): PathFailure | undefined {
  return (
    checkValidity(certificate, now) ??
    checkExtensions(certificate) ??
    checkKey(certificate) ??
    checkPurpose(certificate, purpose)
  );
}

function checkValidity(certificate: Certificate, now: number): PathFailure | undefined {
  if (now > certificate.notAfter) {
    return {
      reason: "Expired",
      message: `${describeCertificate(certificate)} expired at ${formatTimestamp(certificate.notAfter)}, it is ${formatTimestamp(now)}; renew it where it was issued, and check both clocks`,
    };
  }
  if (now < certificate.notBefore) {
    return {
      reason: "NotYetValid",
      message: `${describeCertificate(certificate)} is valid from ${formatTimestamp(certificate.notBefore)}, it is ${formatTimestamp(now)}; check both clocks`,
    };
  }
  return undefined;
}

/** @see RFC 5280 §6.1.4 (o), §6.1.5 (f) */
function checkExtensions(certificate: Certificate): PathFailure | undefined {
  const [oid] = certificate.unknownCritical;
  if (oid === undefined) return undefined;
  return {
    reason: "UnknownCriticalExtension",
    message: `${describeCertificate(certificate)} has the critical extension ${oid}, which is not supported; issue it without, or not as critical`,
  };
}

function checkKey(certificate: Certificate): PathFailure | undefined {
  if (signingAlgorithm(certificate.publicKey) !== undefined) return undefined;
  return {
    reason: "WeakAlgorithm",
    message: `${describeCertificate(certificate)} has a key of type ${describeKey(certificate.publicKey)}; accepted are ${ACCEPTED_KEYS}`,
  };
}

function checkSignatureAlgorithm(certificate: Certificate): PathFailure | undefined {
  if (isAcceptedSignature(certificate.signatureAlgorithm)) return undefined;
  return {
    reason: "WeakAlgorithm",
    message: `${describeCertificate(certificate)} is signed with algorithm ${certificate.signatureAlgorithm}; accepted are SHA-256, SHA-384 and SHA-512 with RSA (PKCS #1 v1.5) or ECDSA, and Ed25519`,
  };
}

/** An extended key usage in a CA limits what is below it, as Go's and OpenSSL's validators read it. */
function checkPurpose(certificate: Certificate, purpose: CertificationPathOptions["purpose"]): PathFailure | undefined {
  const allowed = certificate.extendedKeyUsage;
  if (purpose === undefined || allowed === undefined) return undefined;
  if (allowed.has(Oid[purpose]) || allowed.has(Oid.anyExtendedKeyUsage)) return undefined;
  return {
    reason: "UsageNotAllowed",
    message: `${describeCertificate(certificate)} does not allow ${purpose}; issue it with extended key usage serverAuth and clientAuth`,
  };
}

/** `below` goes from the leaf to what `issuer` issued. @see RFC 5280 §6.1.4 (k) to (n), §6.1.3 (b) and (c) */
function checkIssuer(issuer: Certificate, below: readonly Certificate[]): PathFailure | undefined {
  if (!issuer.isCa || issuer.keyUsage?.has("keyCertSign") === false) {
    return {
      reason: "IssuerNotACa",
      message: `${describeCertificate(issuer)} issued another certificate without being a certificate authority; issue it with basicConstraints CA:TRUE and keyUsage keyCertSign`,
    };
  }
  const intermediates = below.slice(1).filter((certificate) => !isSelfIssued(certificate)).length;
  if (issuer.pathLength !== undefined && intermediates > issuer.pathLength) {
    return {
      reason: "PathLengthExceeded",
      message: `${describeCertificate(issuer)} allows ${issuer.pathLength} intermediate certificates below it, there are ${intermediates}; issue it with a larger path length, or the leaf with a shorter chain`,
    };
  }
  return checkNames(issuer, below);
}

function checkNames(issuer: Certificate, below: readonly Certificate[]): PathFailure | undefined {
  if (issuer.nameConstraints === undefined) return undefined;
  for (const [index, certificate] of below.entries()) {
    if (index > 0 && isSelfIssued(certificate)) continue;
    const forbidden = findForbiddenName(issuer.nameConstraints, certificate);
    if (forbidden === undefined) continue;
    return {
      reason: "NameConstraintViolated",
      message: `${describeCertificate(certificate)} is outside of the name constraints of ${describeCertificate(issuer)}: ${forbidden}`,
    };
  }
  return undefined;
}

function badSignature(certificate: Certificate, issuer: Certificate): PathFailure {
  return {
    reason: "BadSignature",
    message: `${describeCertificate(certificate)} was not signed by the key of ${describeCertificate(issuer)}; it was altered, or the certificate authority was created anew under the same name`,
  };
}

function tooLong(): CertificationPathResult {
  return failed({
    reason: "ChainTooLong",
    message: `no trusted root within ${MAX_PATH_CERTIFICATES} certificates and ${MAX_SIGNATURE_CHECKS} signatures; send only the certificates between the leaf and its root`,
  });
}

function failed(failure: PathFailure): CertificationPathResult {
  return { ok: false, failure };
}

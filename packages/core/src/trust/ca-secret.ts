/**
 * The Secret that holds a mesh's certificate authority.
 *
 * Two layouts are read: `cacerts`, which an administrator brings (`ca-cert.pem`, `ca-key.pem`, `root-cert.pem`,
 * `cert-chain.pem`), and that of `istio-ca-secret`, which Istio writes for its self-signed authority (the first two; the
 * others absent or empty). We write the first. Values are the PEM text, not Kubernetes' base64 of it.
 * @see Istio "Plug in CA Certificates", security/pkg/pki/ca
 */
import type { TrustDomain } from "../naming/spiffe-id.js";
import { workloadSpiffeId } from "../naming/spiffe-id.js";
import { type FieldViolation, failure, type Result, success, type ViolationReason } from "../result.js";
import { type Certificate, isSameCertificate, isSelfSigned, parseCertificates } from "./certificate.js";
import { type CertificateAuthority, certificateAuthority } from "./certificate-authority.js";
import { describeCertificate } from "./certificate-description.js";
import { findCertificationPath } from "./certification-path.js";
import { verifyPeerCertificate } from "./peer-verification.js";
import { encodeCertificatePem } from "./pem.js";
import { type PrivateKey, parsePrivateKey } from "./private-key.js";
import { findOutdated, parseTrustBundle, type TrustBundle } from "./trust-bundle.js";

export const CaSecretKey = {
  certificate: "ca-cert.pem",
  privateKey: "ca-key.pem",
  rootCertificates: "root-cert.pem",
  certificateChain: "cert-chain.pem",
} as const;

/** The Secret's data, decoded; keys that we do not know are ignored. */
export type CaSecretData = Readonly<Record<string, string | undefined>>;

export interface LoadCertificateAuthorityOptions {
  readonly trustDomain: TrustDomain;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * A Secret's data -> the authority, or everything that is wrong: parts that are missing or unreadable, a key that is not
 * the certificate's, a certificate that is no CA, has ended, or does not lead to the root. An authority that is returned
 * has been tried: a certificate that it issues for `trustDomain` verifies against its own root.
 */
export function loadCertificateAuthority(
  data: CaSecretData,
  { trustDomain, now }: LoadCertificateAuthorityOptions,
): Result<CertificateAuthority> {
  const parts = readParts(data, now);
  if (!parts.ok) return parts;
  const { certificates, privateKey, bundle } = parts.value;
  const [certificate, ...chain] = certificates;
  if (certificate === undefined) return failure(violation("certificate", "Required", "no certificate found"));
  const violations: FieldViolation[] = [];
  if (!certificate.publicKey.equals(privateKey.publicKey)) {
    const message = `not the key of ${describeCertificate(certificate)} in ${CaSecretKey.certificate}; expected the two of one pair`;
    violations.push(violation("privateKey", "Invalid", message));
  }
  if (!certificate.isCa || certificate.keyUsage?.has("keyCertSign") === false) {
    const message = `${describeCertificate(certificate)} may not sign certificates; issue it with basicConstraints CA:TRUE and keyUsage keyCertSign`;
    violations.push(violation("certificate", "Invalid", message));
  }
  const path = findPathToRoot(certificate, chain, bundle, now);
  if (!path.ok) violations.push(...path.violations);
  if (!path.ok || violations.length > 0) return failure(...violations);
  const authority = certificateAuthority({ trustDomain, privateKey, path: path.value, roots: bundle.roots });
  const refusal = tryOut(authority, bundle, now);
  return refusal === undefined ? success(authority) : failure(violation("certificate", "Invalid", refusal));
}

/** In the layout of `cacerts`. The values hold the private key in clear: they belong into a Secret and nowhere else. */
export function toSecretData(authority: CertificateAuthority): Record<string, string> {
  return {
    [CaSecretKey.certificate]: encodeCertificatePem(authority.certificate.der),
    [CaSecretKey.privateKey]: authority.privateKey.exportPem(),
    [CaSecretKey.rootCertificates]: authority.rootCertificates,
    [CaSecretKey.certificateChain]: authority.intermediates.map(({ der }) => encodeCertificatePem(der)).join(""),
  };
}

interface CaSecretParts {
  /** `ca-cert.pem`, then `cert-chain.pem`, without repetitions. */
  readonly certificates: readonly Certificate[];
  readonly privateKey: PrivateKey;
  readonly bundle: TrustBundle;
}

function readParts(data: CaSecretData, now: number): Result<CaSecretParts> {
  const certificates = readCertificates(data, "certificate");
  const chain = isEmpty(data[CaSecretKey.certificateChain]) ? success([]) : readCertificates(data, "certificateChain");
  const privateKey = isEmpty(data[CaSecretKey.privateKey])
    ? missing("privateKey")
    : parsePrivateKey(data[CaSecretKey.privateKey] ?? "", pathOf("privateKey"));
  const bundle = readRoots(data, certificates, now);
  if (certificates.ok && chain.ok && privateKey.ok && bundle.ok) {
    const all = [...certificates.value, ...chain.value];
    const unique = all.filter((one, index) => all.findIndex((other) => isSameCertificate(one, other)) === index);
    return success({ certificates: unique, privateKey: privateKey.value, bundle: bundle.value });
  }
  return failure(...[certificates, chain, privateKey, bundle].flatMap((part) => (part.ok ? [] : part.violations)));
}

function readCertificates(
  data: CaSecretData,
  part: "certificate" | "certificateChain",
): Result<readonly Certificate[]> {
  const pem = data[CaSecretKey[part]];
  return isEmpty(pem) ? missing(part) : parseCertificates(pem ?? "", pathOf(part));
}

/** Without `root-cert.pem` the authority's own certificate must be the root. */
function readRoots(data: CaSecretData, certificates: Result<readonly Certificate[]>, now: number): Result<TrustBundle> {
  const pem = data[CaSecretKey.rootCertificates];
  if (!isEmpty(pem)) return parseTrustBundle(pem ?? "", { now, path: pathOf("rootCertificates") });
  const own = certificates.ok ? certificates.value[0] : undefined;
  if (own !== undefined && isSelfSigned(own)) {
    return parseTrustBundle(encodeCertificatePem(own.der), { now, path: pathOf("certificate") });
  }
  return missing("rootCertificates", `; only a self-signed ${CaSecretKey.certificate} does without`);
}

/** From `certificate` to a root that is valid at `now`; `certificate` alone when it is a root itself. */
function findPathToRoot(
  certificate: Certificate,
  intermediates: readonly Certificate[],
  bundle: TrustBundle,
  now: number,
): Result<readonly [Certificate, ...Certificate[]]> {
  if (bundle.roots.some((root) => isSameCertificate(root, certificate))) {
    const outdated = findOutdated(certificate, now, pathOf("certificate"));
    return outdated.length === 0 ? success([certificate]) : failure(...outdated);
  }
  const result = findCertificationPath(certificate, { intermediates, anchors: bundle.roots, now });
  if (result.ok) return success([certificate, ...result.path.slice(1)]);
  return failure(violation("certificateChain", "Invalid", result.failure.message));
}

/** Name constraints, usages and path lengths on the way to the root show only when something is issued. */
function tryOut(authority: CertificateAuthority, bundle: TrustBundle, now: number): string | undefined {
  const { trustDomain } = authority;
  const id = workloadSpiffeId(trustDomain, "default", "default");
  const { certificateChain } = authority.issue({ id, now });
  const verification = verifyPeerCertificate({ chain: certificateChain, roots: bundle, now, trustDomain });
  if (verification.ok) return undefined;
  return `peers would refuse certificates that it issues for trust domain "${trustDomain}": ${verification.message}`;
}

function isEmpty(pem: string | undefined): boolean {
  return pem === undefined || pem.trim() === "";
}

function pathOf(part: keyof typeof CaSecretKey): string {
  return `data["${CaSecretKey[part]}"]`;
}

function violation(part: keyof typeof CaSecretKey, reason: ViolationReason, message: string): FieldViolation {
  return { path: pathOf(part), reason, message };
}

function missing(part: keyof typeof CaSecretKey, remark = ""): Result<never> {
  return failure(violation(part, "Required", `the Secret has no ${CaSecretKey[part]}${remark}`));
}

import { hash } from "node:crypto";
import { type FieldViolation, failure, type Result, success } from "../result.js";
import { formatTimestamp } from "../timestamp.js";
import { type Certificate, readCertificates } from "./certificate.js";
import { describeCertificate } from "./certificate-description.js";
import { ACCEPTED_KEYS, describeKey, signingAlgorithm } from "./key-algorithm.js";
import { encodeCertificatePem } from "./pem.js";

/** The root certificates of one trust domain, ready for verification. @see SPIFFE Trust Domain and Bundle §4 */
export interface TrustBundle {
  /** At least one; each is a CA certificate; no duplicates; in the order of the text. */
  readonly roots: readonly Certificate[];
  /** The roots alone, without whatever stood around them. */
  readonly pem: string;
  /** Equal for two bundles exactly when they hold the same roots, whatever their order. */
  readonly digest: string;
  /** When the first of the roots that are valid now ends, epoch milliseconds. */
  readonly notAfter: number;
  /** Roots that are not valid now, beside others that are; they are kept and do no harm. */
  readonly warnings: readonly FieldViolation[];
}

export interface ParseTrustBundleOptions {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Names the text in violations; default `data["root-cert.pem"]`, as of a ConfigMap (reference §1.5). */
  readonly path?: string;
}

const ROOT_CERTIFICATE_PATH = 'data["root-cert.pem"]';

/**
 * PEM of one or more root certificates -> bundle, or everything that is wrong with it. Refused are text without a
 * certificate, a private key among the certificates, a certificate that is no CA or has a weak key, and a bundle without
 * any root that is valid now; an expired root beside a valid one is a warning, so that an old root may be left in place
 * while certificate authorities change.
 */
export function parseTrustBundle(pem: string, options: ParseTrustBundleOptions): Result<TrustBundle> {
  const { now, path = ROOT_CERTIFICATE_PATH } = options;
  const { roots, violations: wrong } = readRoots(pem, path);
  const outdated = roots.flatMap((root) => findOutdated(root, now, path));
  const valid = roots.filter((root) => isValidAt(root, now) && findUnusable(root, path).length === 0);
  const violations = [...wrong, ...(valid.length === 0 ? outdated : [])];
  if (violations.length > 0) return failure(...violations);
  return success({
    roots,
    pem: roots.map((root) => encodeCertificatePem(root.der)).join(""),
    digest: hash(
      "sha256",
      roots
        .map((root) => root.fingerprint)
        .sort()
        .join(),
      "hex",
    ),
    notAfter: Math.min(...valid.map((root) => root.notAfter)),
    warnings: outdated,
  });
}

/**
 * What `parseTrustBundle` would refuse at any time; empty when the text can be used while one of its roots is valid. The
 * answer never changes, so it may be remembered.
 */
export function checkTrustBundle(pem: string, path: string = ROOT_CERTIFICATE_PATH): readonly FieldViolation[] {
  return readRoots(pem, path).violations;
}

/** The certificates, each once, and what is wrong with them whatever the time. */
function readRoots(
  pem: string,
  path: string,
): { readonly roots: readonly Certificate[]; readonly violations: readonly FieldViolation[] } {
  const { certificates, violations } = readCertificates(pem, path);
  const roots = [...new Map(certificates.map((root) => [root.fingerprint, root])).values()];
  return { roots, violations: [...violations, ...roots.flatMap((root) => findUnusable(root, path))] };
}

function isValidAt(root: Certificate, now: number): boolean {
  return root.notBefore <= now && now <= root.notAfter;
}

function findUnusable(root: Certificate, path: string): readonly FieldViolation[] {
  const violations: FieldViolation[] = [];
  const wrong = (message: string) =>
    violations.push({ path, reason: "Invalid", message: `${describeCertificate(root)} ${message}` });
  if (!root.isCa || root.keyUsage?.has("keyCertSign") === false) {
    wrong(
      "is not a certificate authority; expected the root certificate of the mesh, not a certificate that it issued",
    );
  }
  if (signingAlgorithm(root.publicKey) === undefined) {
    wrong(`has a key of type ${describeKey(root.publicKey)}; accepted are ${ACCEPTED_KEYS}`);
  }
  for (const oid of root.unknownCritical) wrong(`has the critical extension ${oid}, which is not supported`);
  return violations;
}

/** One violation when `root` is not valid at `now`. */
export function findOutdated(root: Certificate, now: number, path: string): readonly FieldViolation[] {
  if (isValidAt(root, now)) return [];
  const validity =
    now > root.notAfter
      ? `expired at ${formatTimestamp(root.notAfter)}; copy the mesh's current root certificate`
      : `is valid only from ${formatTimestamp(root.notBefore)}; check the clocks`;
  return [{ path, reason: "Invalid", message: `${describeCertificate(root)} ${validity}` }];
}

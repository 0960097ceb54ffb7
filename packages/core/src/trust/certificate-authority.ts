import { FederationError, invariant } from "../errors.js";
import { isTrustDomain, parseSpiffeId, type SpiffeId, type TrustDomain } from "../naming/spiffe-id.js";
import { formatTimestamp } from "../timestamp.js";
import { type Certificate, parseCertificate } from "./certificate.js";
import {
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  keyIdentifier,
  keyUsage,
  signCertificate,
  subjectAltUri,
  subjectKeyIdentifier,
} from "./certificate-builder.js";
import { derSequence } from "./der-writer.js";
import { encodeOrganization } from "./distinguished-name.js";
import type { KeyType } from "./key-algorithm.js";
import { Oid } from "./object-identifiers.js";
import { encodeCertificatePem } from "./pem.js";
import { generatePrivateKeySync, type PrivateKey } from "./private-key.js";

/** A workload's certificate with its key. @see SPIFFE X509-SVID */
export interface IssuedCertificate {
  readonly id: SpiffeId;
  /** PEM: the leaf, then what leads to the root; the root itself is left out, the peer has it or does not trust it. */
  readonly certificateChain: string;
  readonly privateKey: PrivateKey;
  /** Epoch milliseconds, whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface IssueOptions {
  /** In the authority's trust domain, with a path. */
  readonly id: SpiffeId;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Default 24 hours; the certificate never outlives the authority's own. */
  readonly validityMs?: number;
  /** Of the key to generate; default ECDSA-P256. */
  readonly keyType?: KeyType;
  /** Instead of generating one. */
  readonly privateKey?: PrivateKey;
}

/** The certificate authority of one mesh. */
export interface CertificateAuthority {
  readonly trustDomain: TrustDomain;
  /** What signs. */
  readonly certificate: Certificate;
  readonly privateKey: PrivateKey;
  /** From `certificate` towards its root, the root left out: empty when `certificate` is the root itself. */
  readonly intermediates: readonly Certificate[];
  /** PEM of one or more roots: the content of ConfigMap `istio-ca-root-cert`, which peers are given. */
  readonly rootCertificates: string;
  /** When it can no longer issue, epoch milliseconds: the first end on the way to its root. */
  readonly notAfter: number;
  /**
   * Signs a certificate as Istio's authority does: no subject, the SPIFFE ID as critical URI name, for clients and servers.
   * Throws INVALID_ARGUMENT for an identity of another trust domain or a validity that is not positive, and
   * FAILED_PRECONDITION when the authority's own certificate is not valid at `now`.
   */
  issue(options: IssueOptions): IssuedCertificate;
}

export interface CreateCertificateAuthorityOptions {
  readonly trustDomain: TrustDomain;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Default ECDSA-P256. */
  readonly keyType?: KeyType;
  /** Default 10 years, Istio's default for its own root. */
  readonly validityMs?: number;
}

/** Certificates begin this much before they are issued, for peers whose clocks are behind. */
const CLOCK_SKEW_ALLOWANCE_MS = 2 * 60_000;
const DEFAULT_CA_VALIDITY_MS = 10 * 365 * 24 * 3_600_000;
const DEFAULT_VALIDITY_MS = 24 * 3_600_000;

/** Generates a key and a self-signed root with subject `O=<trust domain>`. */
export function createCertificateAuthority(options: CreateCertificateAuthorityOptions): CertificateAuthority {
  const { trustDomain, now, keyType = "ECDSA-P256", validityMs = DEFAULT_CA_VALIDITY_MS } = options;
  if (!isTrustDomain(trustDomain)) throw invalid(`"${trustDomain}" is not a trust domain`);
  if (!(validityMs > 0)) throw invalid("the validity of a certificate authority must be positive");
  const privateKey = generatePrivateKeySync(keyType);
  const name = encodeOrganization(trustDomain);
  const der = signCertificate(
    {
      issuer: name,
      subject: name,
      notBefore: now - CLOCK_SKEW_ALLOWANCE_MS,
      notAfter: now + validityMs,
      publicKey: privateKey.publicKey,
      extensions: [
        basicConstraints(true),
        keyUsage("keyCertSign", "cRLSign"),
        subjectKeyIdentifier(keyIdentifier(privateKey.publicKey)),
      ],
    },
    privateKey,
  );
  const certificate = readOwn(der);
  return certificateAuthority({ trustDomain, privateKey, path: [certificate], roots: [certificate] });
}

export interface CertificateAuthorityParts {
  readonly trustDomain: TrustDomain;
  readonly privateKey: PrivateKey;
  /** From the certificate that signs to its root; one certificate when they are the same. */
  readonly path: readonly [Certificate, ...Certificate[]];
  /** What peers are told to trust: the root of `path`, others beside it while roots change. */
  readonly roots: readonly Certificate[];
}

/** An authority of parts that were checked to fit together. */
export function certificateAuthority(parts: CertificateAuthorityParts): CertificateAuthority {
  const { trustDomain, privateKey, path, roots } = parts;
  const [certificate] = path;
  const intermediates = path.slice(0, -1);
  const sent = intermediates.map((member) => encodeCertificatePem(member.der)).join("");
  const notBefore = Math.max(...path.map((member) => member.notBefore));
  const notAfter = Math.min(...path.map((member) => member.notAfter));
  return {
    trustDomain,
    certificate,
    privateKey,
    intermediates,
    rootCertificates: roots.map((root) => encodeCertificatePem(root.der)).join(""),
    notAfter,
    issue: (options) => {
      const { id } = options;
      checkIdentity(id, trustDomain);
      const validity = chooseValidity(options, { notBefore, notAfter });
      const leafKey = options.privateKey ?? generatePrivateKeySync(options.keyType ?? "ECDSA-P256");
      const der = signCertificate(leafTemplate(id, validity, leafKey, certificate), privateKey);
      return { id, certificateChain: encodeCertificatePem(der) + sent, privateKey: leafKey, ...validity };
    },
  };
}

interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** @see SPIFFE X509-SVID §4, Istio security/pkg/pki/util/generate_cert.go */
function leafTemplate(id: SpiffeId, validity: Validity, key: PrivateKey, issuer: Certificate) {
  const isRsa = key.publicKey.asymmetricKeyType === "rsa";
  const issuerKeyId = issuer.subjectKeyId;
  return {
    issuer: issuer.subject.encoded,
    subject: derSequence(),
    ...validity,
    publicKey: key.publicKey,
    extensions: [
      isRsa ? keyUsage("digitalSignature", "keyEncipherment") : keyUsage("digitalSignature"),
      extendedKeyUsage(Oid.serverAuth, Oid.clientAuth),
      basicConstraints(false),
      ...(issuerKeyId === undefined ? [] : [authorityKeyIdentifier(Buffer.from(issuerKeyId, "hex"))]),
      subjectAltUri(id),
    ],
  };
}

function checkIdentity(id: SpiffeId, trustDomain: TrustDomain): void {
  const parsed = parseSpiffeId(id);
  if (!parsed.ok || parsed.value.path === "") throw invalid(`"${id}" is not the SPIFFE ID of a workload`);
  if (parsed.value.trustDomain !== trustDomain) {
    throw invalid(`"${id}" is not in trust domain "${trustDomain}"; a mesh issues certificates for its own alone`);
  }
}

/** Within the authority's own validity, in whole seconds. */
function chooseValidity({ now, validityMs = DEFAULT_VALIDITY_MS }: IssueOptions, authority: Validity): Validity {
  if (!(validityMs >= 1000)) throw invalid("the validity of a certificate must be at least one second");
  const notBefore = wholeSeconds(Math.max(now - CLOCK_SKEW_ALLOWANCE_MS, authority.notBefore));
  const notAfter = wholeSeconds(Math.min(now + validityMs, authority.notAfter));
  if (now < authority.notBefore || now > notAfter) {
    const span = `${formatTimestamp(authority.notBefore)} to ${formatTimestamp(authority.notAfter)}`;
    throw new FederationError(
      "FAILED_PRECONDITION",
      `the certificate authority is valid from ${span}, it is ${formatTimestamp(now)}; replace its certificate, or check the clock`,
    );
  }
  return { notBefore, notAfter };
}

function wholeSeconds(epochMs: number): number {
  return Math.floor(epochMs / 1000) * 1000;
}

function readOwn(der: Uint8Array): Certificate {
  const parsed = parseCertificate(der, "");
  invariant(parsed.ok, "a certificate that was just written can be read");
  return parsed.value;
}

function invalid(message: string): FederationError {
  return new FederationError("INVALID_ARGUMENT", message);
}

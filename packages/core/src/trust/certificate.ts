import { hash, type KeyObject, X509Certificate } from "node:crypto";
import { type FieldViolation, failure, type Result, success } from "../result.js";
import { type CertificateExtensions, readExtensions } from "./certificate-extensions.js";
import { contextTag, DerError, DerReader, DerTag, decodeBitString, decodeInteger, decodeTime } from "./der-reader.js";
import { type DistinguishedName, isSameName, readDistinguishedName } from "./distinguished-name.js";
import { decodeCertificatePem } from "./pem.js";

/** A certificate that was read strictly; nothing about it is verified yet. */
export interface Certificate extends CertificateExtensions {
  readonly der: Uint8Array;
  /** SHA-256 of the DER, upper-case hexadecimal. */
  readonly fingerprint: string;
  /** Upper-case hexadecimal. */
  readonly serialNumber: string;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** Epoch milliseconds; both ends belong to the validity. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKey: KeyObject;
  /** Object identifier. */
  readonly signatureAlgorithm: string;
  /** Whether `issuerKey` signed it. */
  readonly isSignedBy: (issuerKey: KeyObject) => boolean;
}

/** More than 16 KiB is no certificate of a workload or of a CA. */
const MAX_CERTIFICATE_BYTES = 16 * 1024;

/** DER -> certificate, or why it is none. `path` names the field in violations. */
export function parseCertificate(der: Uint8Array, path: string): Result<Certificate> {
  const wrong = (message: string) => failure<never>({ path, reason: "Invalid", message });
  if (der.length > MAX_CERTIFICATE_BYTES)
    return wrong(`no X.509 certificate: larger than ${MAX_CERTIFICATE_BYTES} bytes`);
  try {
    return success(readCertificate(der));
  } catch (error) {
    if (error instanceof DerError) return wrong(`not an X.509 certificate: ${error.message}`);
    throw error;
  }
}

/** PEM -> the certificates in it, in order, and everything that is wrong with the text; not both can be empty. */
export function readCertificates(
  pem: string,
  path: string,
): { readonly certificates: readonly Certificate[]; readonly violations: readonly FieldViolation[] } {
  const decoded = decodeCertificatePem(pem, path);
  const certificates: Certificate[] = [];
  const violations = [...decoded.violations];
  for (const { block, der } of decoded.certificates) {
    const parsed = parseCertificate(der, path);
    if (parsed.ok) certificates.push(parsed.value);
    else
      violations.push(...parsed.violations.map((one) => ({ ...one, message: `PEM block ${block} is ${one.message}` })));
  }
  return { certificates, violations };
}

/** The same as a Result: all certificates of a text that holds nothing else, at least one. */
export function parseCertificates(pem: string, path: string): Result<readonly Certificate[]> {
  const { certificates, violations } = readCertificates(pem, path);
  return violations.length > 0 ? failure(...violations) : success(certificates);
}

export function isSelfIssued(certificate: Certificate): boolean {
  return isSameName(certificate.issuer, certificate.subject);
}

export function isSelfSigned(certificate: Certificate): boolean {
  return isSelfIssued(certificate) && certificate.isSignedBy(certificate.publicKey);
}

export function isSameCertificate(one: Certificate, other: Certificate): boolean {
  return one.fingerprint === other.fingerprint;
}

/** @see RFC 5280 §4.1 */
function readCertificate(der: Uint8Array): Certificate {
  const input = new DerReader(der);
  const certificate = input.readSequence();
  input.end();
  const tbs = certificate.readSequence();
  const outerAlgorithm = certificate.read(DerTag.sequence);
  const signature = decodeBitString(certificate.read(DerTag.bitString).content);
  certificate.end();
  if (signature.unusedBits !== 0) throw new DerError("the signature is not a whole number of bytes");

  const version = readVersion(tbs);
  const serialNumber = readSerialNumber(tbs);
  const innerAlgorithm = tbs.read(DerTag.sequence);
  // §4.1.1.2: the algorithm outside of what is signed must be the one inside.
  if (Buffer.compare(innerAlgorithm.encoded, outerAlgorithm.encoded) !== 0) {
    throw new DerError("the signature algorithm is given twice, differently");
  }
  const issuer = readDistinguishedName(tbs.read(DerTag.sequence));
  if (issuer.relativeNames.length === 0) throw new DerError("the issuer is empty");
  const validity = tbs.readSequence();
  const notBefore = decodeTime(validity.readAny());
  const notAfter = decodeTime(validity.readAny());
  validity.end();
  const subject = readDistinguishedName(tbs.read(DerTag.sequence));
  // The subject's public key (OpenSSL reads it) and the unique identifiers, which nobody uses.
  tbs.read(DerTag.sequence);
  tbs.readOptional(contextTag(1, "primitive"));
  tbs.readOptional(contextTag(2, "primitive"));
  const extensions = tbs.readOptional(contextTag(3, "constructed"));
  tbs.end();
  if (extensions !== undefined && version !== 3)
    throw new DerError("extensions in a certificate that is not version 3");

  const x509 = openCertificate(der);
  return {
    ...readExtensions(extensions && readExplicitSequence(extensions.content)),
    der,
    fingerprint: hash("sha256", der, "hex").toUpperCase(),
    serialNumber,
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKey: openPublicKey(x509),
    signatureAlgorithm: new DerReader(innerAlgorithm.content).readObjectIdentifier(),
    isSignedBy: (issuerKey) => x509.verify(issuerKey),
  };
}

function readVersion(tbs: DerReader): number {
  const explicit = tbs.readOptional(contextTag(0, "constructed"));
  if (explicit === undefined) return 1;
  const reader = new DerReader(explicit.content);
  const version = reader.readSmallInteger() + 1;
  reader.end();
  if (version > 3) throw new DerError(`version ${version} does not exist`);
  return version;
}

/** @see RFC 5280 §4.1.2.2: not negative, at most 20 bytes; 0 is left in because old roots have it */
function readSerialNumber(tbs: DerReader): string {
  const content = decodeInteger(tbs.read(DerTag.integer).content);
  if ((content[0] ?? 0) >= 0x80) throw new DerError("the serial number is negative");
  const magnitude = content.length > 1 && content[0] === 0 ? content.subarray(1) : content;
  if (magnitude.length > 20) throw new DerError("the serial number is longer than 20 bytes");
  return Buffer.from(magnitude).toString("hex").toUpperCase();
}

function readExplicitSequence(content: Uint8Array): DerReader {
  const reader = new DerReader(content);
  const sequence = reader.readSequence();
  reader.end();
  if (sequence.atEnd) throw new DerError("an empty list of extensions");
  return sequence;
}

/** OpenSSL reads the same bytes too: it verifies the signature, and what it refuses we refuse. */
function openCertificate(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (error) {
    throw new DerError("OpenSSL does not read it", { cause: error });
  }
}

function openPublicKey(x509: X509Certificate): KeyObject {
  try {
    return x509.publicKey;
  } catch (error) {
    throw new DerError("its public key is not one that OpenSSL reads", { cause: error });
  }
}

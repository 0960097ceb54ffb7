/** Writes and signs certificates. @see RFC 5280 §4.1, §4.2 */
import { hash, type KeyObject, randomBytes } from "node:crypto";
import { KEY_USAGES, type KeyUsage } from "./certificate-extensions.js";
import {
  derBitString,
  derBoolean,
  derContext,
  derContextPrimitive,
  derInteger,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derTime,
} from "./der-writer.js";
import { Oid } from "./object-identifiers.js";
import type { PrivateKey } from "./private-key.js";

export interface CertificateTemplate {
  /** DER of the Name. */
  readonly issuer: Uint8Array;
  /** DER of the Name; an empty SEQUENCE for none. */
  readonly subject: Uint8Array;
  /** Epoch milliseconds, cut to whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKey: KeyObject;
  /** DER of each Extension. */
  readonly extensions: readonly Uint8Array[];
}

/** The DER of a version 3 certificate with a random serial number of 128 bits. */
export function signCertificate(template: CertificateTemplate, issuerKey: PrivateKey): Uint8Array {
  const tbsCertificate = derSequence(
    derContext(0, derInteger(Uint8Array.of(2))),
    derInteger(randomSerialNumber()),
    issuerKey.signatureAlgorithm,
    template.issuer,
    derSequence(derTime(template.notBefore), derTime(template.notAfter)),
    template.subject,
    encodePublicKey(template.publicKey),
    derContext(3, derSequence(...template.extensions)),
  );
  const { algorithm, signature } = issuerKey.sign(tbsCertificate);
  return derSequence(tbsCertificate, algorithm, derBitString(signature));
}

/** The first 160 bits of the SHA-256 of the key. @see RFC 7093 §2 (1) */
export function keyIdentifier(publicKey: KeyObject): Uint8Array {
  return hash("sha256", encodePublicKey(publicKey), "buffer").subarray(0, 20);
}

export function basicConstraints(isCa: boolean): Uint8Array {
  return extension(Oid.basicConstraints, "critical", isCa ? derSequence(derBoolean(true)) : derSequence());
}

export function keyUsage(...usages: readonly KeyUsage[]): Uint8Array {
  const bits = usages.map((usage) => KEY_USAGES.indexOf(usage));
  const last = Math.max(...bits);
  const bytes = new Uint8Array((last >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return extension(Oid.keyUsage, "critical", derBitString(bytes, 7 - (last & 7)));
}

export function extendedKeyUsage(...oids: readonly string[]): Uint8Array {
  return extension(Oid.extKeyUsage, "not critical", derSequence(...oids.map(derObjectIdentifier)));
}

/** Critical, as it must be where the subject is empty (RFC 5280 §4.2.1.6). */
export function subjectAltUri(uri: string): Uint8Array {
  return extension(Oid.subjectAltName, "critical", derSequence(derContextPrimitive(6, Buffer.from(uri, "latin1"))));
}

export function subjectKeyIdentifier(keyId: Uint8Array): Uint8Array {
  return extension(Oid.subjectKeyIdentifier, "not critical", derOctetString(keyId));
}

export function authorityKeyIdentifier(keyId: Uint8Array): Uint8Array {
  return extension(Oid.authorityKeyIdentifier, "not critical", derSequence(derContextPrimitive(0, keyId)));
}

function extension(oid: string, criticality: "critical" | "not critical", value: Uint8Array): Uint8Array {
  const critical = criticality === "critical" ? [derBoolean(true)] : [];
  return derSequence(derObjectIdentifier(oid), ...critical, derOctetString(value));
}

function encodePublicKey(key: KeyObject): Uint8Array {
  return key.export({ type: "spki", format: "der" });
}

function randomSerialNumber(): Uint8Array {
  return randomBytes(16);
}

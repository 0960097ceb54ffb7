/** Which keys and signatures are good enough, and how each key signs. */
import type { KeyObject } from "node:crypto";
import { derNull, derObjectIdentifier, derSequence } from "./der-writer.js";
import { Oid } from "./object-identifiers.js";

/** Kinds of keys that we generate. Envoy's TLS does not take Ed25519: use it only where both gateways are ours. */
export type KeyType = "ECDSA-P256" | "ECDSA-P384" | "RSA-2048" | "Ed25519";

/** @see NIST SP 800-131A rev. 2: 112 bits of security and up */
const MIN_RSA_BITS = 2048;

interface SigningAlgorithm {
  /** Null where the key type implies the hash. */
  readonly hash: "sha256" | "sha384" | "sha512" | null;
  readonly oid: string;
}

const ECDSA_BY_CURVE: Readonly<Record<string, SigningAlgorithm>> = {
  prime256v1: { hash: "sha256", oid: Oid.ecdsaWithSha256 },
  secp384r1: { hash: "sha384", oid: Oid.ecdsaWithSha384 },
  secp521r1: { hash: "sha512", oid: Oid.ecdsaWithSha512 },
};

/**
 * Signatures of certificates that are believed: no SHA-1, no MD5. RSASSA-PSS is left out because its hash hides in
 * parameters whose default is SHA-1, and no mesh CA uses it.
 */
const ACCEPTED_SIGNATURES: ReadonlySet<string> = new Set([
  Oid.sha256WithRsa,
  Oid.sha384WithRsa,
  Oid.sha512WithRsa,
  Oid.ecdsaWithSha256,
  Oid.ecdsaWithSha384,
  Oid.ecdsaWithSha512,
  Oid.ed25519,
]);

export const ACCEPTED_KEYS = "RSA from 2048 bits, ECDSA P-256, P-384 or P-521, Ed25519";

export function isAcceptedSignature(oid: string): boolean {
  return ACCEPTED_SIGNATURES.has(oid);
}

/** How `key` signs a certificate; undefined for a key that is too weak or of a kind that we do not use. */
export function signingAlgorithm(key: KeyObject): SigningAlgorithm | undefined {
  const details = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "rsa":
      return (details.modulusLength ?? 0) >= MIN_RSA_BITS ? { hash: "sha256", oid: Oid.sha256WithRsa } : undefined;
    case "ec":
      return ECDSA_BY_CURVE[details.namedCurve ?? ""];
    case "ed25519":
      return { hash: null, oid: Oid.ed25519 };
    default:
      return undefined;
  }
}

/** For messages: `RSA-1024`, `EC secp256k1`, `dsa`. */
export function describeKey(key: KeyObject): string {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa") return `RSA-${modulusLength}`;
  if (key.asymmetricKeyType === "ec") return `EC ${namedCurve}`;
  return key.asymmetricKeyType ?? key.type;
}

/** AlgorithmIdentifier. RSA's has NULL parameters, the others have none. @see RFC 4055 §5, RFC 5758 §3.2, RFC 8410 §3 */
export function encodeAlgorithmIdentifier({ oid }: SigningAlgorithm): Uint8Array {
  const parameters = oid === Oid.sha256WithRsa ? [derNull()] : [];
  return derSequence(derObjectIdentifier(oid), ...parameters);
}

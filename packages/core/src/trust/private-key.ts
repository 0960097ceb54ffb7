import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { inspect, promisify } from "node:util";
import { FederationError, invariant } from "../errors.js";
import { failure, type Result, success } from "../result.js";
import {
  ACCEPTED_KEYS,
  describeKey,
  encodeAlgorithmIdentifier,
  type KeyType,
  signingAlgorithm,
} from "./key-algorithm.js";

const REDACTED = "[redacted]";

/**
 * A private key that cannot be printed by accident: String(), JSON.stringify and util.inspect all show `[redacted]`.
 * Its only way out is `exportPem`.
 */
export class PrivateKey {
  readonly #key: KeyObject;
  /** The certificate's side of the pair. */
  readonly publicKey: KeyObject;

  /** Throws INVALID_ARGUMENT for a key that is public, symmetric, too weak or of a kind that we do not use. */
  constructor(key: KeyObject) {
    if (key.type !== "private" || signingAlgorithm(key) === undefined) {
      throw new FederationError(
        "INVALID_ARGUMENT",
        `a private key (${ACCEPTED_KEYS}) expected, ${describeKey(key)} found`,
      );
    }
    this.#key = key;
    this.publicKey = createPublicKey(key);
  }

  /** The signature and the AlgorithmIdentifier that names how it was made. */
  sign(data: Uint8Array): { readonly signature: Uint8Array; readonly algorithm: Uint8Array } {
    const { algorithm, hash } = this.#signingAlgorithm();
    return { signature: sign(hash, data, this.#key), algorithm };
  }

  /** The AlgorithmIdentifier of its signatures. */
  get signatureAlgorithm(): Uint8Array {
    return this.#signingAlgorithm().algorithm;
  }

  /** PKCS#8 PEM, in clear: for a Secret or a TLS context, never for a log. */
  exportPem(): string {
    return this.#key.export({ type: "pkcs8", format: "pem" }).toString();
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }

  #signingAlgorithm(): { readonly algorithm: Uint8Array; readonly hash: string | null } {
    const algorithm = signingAlgorithm(this.#key);
    invariant(algorithm !== undefined, "the constructor has checked the key");
    return { algorithm: encodeAlgorithmIdentifier(algorithm), hash: algorithm.hash };
  }
}

/** Off the main thread: an RSA key takes some hundred milliseconds. */
export async function generatePrivateKey(type: KeyType): Promise<PrivateKey> {
  switch (type) {
    case "ECDSA-P256":
      return new PrivateKey((await generate("ec", { namedCurve: "prime256v1" })).privateKey);
    case "ECDSA-P384":
      return new PrivateKey((await generate("ec", { namedCurve: "secp384r1" })).privateKey);
    case "RSA-2048":
      return new PrivateKey((await generate("rsa", { modulusLength: 2048 })).privateKey);
    case "Ed25519":
      return new PrivateKey((await generate("ed25519")).privateKey);
  }
}

/** Blocks: about 0.1 ms for ECDSA and Ed25519, some hundred milliseconds for RSA. */
export function generatePrivateKeySync(type: KeyType): PrivateKey {
  switch (type) {
    case "ECDSA-P256":
      return new PrivateKey(generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey);
    case "ECDSA-P384":
      return new PrivateKey(generateKeyPairSync("ec", { namedCurve: "secp384r1" }).privateKey);
    case "RSA-2048":
      return new PrivateKey(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);
    case "Ed25519":
      return new PrivateKey(generateKeyPairSync("ed25519").privateKey);
  }
}

const generate = promisify(generateKeyPair);

/** PKCS#8, PKCS#1 or SEC1 PEM -> key. Messages never hold any of the text. `path` names the field in violations. */
export function parsePrivateKey(pem: string, path: string): Result<PrivateKey> {
  const wrong = (message: string) => failure<never>({ path, reason: "Invalid", message });
  if (/ENCRYPTED/.test(pem)) {
    return wrong("the private key is encrypted; store it decrypted (openssl pkey -in ca-key.pem -out plain.pem)");
  }
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: "pem" });
  } catch {
    // The reason is dropped on purpose: nothing that was derived from the text of a key goes into a message.
    return wrong("not a private key in PEM (PKCS#8, PKCS#1 or SEC1)");
  }
  if (signingAlgorithm(key) === undefined) {
    return wrong(`the private key is ${describeKey(key)}; accepted are ${ACCEPTED_KEYS}`);
  }
  return success(new PrivateKey(key));
}

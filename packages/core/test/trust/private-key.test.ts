import { generateKeyPairSync, verify } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { FederationError } from "../../src/errors.js";
import type { SpiffeId, TrustDomain } from "../../src/naming/spiffe-id.js";
import {
  createCertificateAuthority,
  generatePrivateKey,
  generatePrivateKeySync,
  type KeyType,
  PrivateKey,
  parsePrivateKey,
} from "../../src/trust/index.js";

const KEY_TYPES: readonly KeyType[] = ["ECDSA-P256", "ECDSA-P384", "RSA-2048", "Ed25519"];

describe("a private key", () => {
  test("does not show in any kind of output, alone or inside of what holds it", () => {
    const now = Date.UTC(2026, 5, 1);
    const authority = createCertificateAuthority({ trustDomain: "red-mesh.local" as TrustDomain, now });
    const issued = authority.issue({ id: "spiffe://red-mesh.local/ns/a/sa/b" as SpiffeId, now });
    for (const { privateKey, holder } of [
      { privateKey: authority.privateKey, holder: authority },
      { privateKey: issued.privateKey, holder: issued },
    ]) {
      expect(String(privateKey)).toBe("[redacted]");
      expect(JSON.stringify({ privateKey })).toBe('{"privateKey":"[redacted]"}');
      expect(inspect(privateKey, { showHidden: true, depth: 10 })).toBe("[redacted]");
      const der = Buffer.from(privateKey.exportPem().replace(/-----.*-----|\n/g, ""), "base64");
      // The secret number of a PKCS#8 P-256 key.
      const secret = der.subarray(36, 68);
      for (const output of [
        inspect(holder, { showHidden: true, depth: 10 }),
        JSON.stringify(holder),
        `${privateKey}`,
      ]) {
        expect(output).toContain("[redacted]");
        expect(output).not.toContain(secret.toString("base64").slice(4, 20));
        expect(output).not.toContain(secret.toString("hex").slice(4, 20));
        expect(output).not.toContain("PRIVATE KEY");
      }
    }
  });

  test.each(KEY_TYPES)("%s: exported and read back it is the same key", async (type) => {
    for (const key of [generatePrivateKeySync(type), await generatePrivateKey(type)]) {
      const read = parsePrivateKey(key.exportPem(), "key");
      expect(read.ok && read.value.publicKey.equals(key.publicKey)).toBe(true);
    }
  });

  test("PKCS#8, PKCS#1 and SEC1 are read", () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const ec = generateKeyPairSync("ec", { namedCurve: "P-384" });
    const rows = [
      [rsa, rsa.privateKey.export({ type: "pkcs8", format: "pem" }), "BEGIN PRIVATE KEY"],
      [rsa, rsa.privateKey.export({ type: "pkcs1", format: "pem" }), "BEGIN RSA PRIVATE KEY"],
      [ec, ec.privateKey.export({ type: "pkcs8", format: "pem" }), "BEGIN PRIVATE KEY"],
      [ec, ec.privateKey.export({ type: "sec1", format: "pem" }), "BEGIN EC PRIVATE KEY"],
    ] as const;
    for (const [pair, pem, label] of rows) {
      expect(pem.toString()).toContain(label);
      const read = parsePrivateKey(pem.toString(), "key");
      expect(read.ok && read.value.publicKey.equals(pair.publicKey)).toBe(true);
    }
  });

  test("signs so that its public key verifies", () => {
    for (const [type, hash] of [
      ["ECDSA-P256", "sha256"],
      ["ECDSA-P384", "sha384"],
      ["RSA-2048", "sha256"],
      ["Ed25519", null],
    ] as const) {
      const key = generatePrivateKeySync(type);
      expect(verify(hash, Buffer.from("x"), key.publicKey, key.sign(Buffer.from("x")).signature)).toBe(true);
    }
  });

  const encrypted = (type: "pkcs1" | "pkcs8") =>
    generateKeyPairSync("rsa", { modulusLength: 2048 })
      .privateKey.export({ type, format: "pem", cipher: "aes-128-cbc", passphrase: "x" })
      .toString();
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
  const oddCurve = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey;
  const pem = (key: typeof weak) => key.export({ type: "pkcs8", format: "pem" }).toString();

  test.each([
    ["an encrypted PKCS#8 key", encrypted("pkcs8"), "encrypted"],
    ["an encrypted PKCS#1 key", encrypted("pkcs1"), "encrypted"],
    ["RSA-1024", pem(weak), "RSA-1024"],
    ["secp256k1", pem(oddCurve), "EC secp256k1"],
    ["a certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "not a private key"],
    ["a cut key", pem(weak).slice(0, 200), "not a private key"],
    ["text", "hello", "not a private key"],
    ["nothing", "", "not a private key"],
  ])("%s is refused, and nothing of it repeated", (_, text, message) => {
    const result = parsePrivateKey(text, 'data["ca-key.pem"]');
    expect(result).toEqual({
      ok: false,
      violations: [{ path: 'data["ca-key.pem"]', reason: "Invalid", message: expect.stringContaining(message) }],
    });
    const body = text.split("\n")[3];
    expect(body !== undefined && body.length > 8 && JSON.stringify(result).includes(body.slice(0, 8))).toBe(false);
  });

  test("neither a public key nor a weak one can be wrapped", () => {
    const { publicKey } = generatePrivateKeySync("Ed25519");
    for (const key of [publicKey, weak, oddCurve]) expect(() => new PrivateKey(key)).toThrow(FederationError);
  });
});

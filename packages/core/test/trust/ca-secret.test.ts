import { createPrivateKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  derBoolean,
  derContext,
  derContextPrimitive,
  derObjectIdentifier,
  derOctetString,
  derSequence,
} from "../../src/trust/der-writer.js";
import {
  createCertificateAuthority,
  generatePrivateKeySync,
  type KeyType,
  loadCertificateAuthority,
  toSecretData,
  verifyPeerCertificate,
} from "../../src/trust/index.js";
import { opensslVector, VECTOR_TIME } from "./openssl-vectors.js";
import { cacertsBelow, GREEN, loaded, pemToDer, RED, RED_INGRESS } from "./test-meshes.js";

const now = VECTOR_TIME;
const DAY = 24 * 3_600_000;
const corporate = createCertificateAuthority({ trustDomain: GREEN, now });
const cacerts = cacertsBelow(corporate, { trustDomain: RED, now });
const generated = toSecretData(createCertificateAuthority({ trustDomain: RED, now }));

function violations(data: Record<string, string | undefined>, at = now) {
  const result = loadCertificateAuthority(data, { trustDomain: RED, now: at });
  return result.ok ? [] : result.violations;
}

describe("loadCertificateAuthority", () => {
  test.each<KeyType>(["ECDSA-P256", "ECDSA-P384", "RSA-2048", "Ed25519"])(
    "%s: what was generated and stored is loaded again",
    (keyType) => {
      const authority = createCertificateAuthority({ trustDomain: RED, now, keyType });
      const again = loaded(toSecretData(authority), RED, now);
      expect(again.rootCertificates).toBe(authority.rootCertificates);
      const { certificateChain } = again.issue({ id: RED_INGRESS, now });
      expect(pemToDer(certificateChain)).toHaveLength(1);
      expect(
        verifyPeerCertificate({ chain: certificateChain, roots: authority.rootCertificates, now, trustDomain: RED }),
      ).toMatchObject({ ok: true });
    },
  );

  test("cacerts: an intermediate with the chain to a root that others share", () => {
    const authority = loaded(cacerts, RED, now);
    expect(authority.rootCertificates).toBe(corporate.rootCertificates);
    const { certificateChain } = authority.issue({ id: RED_INGRESS, now });
    expect(pemToDer(certificateChain)).toHaveLength(2);
    expect(
      verifyPeerCertificate({ chain: certificateChain, roots: corporate.rootCertificates, now, trustDomain: RED }),
    ).toMatchObject({ ok: true });
    expect(toSecretData(loaded(toSecretData(authority), RED, now))).toEqual(toSecretData(authority));
  });

  test("an administrator's RSA key in PKCS#1, an EC key in SEC1", () => {
    for (const [keyType, type] of [
      ["RSA-2048", "pkcs1"],
      ["ECDSA-P384", "sec1"],
    ] as const) {
      const data = cacertsBelow(corporate, { trustDomain: RED, now, keyType });
      const key = createPrivateKey(data["ca-key.pem"] ?? "")
        .export({ type, format: "pem" })
        .toString();
      expect(key).toMatch(/BEGIN (RSA|EC) PRIVATE KEY/);
      expect(loaded({ ...data, "ca-key.pem": key }, RED, now).trustDomain).toBe(RED);
    }
  });

  test("istio-ca-secret: a self-signed certificate and its key, the rest absent or empty", () => {
    const { "ca-cert.pem": certificate, "ca-key.pem": key } = generated;
    const bare = { "ca-cert.pem": certificate, "ca-key.pem": key };
    expect(loaded(bare, RED, now).rootCertificates).toBe(certificate);
    expect(
      loaded({ ...bare, "root-cert.pem": "", "cert-chain.pem": "\n", "key.pem": "" }, RED, now).rootCertificates,
    ).toBe(certificate);
  });

  test("the chain may be missing when ca-cert.pem is signed by the root", () => {
    const { "cert-chain.pem": _, ...data } = cacerts;
    expect(pemToDer(loaded(data, RED, now).issue({ id: RED_INGRESS, now }).certificateChain)).toHaveLength(2);
  });

  test("roots in transition are all published, and an expired one among them does no harm", () => {
    const other = createCertificateAuthority({ trustDomain: RED, now }).rootCertificates;
    const old = opensslVector("expired-root").roots;
    const authority = loaded({ ...cacerts, "root-cert.pem": other + old + corporate.rootCertificates }, RED, now);
    expect(authority.rootCertificates).toBe(other + old + corporate.rootCertificates);
    expect(authority.notAfter).toBe(Math.floor((now + 365 * DAY) / 1000) * 1000);
  });

  const otherKey = generatePrivateKeySync("ECDSA-P256").exportPem();
  const otherRoot = createCertificateAuthority({ trustDomain: RED, now }).rootCertificates;
  const deeper = cacertsBelow(loaded(cacerts, RED, now), { trustDomain: RED, now });
  const certificateOf = (vector: string, index: number) => {
    const pem = opensslVector(vector).chain.split(/(?<=-----END CERTIFICATE-----\n)/)[index];
    return pem ?? "";
  };

  test.each<[string, Record<string, string | undefined>, path: string, reason: string, message: string]>([
    ["no certificate", { ...cacerts, "ca-cert.pem": undefined }, "ca-cert.pem", "Required", "has no ca-cert.pem"],
    ["no key", { ...cacerts, "ca-key.pem": " " }, "ca-key.pem", "Required", "has no ca-key.pem"],
    [
      "no root",
      { ...cacerts, "root-cert.pem": "" },
      "root-cert.pem",
      "Required",
      "only a self-signed ca-cert.pem does without",
    ],
    ["a broken certificate", { ...cacerts, "ca-cert.pem": "x" }, "ca-cert.pem", "Invalid", "no PEM certificate"],
    ["a broken key", { ...cacerts, "ca-key.pem": "x" }, "ca-key.pem", "Invalid", "not a private key"],
    ["a broken chain", { ...cacerts, "cert-chain.pem": "x" }, "cert-chain.pem", "Invalid", "no PEM certificate"],
    ["a key in the chain", { ...cacerts, "cert-chain.pem": otherKey }, "cert-chain.pem", "Forbidden", "private key"],
    ["another key", { ...cacerts, "ca-key.pem": otherKey }, "ca-key.pem", "Invalid", "not the key of"],
    ["another root", { ...cacerts, "root-cert.pem": otherRoot }, "cert-chain.pem", "Invalid", "not a trusted root"],
    ["a link missing", { ...deeper, "cert-chain.pem": "" }, "cert-chain.pem", "Invalid", "not a trusted root"],
    [
      "a leaf",
      { ...cacerts, "ca-cert.pem": certificateOf("p256", 0) },
      "ca-cert.pem",
      "Invalid",
      "may not sign certificates",
    ],
    [
      "a leaf as root",
      { ...cacerts, "root-cert.pem": certificateOf("p256", 0) },
      "root-cert.pem",
      "Invalid",
      "not a certificate authority",
    ],
    [
      "an expired root",
      { ...cacerts, "root-cert.pem": opensslVector("expired-root").roots },
      "root-cert.pem",
      "Invalid",
      "expired at 2026-05-01",
    ],
    [
      "an expired intermediate",
      {
        ...cacerts,
        "ca-cert.pem": certificateOf("expired-intermediate", 1),
        "cert-chain.pem": "",
        "root-cert.pem": opensslVector("expired-intermediate").roots,
      },
      "cert-chain.pem",
      "Invalid",
      "expired at 2026-05-31",
    ],
  ])("refuses %s", (_, data, key, reason, message) => {
    expect(violations(data)).toContainEqual({
      path: `data["${key}"]`,
      reason,
      message: expect.stringContaining(message),
    });
  });

  test("an authority that may not issue for the mesh's trust domain is refused, whatever holds it back", () => {
    const permittedUri = (host: string) =>
      derSequence(
        derObjectIdentifier("2.5.29.30"),
        derBoolean(true),
        derOctetString(derSequence(derContext(0, derSequence(derContextPrimitive(6, Buffer.from(host)))))),
      );
    const constrainedTo = (host: string) =>
      cacertsBelow(corporate, { trustDomain: RED, now, extensions: [permittedUri(host)] });
    expect(violations(constrainedTo("red-mesh.local"))).toEqual([]);
    expect(violations(constrainedTo("green-mesh.local"))).toEqual([
      {
        path: 'data["ca-cert.pem"]',
        reason: "Invalid",
        message: expect.stringMatching(/^peers would refuse .* trust domain "red-mesh.local": .* name constraints/),
      },
    ]);
  });

  test("all at once", () => {
    expect(violations({}).map(({ path }) => path)).toEqual([
      'data["ca-cert.pem"]',
      'data["ca-key.pem"]',
      'data["root-cert.pem"]',
    ]);
    const wrong = {
      ...cacerts,
      "ca-key.pem": otherKey,
      "root-cert.pem": otherRoot,
      "ca-cert.pem": certificateOf("p256", 0),
    };
    expect(violations(wrong).map(({ path }) => path)).toEqual([
      'data["ca-key.pem"]',
      'data["ca-cert.pem"]',
      'data["cert-chain.pem"]',
    ]);
  });

  test("no violation repeats anything of a key", () => {
    const body = otherKey.split("\n")[1]?.slice(0, 12) ?? "";
    for (const key of ["ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"]) {
      for (const text of [otherKey, otherKey.slice(0, 90), cacerts["ca-cert.pem"] + otherKey]) {
        const found = JSON.stringify(violations({ ...cacerts, [key]: text }));
        expect(found).not.toContain(body);
        expect(found).toContain(key);
      }
    }
  });

  test("an expired self-signed authority beside another valid root", () => {
    const old = toSecretData(createCertificateAuthority({ trustDomain: RED, now, validityMs: DAY }));
    const data = { ...old, "root-cert.pem": (old["root-cert.pem"] ?? "") + otherRoot };
    expect(violations(data)).toEqual([]);
    expect(violations(data, now + 2 * DAY)).toMatchObject([
      { path: 'data["ca-cert.pem"]', message: expect.stringContaining("expired at") },
    ]);
  });
});

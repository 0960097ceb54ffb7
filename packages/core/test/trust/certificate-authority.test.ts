import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { FederationError } from "../../src/errors.js";
import type { SpiffeId, TrustDomain } from "../../src/naming/spiffe-id.js";
import {
  createCertificateAuthority,
  generatePrivateKeySync,
  type KeyType,
  verifyPeerCertificate,
} from "../../src/trust/index.js";
import {
  bundleOf,
  cacertsBelow,
  GREEN,
  GREEN_EGRESS,
  loaded,
  pemToDer,
  RED,
  RED_INGRESS,
  readLeaf,
} from "./test-meshes.js";

const now = Date.UTC(2026, 5, 1, 12, 0, 0, 500);
const HOUR = 3_600_000;
const KEY_TYPES: readonly KeyType[] = ["ECDSA-P256", "ECDSA-P384", "RSA-2048", "Ed25519"];

describe("createCertificateAuthority", () => {
  test.each(KEY_TYPES)("%s: a self-signed root, as OpenSSL reads it", (keyType) => {
    const authority = createCertificateAuthority({ trustDomain: RED, now, keyType });
    const root = new X509Certificate(authority.rootCertificates);
    expect(root.subject).toBe("O=red-mesh.local");
    expect(root.issuer).toBe("O=red-mesh.local");
    expect(root.ca).toBe(true);
    expect(root.checkIssued(root) && root.verify(root.publicKey)).toBe(true);
    expect(root.validFromDate).toEqual(new Date(Date.UTC(2026, 5, 1, 11, 58)));
    expect(root.validToDate).toEqual(new Date(Date.UTC(2036, 4, 29, 12)));
    expect(authority.certificate).toMatchObject({
      isCa: true,
      pathLength: undefined,
      keyUsage: new Set(["keyCertSign", "cRLSign"]),
      notAfter: Date.UTC(2036, 4, 29, 12),
    });
    expect(authority.intermediates).toEqual([]);
  });

  test("two authorities of one trust domain have different keys and key identifiers", () => {
    const [one, other] = [1, 2].map(() => createCertificateAuthority({ trustDomain: RED, now }));
    expect(one?.certificate.subjectKeyId).toMatch(/^[0-9A-F]{40}$/);
    expect(one?.certificate.subjectKeyId).not.toBe(other?.certificate.subjectKeyId);
  });

  test.each([
    [{ trustDomain: "Red Mesh" as TrustDomain, now }, '"Red Mesh" is not a trust domain'],
    [{ trustDomain: RED, now, validityMs: 0 }, "validity"],
    [{ trustDomain: RED, now, validityMs: Number.NaN }, "validity"],
  ])("refuses %j", (options, message) => {
    expect(() => createCertificateAuthority(options)).toThrow(message);
  });
});

describe("issue", () => {
  const authority = createCertificateAuthority({ trustDomain: RED, now });

  test("a leaf as Istio issues it", () => {
    const issued = authority.issue({ id: RED_INGRESS, now });
    const leaf = new X509Certificate(issued.certificateChain);
    expect(pemToDer(issued.certificateChain)).toHaveLength(1);
    expect(leaf.subject ?? "").toBe("");
    expect(leaf.subjectAltName).toBe(`URI:${RED_INGRESS}`);
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    expect(leaf.validFromDate).toEqual(new Date(Date.UTC(2026, 5, 1, 11, 58)));
    expect(leaf.validToDate).toEqual(new Date(Date.UTC(2026, 5, 2, 12)));
    expect(leaf.checkIssued(new X509Certificate(authority.rootCertificates))).toBe(true);
    expect(issued).toMatchObject({
      id: RED_INGRESS,
      notBefore: Date.UTC(2026, 5, 1, 11, 58),
      notAfter: Date.UTC(2026, 5, 2, 12),
    });
    expect(issued.privateKey.publicKey.equals(leaf.publicKey)).toBe(true);
  });

  // X509-SVID §3.1, §4.3: SAN critical without a subject, key usage critical.
  test("the extensions that must be critical are", () => {
    const der = pemToDer(authority.issue({ id: RED_INGRESS, now }).certificateChain)[0]?.toString("hex") ?? "";
    const critical = "0101ff";
    expect(der).toContain(`0603551d11${critical}`);
    expect(der).toContain(`0603551d0f${critical}`);
    expect(der).toContain(`0603551d13${critical}`);
  });

  test.each([
    ["ECDSA-P256", "ec", ["digitalSignature"]],
    ["ECDSA-P384", "ec", ["digitalSignature"]],
    ["Ed25519", "ed25519", ["digitalSignature"]],
    ["RSA-2048", "rsa", ["digitalSignature", "keyEncipherment"]],
  ] as const)("%s keys", (keyType, asymmetricKeyType, usages) => {
    const leaf = readLeaf(authority.issue({ id: RED_INGRESS, now, keyType }).certificateChain);
    expect(leaf.publicKey.asymmetricKeyType).toBe(asymmetricKeyType);
    expect(leaf.keyUsage).toEqual(new Set(usages));
  });

  test("a key that is given is used", () => {
    const privateKey = generatePrivateKeySync("Ed25519");
    const issued = authority.issue({ id: RED_INGRESS, now, privateKey });
    expect(issued.privateKey).toBe(privateKey);
    expect(readLeaf(issued.certificateChain).publicKey.equals(privateKey.publicKey)).toBe(true);
  });

  test("serial numbers are positive, of up to 128 bits, and do not repeat", () => {
    const privateKey = generatePrivateKeySync("ECDSA-P256");
    const serials = Array.from({ length: 200 }, () =>
      BigInt(`0x${readLeaf(authority.issue({ id: RED_INGRESS, now, privateKey }).certificateChain).serialNumber}`),
    );
    expect(new Set(serials).size).toBe(200);
    expect(serials.every((serial) => serial > 0n && serial < 2n ** 128n)).toBe(true);
    expect(serials.some((serial) => serial >= 2n ** 127n)).toBe(true);
  });

  // RSA keys take long to make: one of each type serves all combinations.
  const authorities = KEY_TYPES.map(
    (keyType) => [keyType, createCertificateAuthority({ trustDomain: RED, now, keyType })] as const,
  );
  const keys = KEY_TYPES.map((keyType) => [keyType, generatePrivateKeySync(keyType)] as const);
  test.each(authorities.flatMap(([caType, ca]) => keys.map(([keyType, key]) => [caType, keyType, ca, key] as const)))(
    "a %s authority issues %s leaves that verify",
    (_caType, _keyType, ca, privateKey) => {
      const { certificateChain } = ca.issue({ id: RED_INGRESS, now, privateKey });
      expect(
        verifyPeerCertificate({ chain: certificateChain, roots: ca.rootCertificates, now, trustDomain: RED }),
      ).toMatchObject({ ok: true, id: RED_INGRESS });
    },
  );

  test("an authority below another sends what leads to the root", () => {
    const root = createCertificateAuthority({ trustDomain: GREEN, now });
    const middle = loaded(cacertsBelow(root, { trustDomain: GREEN, now }), GREEN, now);
    const bottom = loaded(cacertsBelow(middle, { trustDomain: GREEN, now }), GREEN, now);
    const { certificateChain } = bottom.issue({ id: GREEN_EGRESS, now });
    expect(pemToDer(certificateChain)).toHaveLength(3);
    const options = { chain: certificateChain, now, trustDomain: GREEN };
    expect(verifyPeerCertificate({ ...options, roots: bundleOf(root, now) })).toMatchObject({ ok: true });
  });

  test("a certificate never outlives any certificate above it", () => {
    const shortLived = createCertificateAuthority({ trustDomain: RED, now, validityMs: 3 * HOUR });
    expect(shortLived.issue({ id: RED_INGRESS, now }).notAfter).toBe(shortLived.notAfter);
    expect(shortLived.notAfter).toBe(Date.UTC(2026, 5, 1, 15));
    const below = loaded(cacertsBelow(shortLived, { trustDomain: RED, now }), RED, now);
    expect(below.notAfter).toBe(shortLived.notAfter);
    expect(below.issue({ id: RED_INGRESS, now }).notAfter).toBe(shortLived.notAfter);
  });

  test.each([
    ["ended", now + 4 * HOUR],
    ["not begun", now - HOUR],
  ])("an authority whose validity has %s does not issue", (_, at) => {
    const shortLived = createCertificateAuthority({ trustDomain: RED, now, validityMs: 3 * HOUR });
    expect(() => shortLived.issue({ id: RED_INGRESS, now: at })).toThrow(
      expect.objectContaining({ code: "FAILED_PRECONDITION" }),
    );
  });

  test.each([
    ["another trust domain", { id: GREEN_EGRESS, now }, "trust domain"],
    ["no SPIFFE ID", { id: "red-mesh.local/ns/a" as SpiffeId, now }, "not the SPIFFE ID"],
    ["a trust domain's ID", { id: "spiffe://red-mesh.local" as SpiffeId, now }, "not the SPIFFE ID"],
    ["no validity", { id: RED_INGRESS, now, validityMs: 0 }, "validity"],
    ["a validity that is no number", { id: RED_INGRESS, now, validityMs: Number.NaN }, "validity"],
  ])("refuses %s", (_, options, message) => {
    expect(() => authority.issue(options)).toThrow(message);
    expect(() => authority.issue(options)).toThrow(FederationError);
  });
});

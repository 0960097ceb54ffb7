import { describe, expect, test } from "vitest";
import type { TrustDomain } from "../../src/naming/spiffe-id.js";
import {
  bundlesByTrustDomain,
  checkTrustBundle,
  generatePrivateKeySync,
  parseTrustBundle,
  type TrustBundle,
} from "../../src/trust/index.js";
import { opensslVector, VECTOR_TIME } from "./openssl-vectors.js";

const now = VECTOR_TIME;
const green = opensslVector("p256").roots;
const red = opensslVector("red-mesh").roots;
const expired = opensslVector("expired-root").roots;
const leaf = opensslVector("p256").chain;
const path = 'data["root-cert.pem"]';

function parsed(pem: string): TrustBundle {
  const result = parseTrustBundle(pem, { now });
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return result.value;
}

function violations(pem: string) {
  const result = parseTrustBundle(pem, { now });
  return result.ok ? [] : result.violations;
}

describe("parseTrustBundle", () => {
  test("reads one root", () => {
    const bundle = parsed(green);
    expect(bundle).toMatchObject({ pem: green, notAfter: Date.UTC(2036, 0, 1), warnings: [] });
    expect(bundle.roots).toHaveLength(1);
  });

  test("reads several, without repetitions, whatever stands around them", () => {
    const bundle = parsed(`# green\r\n${green.replaceAll("\n", "\r\n")}\nsubject=O = red\n${red}${green}`);
    expect(bundle.pem).toBe(green + red);
  });

  test("the digest tells sets of roots apart, not their order", () => {
    expect(parsed(green + red).digest).toBe(parsed(red + green + red).digest);
    expect(parsed(green + red).digest).not.toBe(parsed(green).digest);
    expect(parsed(red).digest).not.toBe(parsed(green).digest);
  });

  test("an expired root beside a valid one is a warning", () => {
    const bundle = parsed(expired + green);
    expect(bundle.roots).toHaveLength(2);
    expect(bundle.notAfter).toBe(Date.UTC(2036, 0, 1));
    expect(bundle.warnings).toEqual([
      { path, reason: "Invalid", message: expect.stringContaining("expired at 2026-05-01T00:00:00Z") },
    ]);
  });

  test.each([
    ["nothing", "", "Required", "no PEM certificate found"],
    ["white space", " \n", "Required", "no PEM certificate found"],
    ["other text", "hello", "Invalid", "no PEM certificate found"],
    ["base64 of the PEM", Buffer.from(green).toString("base64"), "Invalid", "no PEM certificate found"],
    ["a cut PEM", green.slice(0, -40), "Invalid", "cut off"],
    ["no base64", green.replace(/\nMII/, "\nM!I"), "Invalid", "PEM block 1 is not base64"],
    ["a broken certificate", green.replace(/\nMII/, "\nMIA"), "Invalid", "PEM block 1 is not an X.509 certificate"],
    [
      "a public key",
      generatePrivateKeySync("Ed25519").publicKey.export({ type: "spki", format: "pem" }).toString(),
      "Invalid",
      "not a CERTIFICATE",
    ],
    ["two labels", green.replace("END CERTIFICATE", "END TRUSTED CERTIFICATE"), "Invalid", "another label"],
    ["a leaf", leaf, "Invalid", "not a certificate authority"],
    ["an expired root alone", expired, "Invalid", "expired at 2026-05-01T00:00:00Z"],
    ["a RSA-1024 certificate", opensslVector("rsa-1024-key").chain, "Invalid", "RSA-1024"],
    ["too much text", "x".repeat(1024 * 1024 + 1), "TooLong", "more than"],
    ["too many certificates", green.repeat(101), "TooLong", "more than 100"],
  ])("refuses %s", (_, pem, reason, message) => {
    expect(violations(pem)).toContainEqual({ path, reason, message: expect.stringContaining(message) });
  });

  test("all violations at once, and one bad certificate refuses the text", () => {
    const messages = violations(leaf + green.replace(/\nMII/, "\nMIA") + green.slice(0, -40)).map((one) => one.message);
    expect(messages).toEqual([
      expect.stringContaining("PEM block 3 has no -----END"),
      expect.stringContaining("PEM block 2 is not an X.509 certificate"),
      expect.stringContaining("is not a certificate authority"),
    ]);
    expect(violations(leaf + expired)).toHaveLength(2);
    expect(violations(leaf + green)).toHaveLength(1);
  });

  test("a private key is refused, and nothing of it repeated", () => {
    const key = generatePrivateKeySync("ECDSA-P256").exportPem();
    const secret = key.split("\n")[1] ?? "";
    for (const pem of [key, green + key, key + green, key.replace("-----END", "")]) {
      const found = violations(pem);
      expect(found).toContainEqual({ path, reason: "Forbidden", message: expect.stringContaining("private key") });
      expect(JSON.stringify(found)).not.toContain(secret.slice(0, 8));
    }
  });

  test("the path is the caller's", () => {
    expect(parseTrustBundle("", { now, path: "spec.x" })).toMatchObject({ violations: [{ path: "spec.x" }] });
  });

  test("what is wrong at any time is told without one", () => {
    expect([green, expired, expired + green].map((pem) => checkTrustBundle(pem))).toEqual([[], [], []]);
    for (const pem of ["", "hello", leaf, leaf + green, green + green.slice(0, -40)]) {
      expect(checkTrustBundle(pem)).toEqual(violations(pem));
      expect(violations(pem)).not.toEqual([]);
    }
    // The leaf is wrong for good, the expired root only now.
    expect(checkTrustBundle(leaf + expired, "spec.x")).toEqual([
      { path: "spec.x", reason: "Invalid", message: expect.stringContaining("is not a certificate authority") },
    ]);
  });

  test("a root that is not valid yet", () => {
    const result = parseTrustBundle(green, { now: Date.UTC(2025, 11, 31) });
    expect(result).toMatchObject({
      violations: [{ message: expect.stringContaining("valid only from 2026-01-01T00:00:00Z") }],
    });
  });
});

describe("bundlesByTrustDomain", () => {
  const trustDomain = (name: string) => name as TrustDomain;
  const own = { trustDomain: trustDomain("red-mesh.local"), bundle: parsed(red) };
  const claim = (peer: string, domain: string, pem: string) => ({
    peer,
    trustDomain: trustDomain(domain),
    bundle: parsed(pem),
  });

  test("without peers there is our own alone", () => {
    expect([...bundlesByTrustDomain(own, []).bundles.keys()]).toEqual(["red-mesh.local"]);
  });

  test("reference §10.3: a trust domain goes with the last peer that names it", () => {
    const first = claim("green-mesh", "green-mesh.local", green);
    const second = claim("green-again", "green-mesh.local", green);
    const domains = (...claims: (typeof first)[]) => [...bundlesByTrustDomain(own, claims).bundles.keys()];
    expect(domains(first, second)).toEqual(["red-mesh.local", "green-mesh.local"]);
    expect(domains(second)).toEqual(["red-mesh.local", "green-mesh.local"]);
    expect(domains()).toEqual(["red-mesh.local"]);
    const moved = { ...first, trustDomain: trustDomain("elsewhere.local") };
    expect(domains(moved)).toEqual(["red-mesh.local", "elsewhere.local"]);
  });

  test("the same root may serve several trust domains (reference §6.4)", () => {
    const { bundles, conflicts } = bundlesByTrustDomain(own, [claim("green-mesh", "green-mesh.local", red)]);
    expect(conflicts).toEqual([]);
    expect(bundles.get(trustDomain("green-mesh.local"))?.pem).toBe(red);
  });

  test("of two peers with different roots the earlier holds, and the later is told", () => {
    const { bundles, conflicts } = bundlesByTrustDomain(own, [
      claim("old", "green-mesh.local", green),
      claim("new", "green-mesh.local", red),
    ]);
    expect(bundles.get(trustDomain("green-mesh.local"))?.pem).toBe(green);
    expect(conflicts).toEqual([
      {
        trustDomain: "green-mesh.local",
        peer: "new",
        inForce: "old",
        message: expect.stringContaining(
          'peer "new" gives trust domain "green-mesh.local" other root certificates than peer "old"',
        ),
      },
    ]);
  });

  test("no peer can replace our own roots", () => {
    const { bundles, conflicts } = bundlesByTrustDomain(own, [claim("green-mesh", "red-mesh.local", green)]);
    expect(bundles.get(own.trustDomain)?.pem).toBe(red);
    expect(conflicts).toMatchObject([{ peer: "green-mesh", message: expect.stringContaining("this mesh itself") }]);
    expect(conflicts[0]).not.toHaveProperty("inForce");
  });
});

import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { TrustDomain } from "@meshfed/core";
import { createCertificateAuthority, createServingCertificate } from "@meshfed/core/trust";
import { expect, it } from "vitest";

const NOW = Date.parse("2026-11-22T19:00:00Z");
const HOUR_MS = 3_600_000;

function authority(validityMs = 24 * HOUR_MS) {
  return createCertificateAuthority({ trustDomain: "red-mesh.local" as TrustDomain, now: NOW, validityMs });
}

it("signs a certificate that OpenSSL takes for each of its names and no other, for servers only", () => {
  const ca = authority();
  const names = ["localhost", "*.example.com", "127.0.0.1", "::1", "2001:db8::8:800:200c:417a", "::ffff:192.0.2.1"];
  const issued = createServingCertificate({ ca, names, now: NOW, validityMs: HOUR_MS });
  const leaf = new X509Certificate(issued.certificateChain);
  const root = new X509Certificate(ca.rootCertificates);
  expect(leaf.checkIssued(root) && leaf.verify(root.publicKey)).toBe(true);
  expect(leaf.subject, "none: it must not look self-signed").toBeFalsy();
  expect(leaf.ca).toBe(false);
  expect(leaf.keyUsage, "extended key usage").toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(leaf.subjectAltName?.split(", ")).toEqual([
    "DNS:localhost",
    "DNS:*.example.com",
    "IP Address:127.0.0.1",
    "IP Address:0:0:0:0:0:0:0:1",
    "IP Address:2001:DB8:0:0:8:800:200C:417A",
    "IP Address:0:0:0:0:0:FFFF:C000:201",
  ]);
  expect(leaf.checkHost("api.example.com")).toBe("*.example.com");
  expect(leaf.checkHost("example.org")).toBeUndefined();
  expect(leaf.checkIP("127.0.0.2")).toBeUndefined();
  createSecureContext({ cert: issued.certificateChain, key: issued.privateKey.exportPem() });
});

it("is valid from a little before now, and never longer than its authority", () => {
  const short = createServingCertificate({ ca: authority(), names: ["a"], now: NOW, validityMs: HOUR_MS });
  expect(short.notAfter).toBe(NOW + HOUR_MS);
  expect(short.notBefore).toBeLessThanOrEqual(NOW);
  const long = createServingCertificate({ ca: authority(), names: ["a"], now: NOW, validityMs: 1_000 * HOUR_MS });
  expect(long.notAfter).toBe(NOW + 24 * HOUR_MS);
  expect(new X509Certificate(long.certificateChain).validToDate.getTime()).toBe(long.notAfter);
});

it.each([[""], ["UPPER"], ["a b"], ["-a"], ["a..b"], ["a.*.b"], ["1.2.3.4/8"], ["a".repeat(64)], ["ä"], ["a\0b"]])(
  "refuses the name %j",
  (name) => {
    const options = { ca: authority(), names: ["localhost", name], now: NOW, validityMs: HOUR_MS };
    expect(() => createServingCertificate(options)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  },
);

it("refuses to sign without a name, and with an authority that has ended", () => {
  const ca = authority();
  const options = { ca, names: ["localhost"], now: NOW, validityMs: HOUR_MS };
  expect(() => createServingCertificate({ ...options, names: [] })).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT" }),
  );
  const late = { ...options, now: NOW + 25 * HOUR_MS };
  expect(() => createServingCertificate(late)).toThrow(expect.objectContaining({ code: "FAILED_PRECONDITION" }));
});

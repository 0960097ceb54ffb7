import { describe, expect, test } from "vitest";
import type { SpiffeId, TrustDomain } from "../../src/naming/spiffe-id.js";
import { type PeerRejectionReason, verifyPeerCertificate } from "../../src/trust/index.js";
import { opensslVector, opensslVectors, VECTOR_TIME } from "./openssl-vectors.js";

const GREEN = "green-mesh.local" as TrustDomain;
const EGRESS = "spiffe://green-mesh.local/ns/green-mesh-system/sa/egress-red-mesh-service-account" as SpiffeId;

/** What a gateway of red decides that expects green's egress as a client. */
function verify(name: string) {
  const { chain, roots } = opensslVector(name);
  return verifyPeerCertificate({
    chain,
    roots,
    now: VECTOR_TIME,
    trustDomain: GREEN,
    allowedIds: [EGRESS],
    role: "client",
  });
}

const ACCEPTED: readonly string[] = [
  "p256",
  "rsa",
  "p384",
  "ed25519",
  "mixed-algorithms",
  "shared-root",
  "several-roots",
  "expired-root-beside",
  "root-sent-along",
  "intermediate",
  "intermediates-in-order",
  "intermediates-out-of-order",
  "unrelated-certificates",
  "intermediate-as-anchor",
  "cross-certified",
  "cross-certified-dead-end-first",
  "path-length-kept",
  "self-issued-rollover",
  "leaf-without-usages",
  "dns-names-beside-uri",
  "uri-constraint-kept",
  "dns-constraint-kept",
  "ip-constraint-kept",
  "directory-constraint-kept",
  "unknown-extension-not-critical",
];

const REFUSED: Readonly<Record<string, PeerRejectionReason>> = {
  "other-root": "UntrustedRoot",
  "other-root-of-same-name": "UntrustedRoot",
  "other-root-without-key-id": "BadSignature",
  "minted-by-other-trust-domain": "UntrustedRoot",
  "intermediate-missing": "UntrustedRoot",
  "intermediates-missing": "UntrustedRoot",
  "self-signed-leaf": "UntrustedRoot",
  "self-signed-leaf-as-root": "InvalidTrustBundle",
  "self-signed-leaf-of-root-name": "BadSignature",
  "expired-leaf": "Expired",
  "not-yet-valid-leaf": "NotYetValid",
  "expired-intermediate": "Expired",
  "expired-root": "InvalidTrustBundle",
  "intermediate-not-a-ca": "IssuerNotACa",
  "intermediate-without-basic-constraints": "IssuerNotACa",
  "intermediate-without-cert-sign": "IssuerNotACa",
  "issued-by-a-leaf": "IssuerNotACa",
  "issued-without-issuer-name": "Malformed",
  "path-length-exceeded": "PathLengthExceeded",
  "path-length-of-root-exceeded": "PathLengthExceeded",
  "uri-constraint-excluded": "NameConstraintViolated",
  "dns-constraint-violated": "NameConstraintViolated",
  "dns-wildcard-wider-than-permitted": "NameConstraintViolated",
  "dns-wildcard-covers-excluded": "NameConstraintViolated",
  "ip-constraint-violated": "NameConstraintViolated",
  "email-constraint-not-supported": "NameConstraintViolated",
  "directory-constraint-violated": "NameConstraintViolated",
  "two-spiffe-ids": "NotASpiffeId",
  "second-uri-not-spiffe": "NotASpiffeId",
  "dns-name-only": "NotASpiffeId",
  "wildcard-dns-name-only": "NotASpiffeId",
  "no-alternative-name": "NotASpiffeId",
  "bad-spiffe-id-1": "NotASpiffeId",
  "bad-spiffe-id-2": "NotASpiffeId",
  "bad-spiffe-id-3": "NotASpiffeId",
  "bad-spiffe-id-4": "NotASpiffeId",
  "bad-spiffe-id-5": "NotASpiffeId",
  "bad-spiffe-id-6": "NotASpiffeId",
  "bad-spiffe-id-7": "NotASpiffeId",
  "bad-spiffe-id-8": "NotASpiffeId",
  "bad-spiffe-id-9": "NotASpiffeId",
  "bad-spiffe-id-10": "NotASpiffeId",
  "root-as-leaf": "NotALeaf",
  "intermediate-as-leaf": "NotALeaf",
  "leaf-may-sign-certificates": "NotALeaf",
  "server-only": "UsageNotAllowed",
  "usage-limited-above": "UsageNotAllowed",
  "leaf-without-digital-signature": "UsageNotAllowed",
  "unknown-critical-extension": "UnknownCriticalExtension",
  "unknown-critical-extension-above": "UnknownCriticalExtension",
  "sha1-signature": "WeakAlgorithm",
  "rsa-1024-key": "WeakAlgorithm",
  "secp256k1-key": "WeakAlgorithm",
  "red-mesh": "TrustDomainMismatch",
  "other-identity": "IdentityNotAllowed",
};

/** Chains for a trust domain other than green's: what the name constraints say shows only when that one is expected. */
const OF_OTHER_TRUST_DOMAINS: Readonly<
  Record<string, readonly [trustDomain: string, outcome: true | PeerRejectionReason]>
> = {
  "uri-subdomain-constraint-kept": ["green.example.com", true],
  "dns-constraint-without-dns-name": ["green.example.com", true],
  "uri-constraint-violated": ["red-mesh.local", "NameConstraintViolated"],
  "uri-constraint-two-levels-up": ["red-mesh.local", "NameConstraintViolated"],
  "uri-host-constraint-has-no-subdomains": ["sub.green-mesh.local", "NameConstraintViolated"],
  "uri-subdomain-constraint-excludes-itself": ["example.com", "NameConstraintViolated"],
};

describe("chains made by OpenSSL", () => {
  test.each(ACCEPTED)("%s is accepted", (name) => {
    expect(verify(name)).toEqual({ ok: true, id: EGRESS, notAfter: Date.UTC(2036, 0, 1) });
  });

  test.each(Object.entries(REFUSED))("%s is refused: %s", (name, reason) => {
    expect(verify(name)).toMatchObject({ ok: false, reason });
  });

  test.each(Object.entries(OF_OTHER_TRUST_DOMAINS))("%s, expected of %s", (name, [trustDomain, outcome]) => {
    const { chain, roots } = opensslVector(name);
    const options = { chain, roots, now: VECTOR_TIME, role: "client" } as const;
    expect(verifyPeerCertificate({ ...options, trustDomain: trustDomain as TrustDomain })).toMatchObject(
      outcome === true ? { ok: true } : { ok: false, reason: outcome },
    );
    expect(verifyPeerCertificate({ ...options, trustDomain: GREEN })).toMatchObject({ reason: "TrustDomainMismatch" });
  });

  test("every vector is expected here, with one outcome", () => {
    const expected = [...ACCEPTED, ...Object.keys(REFUSED), ...Object.keys(OF_OTHER_TRUST_DOMAINS)];
    expect(expected.toSorted()).toEqual([...opensslVectors.keys()].toSorted());
  });

  test("what OpenSSL refuses is refused, but for the one path that it does not look for", () => {
    const laxer = [...opensslVectors.values()].filter(({ name, verdict }) => verdict !== "OK" && verify(name).ok);
    expect(laxer.map(({ name }) => name)).toEqual(["cross-certified-dead-end-first"]);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SpiffeId, TrustDomain } from "../../src/naming/spiffe-id.js";
import { parseCertificate } from "../../src/trust/certificate.js";
import { basicConstraints, signCertificate, subjectAltUri } from "../../src/trust/certificate-builder.js";
import { encodeOrganization } from "../../src/trust/distinguished-name.js";
import {
  createCertificateAuthority,
  generatePrivateKeySync,
  type PeerVerification,
  parsePrivateKey,
  type VerifyPeerCertificateOptions,
  verifyPeerCertificate,
} from "../../src/trust/index.js";
import { opensslVector, VECTOR_TIME } from "./openssl-vectors.js";
import {
  bundleOf,
  cacertsBelow,
  GREEN,
  GREEN_DEFAULT,
  GREEN_EGRESS,
  loaded,
  pemToDer,
  RED,
  RED_INGRESS,
} from "./test-meshes.js";

const now = Date.UTC(2026, 5, 1);
const green = createCertificateAuthority({ trustDomain: GREEN, now });
const red = createCertificateAuthority({ trustDomain: RED, now });
const corporate = createCertificateAuthority({ trustDomain: "corp.example" as TrustDomain, now });
const issue = (authority: typeof green, id: SpiffeId) => authority.issue({ id, now }).certificateChain;

/** What red's ingress expects of green. */
function verify(overrides: Partial<VerifyPeerCertificateOptions>): PeerVerification {
  return verifyPeerCertificate({
    chain: issue(green, GREEN_EGRESS),
    roots: bundleOf(green, now),
    now,
    trustDomain: GREEN,
    allowedIds: [GREEN_EGRESS],
    role: "client",
    ...overrides,
  });
}

describe("two meshes", () => {
  test("of different roots", () => {
    expect(verify({})).toEqual({ ok: true, id: GREEN_EGRESS, notAfter: Date.UTC(2026, 5, 2) });
    expect(verify({ roots: green.rootCertificates })).toMatchObject({ ok: true });
    expect(verify({ chain: pemToDer(issue(green, GREEN_EGRESS)) })).toMatchObject({ ok: true });
  });

  test("of one root: each is told apart by its trust domain", () => {
    const ofRed = loaded(cacertsBelow(corporate, { trustDomain: RED, now }), RED, now);
    const ofGreen = loaded(cacertsBelow(corporate, { trustDomain: GREEN, now }), GREEN, now);
    const roots = bundleOf(corporate, now);
    expect(verify({ roots, chain: issue(ofGreen, GREEN_EGRESS) })).toMatchObject({ ok: true });
    expect(verify({ roots, chain: issue(ofRed, RED_INGRESS) })).toMatchObject({ reason: "TrustDomainMismatch" });
  });

  // Reference §6.1: a presented certificate is verified only against the root of its own trust domain.
  test("no mesh mints identities of another, though both roots are known", () => {
    const forger = createCertificateAuthority({ trustDomain: GREEN, now });
    expect(verify({ chain: issue(forger, GREEN_EGRESS) })).toMatchObject({ reason: "UntrustedRoot" });
    expect(verify({ chain: issue(red, RED_INGRESS) })).toMatchObject({ reason: "TrustDomainMismatch" });
    const mintedByRed = mint(red, GREEN_EGRESS);
    expect(verify({ chain: [mintedByRed], roots: bundleOf(red, now) })).toMatchObject({ ok: true });
    expect(verify({ chain: [mintedByRed] })).toMatchObject({ reason: "UntrustedRoot" });
  });

  test("the right root and another identity", () => {
    const rejected = verify({ chain: issue(green, GREEN_DEFAULT) });
    expect(rejected).toEqual({
      ok: false,
      reason: "IdentityNotAllowed",
      message: `"${GREEN_DEFAULT}" is authenticated but not allowed here, expected is "${GREEN_EGRESS}"; compare spec.security.clientID of the ServiceMeshPeer with the peer's egress gateway`,
    });
  });

  // Reference §10.9: an empty clientID let everybody in.
  test("an empty list of identities allows nobody, none at all allows the trust domain", () => {
    expect(verify({ allowedIds: [] })).toMatchObject({ reason: "IdentityNotAllowed" });
    expect(verify({ allowedIds: undefined })).toMatchObject({ ok: true });
    // Reference §10.25: even then no identity of another trust domain.
    expect(verify({ allowedIds: undefined, chain: issue(red, RED_INGRESS) })).toMatchObject({ ok: false });
  });

  test("identities match exactly: neither prefixes nor patterns", () => {
    const allowed = [
      "*",
      `${GREEN_EGRESS}x`,
      GREEN_EGRESS.slice(0, -1),
      GREEN_EGRESS.slice("spiffe://".length),
      "spiffe://green-mesh.local/*",
    ];
    expect(verify({ allowedIds: allowed as SpiffeId[] })).toMatchObject({ reason: "IdentityNotAllowed" });
  });
});

describe("what is presented", () => {
  test.each([
    ["nothing", []],
    ["an empty text", ""],
  ])("%s", (_, chain) => {
    expect(verify({ chain })).toMatchObject({
      reason: "NoCertificate",
      message: expect.stringContaining("green-mesh.local"),
    });
  });

  const leaf = pemToDer(issue(green, GREEN_EGRESS))[0] ?? Buffer.alloc(0);
  test.each<[string, VerifyPeerCertificateOptions["chain"]]>([
    ["bytes that are no certificate", [Buffer.from("hello")]],
    ["nothing in the place of a certificate", [Buffer.alloc(0)]],
    ["a cut certificate", [leaf.subarray(0, -1)]],
    ["something after the certificate", [Buffer.concat([leaf, Buffer.from([0])])]],
    ["garbage behind a good leaf", [leaf, Buffer.from("hello")]],
    ["text that is no PEM", "hello"],
    ["a huge certificate", [Buffer.alloc(20_000, 0x30)]],
  ])("%s is refused as malformed", (_, chain) => {
    expect(verify({ chain })).toMatchObject({ ok: false, reason: "Malformed" });
  });

  test("more certificates than anybody needs", () => {
    expect(verify({ chain: Array.from({ length: 11 }, () => leaf) })).toMatchObject({ reason: "ChainTooLong" });
    expect(verify({ chain: Array.from({ length: 10 }, () => leaf) })).toMatchObject({ ok: true });
  });

  test("a path of more than eight certificates", () => {
    let authority = green;
    const depths: PeerVerification[] = [];
    for (let depth = 2; depth <= 9; depth++) {
      depths.push(verify({ chain: issue(authority, GREEN_EGRESS) }));
      if (depth < 8) authority = loaded(cacertsBelow(authority, { trustDomain: GREEN, now }), GREEN, now);
    }
    expect(depths.every(({ ok }) => ok)).toBe(true);
    const data = cacertsBelow(authority, { trustDomain: GREEN, now });
    const tooDeep = mint({ certificate: certificateOf(data["ca-cert.pem"]), privateKey: keyOf(data) }, GREEN_EGRESS);
    const chain = [tooDeep, ...pemToDer(data["cert-chain.pem"] ?? "")];
    expect(verify({ chain })).toMatchObject({ reason: "ChainTooLong" });
  });

  test("a maze of certificates of one name costs a bounded number of signatures", () => {
    const name = encodeOrganization("maze");
    const key = generatePrivateKeySync("ECDSA-P256");
    const twins = Array.from({ length: 9 }, () =>
      signCertificate(
        {
          issuer: name,
          subject: name,
          notBefore: now - 1000,
          notAfter: now + 1_000_000,
          publicKey: key.publicKey,
          extensions: [basicConstraints(true)],
        },
        key,
      ),
    );
    const leafOfMaze = signCertificate(
      {
        issuer: name,
        subject: encodeOrganization("x"),
        notBefore: now - 1000,
        notAfter: now + 1_000_000,
        publicKey: key.publicKey,
        extensions: [subjectAltUri(GREEN_EGRESS)],
      },
      key,
    );
    const begin = performance.now();
    expect(verify({ chain: [leafOfMaze, ...twins] })).toMatchObject({ reason: "ChainTooLong" });
    // 9! paths would take hours.
    expect(performance.now() - begin).toBeLessThan(5_000);
  });

  test("times: the first and the last instant belong to the validity", () => {
    const issued = green.issue({ id: GREEN_EGRESS, now });
    const at = (time: number) => verify({ chain: issued.certificateChain, now: time });
    expect(at(issued.notBefore)).toMatchObject({ ok: true });
    expect(at(issued.notAfter)).toMatchObject({ ok: true });
    expect(at(issued.notBefore - 1)).toMatchObject({
      reason: "NotYetValid",
      message: expect.stringContaining("2026-05-31T23:58:00Z"),
    });
    expect(at(issued.notAfter + 1)).toMatchObject({
      reason: "Expired",
      message: expect.stringContaining("2026-06-02T00:00:00Z"),
    });
  });

  test("roots that cannot be used", () => {
    expect(verify({ roots: "" })).toMatchObject({ reason: "InvalidTrustBundle" });
    expect(verify({ roots: opensslVector("p256").chain })).toMatchObject({ reason: "InvalidTrustBundle" });
  });

  test("what a stranger wrote into a certificate cannot forge a line of a log", () => {
    const subject = encodeOrganization(`x"\n2026 level=info all is well \u202e${"y".repeat(500)}`);
    const certificate = signCertificate(
      {
        issuer: subject,
        subject,
        notBefore: now,
        notAfter: now + 1_000_000,
        publicKey: green.privateKey.publicKey,
        extensions: [basicConstraints(false)],
      },
      green.privateKey,
    );
    const rejected = verify({ chain: [certificate] });
    expect(rejected).toMatchObject({ reason: "NotASpiffeId" });
    const message = rejected.ok ? "" : rejected.message;
    expect(message).toMatch(/^"O=x'\?2026 level=info all is well \?+y+\.\.\." \(serial [0-9A-F]+\)/);
    expect(message.length).toBeLessThan(400);
  });
});

describe("properties", () => {
  const chains = ["p256", "rsa", "ed25519", "intermediates-in-order", "uri-constraint-kept"].map((name) => {
    const vector = opensslVector(name);
    return { chain: pemToDer(vector.chain), roots: vector.roots };
  });
  const verifyVector = (chain: readonly Uint8Array[], roots: string) =>
    verifyPeerCertificate({ chain, roots, now: VECTOR_TIME, trustDomain: GREEN, role: "client" });

  test("a chain in which any byte was changed, removed or added does not verify", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...chains),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom("change", "remove", "add", "cut"),
        ({ chain, roots }, certificateSeed, offsetSeed, byte, mutation) => {
          const index = certificateSeed % chain.length;
          const der = chain[index] ?? Buffer.alloc(0);
          const offset = offsetSeed % der.length;
          const rest = der.subarray(mutation === "add" ? offset : offset + 1);
          const middle = mutation === "change" ? [(der[offset] ?? 0) ^ byte] : mutation === "add" ? [byte] : [];
          const mutated = Buffer.concat([
            der.subarray(0, offset),
            Buffer.from(middle),
            mutation === "cut" ? Buffer.alloc(0) : rest,
          ]);
          fc.pre(!mutated.equals(der));
          expect(verifyVector(chain.with(index, mutated), roots)).toMatchObject({ ok: false });
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("no needed certificate may be missing, in any order of the others", () => {
    const { chain, roots } = chains[3] ?? { chain: [], roots: "" };
    const [leaf = Buffer.alloc(0), ...intermediates] = chain;
    const strangers = [...pemToDer(red.rootCertificates), ...pemToDer(corporate.rootCertificates)];
    fc.assert(
      fc.property(fc.shuffledSubarray([...intermediates, ...strangers]), (sent) => {
        const isComplete = intermediates.every((intermediate) => sent.includes(intermediate));
        expect(verifyVector([leaf, ...sent], roots).ok).toBe(isComplete);
      }),
    );
  });

  test("random bytes never verify, and never throw", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 3 }), fc.string(), (chain, text) => {
        expect(verify({ chain }).ok).toBe(false);
        expect(verify({ chain: text }).ok).toBe(false);
      }),
    );
  });
});

function mint(issuer: Pick<typeof green, "certificate" | "privateKey">, id: SpiffeId): Uint8Array {
  return signCertificate(
    {
      issuer: issuer.certificate.subject.encoded,
      subject: encodeOrganization("minted"),
      notBefore: now - 1000,
      notAfter: now + 3_600_000,
      publicKey: generatePrivateKeySync("ECDSA-P256").publicKey,
      extensions: [subjectAltUri(id)],
    },
    issuer.privateKey,
  );
}

function certificateOf(pem: string | undefined) {
  const parsed = parseCertificate(pemToDer(pem ?? "")[0] ?? Buffer.alloc(0), "");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  return parsed.value;
}

function keyOf(data: Record<string, string>) {
  const parsed = parsePrivateKey(data["ca-key.pem"] ?? "", "");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  return parsed.value;
}

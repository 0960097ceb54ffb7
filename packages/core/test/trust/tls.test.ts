import { once } from "node:events";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import type { TrustDomain } from "../../src/naming/spiffe-id.js";
import {
  type CertificateAuthority,
  clientTlsOptions,
  createCertificateAuthority,
  createCertificateRotation,
  generatePrivateKeySync,
  type IssuedCertificate,
  type KeyType,
  type PeerVerification,
  readTlsPeer,
  secureContextOptions,
  serverTlsOptions,
  type TlsPeer,
  type TlsPeerExpectation,
  type TrustBundle,
  verifyTlsPeer,
} from "../../src/trust/index.js";
import { ManualClock } from "./manual-clock.js";
import { bundleOf, cacertsBelow, GREEN, GREEN_DEFAULT, GREEN_EGRESS, loaded, RED, RED_INGRESS } from "./test-meshes.js";

const now = Date.now();
const KEY_TYPES: readonly KeyType[] = ["ECDSA-P256", "ECDSA-P384", "RSA-2048", "Ed25519"];
const red = createCertificateAuthority({ trustDomain: RED, now });
const green = createCertificateAuthority({ trustDomain: GREEN, now });
const redRoots = bundleOf(red, now);
const greenRoots = bundleOf(green, now);

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

interface Ingress {
  readonly server: tls.Server;
  readonly port: number;
  /** What it found out about each connection, in order. */
  readonly peers: TlsPeer[];
  readonly verifications: PeerVerification[];
  readonly resumed: boolean[];
}

/** Red's ingress: echoes to green's egress, and ends the connection of everybody else. */
async function startIngress(
  certificate: IssuedCertificate,
  contextRoots: TrustBundle = greenRoots,
  expectation: TlsPeerExpectation = {
    roots: contextRoots,
    trustDomain: GREEN,
    allowedIds: [GREEN_EGRESS],
    role: "client",
  },
): Promise<Ingress> {
  const server = tls.createServer(serverTlsOptions({ certificate, roots: contextRoots }));
  const ingress = { server, peers: [] as TlsPeer[], verifications: [] as PeerVerification[], resumed: [] as boolean[] };
  server.on("secureConnection", (socket) => {
    cleanups.push(() => socket.destroy());
    socket.on("error", () => socket.destroy());
    ingress.resumed.push(socket.isSessionReused());
    const peer = readTlsPeer(socket, contextRoots);
    const verification = verifyTlsPeer(peer, expectation, now);
    ingress.peers.push(peer);
    ingress.verifications.push(verification);
    if (verification.ok) socket.pipe(socket);
    else socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  return { ...ingress, port: (server.address() as AddressInfo).port };
}

const RED_EXPECTED: TlsPeerExpectation = {
  roots: redRoots,
  trustDomain: RED,
  allowedIds: [RED_INGRESS],
  role: "server",
};

/** Green's egress: a connection that is verified on its side, and what it found out. */
async function connect(
  { port }: Ingress,
  certificate: IssuedCertificate,
  expectation: TlsPeerExpectation = RED_EXPECTED,
  more: tls.ConnectionOptions = {},
): Promise<{ socket: tls.TLSSocket; verification: PeerVerification; presented: string | undefined }> {
  const context = tls.createSecureContext({
    ...secureContextOptions({ certificate, roots: expectation.roots }),
    ...more,
  });
  const options = clientTlsOptions(context, "outbound_.9080_._.ratings.info.svc.green-mesh-exports.local");
  const socket = tls.connect({ host: "127.0.0.1", port, ...options, ...more });
  cleanups.push(() => socket.destroy());
  await once(socket, "secureConnect");
  socket.on("error", () => socket.destroy());
  const peer = readTlsPeer(socket, expectation.roots);
  const verification = verifyTlsPeer(peer, expectation, now);
  return { socket, verification, presented: peer.chain[0] && Buffer.from(peer.chain[0]).toString("base64") };
}

async function echo(socket: tls.TLSSocket, text: string): Promise<string> {
  socket.write(text);
  const answer = once(socket, "data").then(([data]) => String(data));
  return Promise.race([answer, once(socket, "close").then(() => "closed")]);
}

/** Ends when the other side ends the connection. */
async function refused(socket: tls.TLSSocket): Promise<void> {
  socket.resume();
  if (!socket.closed) await once(socket, "close");
}

const egressCertificate = (authority: CertificateAuthority = green, keyType: KeyType = "ECDSA-P256") =>
  authority.issue({ id: GREEN_EGRESS, now, privateKey: keyOf("egress", keyType) });
const ingressCertificate = (authority: CertificateAuthority = red, keyType: KeyType = "ECDSA-P256") =>
  authority.issue({ id: RED_INGRESS, now, privateKey: keyOf("ingress", keyType) });

/** RSA keys take long to make: one of each type per owner serves all tests. */
const keyOf = memoize((_owner: string, keyType: KeyType) => generatePrivateKeySync(keyType));
const authorityOf = memoize((trustDomain: TrustDomain, keyType: KeyType) =>
  createCertificateAuthority({ trustDomain, now, keyType }),
);

function memoize<TOwner extends string, T>(make: (owner: TOwner, keyType: KeyType) => T) {
  const made = new Map<string, T>();
  return (owner: TOwner, keyType: KeyType): T => {
    const value = made.get(`${owner} ${keyType}`) ?? make(owner, keyType);
    made.set(`${owner} ${keyType}`, value);
    return value;
  };
}

describe("mutual TLS between two meshes", () => {
  test.each(KEY_TYPES.flatMap((caType) => KEY_TYPES.map((keyType) => [caType, keyType] as const)))(
    "authority %s, gateways %s",
    async (caType, keyType) => {
      const redCa = authorityOf(RED, caType);
      const greenCa = authorityOf(GREEN, caType);
      const ingress = await startIngress(ingressCertificate(redCa, keyType), bundleOf(greenCa, now));
      const expectation = { ...RED_EXPECTED, roots: bundleOf(redCa, now) };
      const { socket, verification } = await connect(ingress, egressCertificate(greenCa, keyType), expectation);
      expect(verification).toMatchObject({ ok: true, id: RED_INGRESS });
      expect(await echo(socket, "hello")).toBe("hello");
      expect(socket.getProtocol()).toBe("TLSv1.3");
      expect(ingress.verifications).toMatchObject([{ ok: true, id: GREEN_EGRESS }]);
    },
  );

  test.each(["RSA-2048", "ECDSA-P256"] as const)("TLS 1.2 with %s, for older proxies", async (keyType) => {
    const ingress = await startIngress(ingressCertificate(red, keyType));
    const { socket } = await connect(ingress, egressCertificate(), RED_EXPECTED, { maxVersion: "TLSv1.2" });
    expect(await echo(socket, "hello")).toBe("hello");
    expect(socket.getCipher().name).toMatch(/^ECDHE-.*-AES128-GCM-SHA256$/);
  });

  test("TLS 1.1 and ciphers without forward secrecy are not spoken", async () => {
    const ingress = await startIngress(ingressCertificate(red, "RSA-2048"));
    for (const options of [
      { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" },
      { maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256:AES128-SHA" },
    ] as const) {
      await expect(connect(ingress, egressCertificate(), RED_EXPECTED, options)).rejects.toThrow();
    }
    expect(ingress.verifications).toEqual([]);
  });

  test("both below one root, with intermediates on both sides", async () => {
    const corporate = createCertificateAuthority({ trustDomain: GREEN, now });
    const roots = bundleOf(corporate, now);
    const redCa = loaded(cacertsBelow(corporate, { trustDomain: RED, now }), RED, now);
    const upperGreen = loaded(cacertsBelow(corporate, { trustDomain: GREEN, now }), GREEN, now);
    const greenCa = loaded(cacertsBelow(upperGreen, { trustDomain: GREEN, now }), GREEN, now);
    const ingress = await startIngress(ingressCertificate(redCa), roots);
    const expectation = { ...RED_EXPECTED, roots };
    const { socket, verification } = await connect(ingress, egressCertificate(greenCa), expectation);
    expect(verification).toMatchObject({ ok: true, id: RED_INGRESS });
    expect(await echo(socket, "hello")).toBe("hello");
    expect(ingress.verifications).toMatchObject([{ ok: true, id: GREEN_EGRESS }]);
    // The same root, red's identity where green's is expected.
    const other = await connect(ingress, ingressCertificate(redCa), expectation);
    await refused(other.socket);
    expect(ingress.verifications[1]).toMatchObject({ reason: "TrustDomainMismatch" });
  });

  test("an intermediate as the trust anchor", async () => {
    const corporate = createCertificateAuthority({ trustDomain: GREEN, now });
    const data = cacertsBelow(corporate, { trustDomain: GREEN, now });
    const greenCa = loaded({ ...data, "root-cert.pem": data["ca-cert.pem"] }, GREEN, now);
    const ingress = await startIngress(ingressCertificate(), bundleOf(greenCa, now));
    const { socket } = await connect(ingress, egressCertificate(greenCa));
    const answer = await echo(socket, "hello");
    expect(ingress.verifications).toMatchObject([{ ok: true }]);
    expect(answer).toBe("hello");
  });
});

describe("who is refused, and why", () => {
  const forgedGreen = createCertificateAuthority({ trustDomain: GREEN, now });
  const corporate = createCertificateAuthority({ trustDomain: RED, now });
  const greenBelowStranger = loaded(cacertsBelow(corporate, { trustDomain: GREEN, now }), GREEN, now);

  test.each<[string, IssuedCertificate, string]>([
    ["the right trust domain of another root", egressCertificate(forgedGreen), "UntrustedRoot"],
    ["the same, with an intermediate", egressCertificate(greenBelowStranger), "UntrustedRoot"],
    ["another identity of the right root", green.issue({ id: GREEN_DEFAULT, now }), "IdentityNotAllowed"],
    ["our own mesh", ingressCertificate(), "TrustDomainMismatch"],
    ["a certificate that has ended", green.issue({ id: GREEN_EGRESS, now: now - 3_000, validityMs: 1_000 }), "Expired"],
  ])("%s", async (_, certificate, reason) => {
    const ingress = await startIngress(ingressCertificate());
    const { socket } = await connect(ingress, certificate);
    await refused(socket);
    expect(ingress.verifications).toMatchObject([{ ok: false, reason }]);
  });

  test("a client without a certificate", async () => {
    const ingress = await startIngress(ingressCertificate());
    const socket = tls.connect({ host: "127.0.0.1", port: ingress.port, rejectUnauthorized: false });
    cleanups.push(() => socket.destroy());
    socket.on("error", () => undefined);
    await refused(socket);
    expect(ingress.peers).toMatchObject([{ chain: [] }]);
    expect(ingress.verifications).toMatchObject([{ reason: "NoCertificate" }]);
  });

  // Reference §10.25: the egress took any certificate of any trusted root for the remote ingress.
  test("a server of the right root with another identity, and one of another root", async () => {
    const redDefault = await startIngress(
      red.issue({ id: RED_INGRESS.replace("ingress", "x") as typeof RED_INGRESS, now }),
    );
    expect((await connect(redDefault, egressCertificate())).verification).toMatchObject({
      reason: "IdentityNotAllowed",
      message: expect.stringContaining("spec.remote.addresses"),
    });
    const forgedRed = await startIngress(ingressCertificate(corporate));
    expect((await connect(forgedRed, egressCertificate())).verification).toMatchObject({ reason: "UntrustedRoot" });
  });

  test("what OpenSSL does not verify is refused, even where we would accept it", async () => {
    // The context trusts red alone; the expectation, by mistake, green.
    const expectation = { roots: greenRoots, trustDomain: GREEN, allowedIds: [GREEN_EGRESS] };
    const ingress = await startIngress(ingressCertificate(), redRoots, expectation);
    const { socket } = await connect(ingress, egressCertificate());
    await refused(socket);
    expect(ingress.verifications).toMatchObject([
      { reason: "RefusedByTls", message: expect.stringContaining(GREEN_EGRESS) },
    ]);
  });

  test("roots that changed since the handshake refuse what they do not vouch for", async () => {
    const greenIntermediate = loaded(cacertsBelow(green, { trustDomain: GREEN, now }), GREEN, now);
    const ingress = await startIngress(ingressCertificate());
    const { socket } = await connect(ingress, egressCertificate(greenIntermediate));
    expect(await echo(socket, "hello")).toBe("hello");
    const [peer] = ingress.peers;
    const expectation = { trustDomain: GREEN, allowedIds: [GREEN_EGRESS] };
    const againstRoots = (roots: TrustBundle) => peer && verifyTlsPeer(peer, { ...expectation, roots }, now);
    expect(againstRoots(greenRoots)).toMatchObject({ ok: true });
    expect(againstRoots(bundleOf(forgedGreen, now))).toMatchObject({ reason: "UntrustedRoot" });
  });
});

describe("a path that only TLS has seen (nodejs/node#65579)", () => {
  const greenIntermediate = loaded(cacertsBelow(green, { trustDomain: GREEN, now }), GREEN, now);
  const issued = egressCertificate(greenIntermediate);
  const leaf = Buffer.from(issued.certificateChain.split(/-----[^-]+-----/)[1] ?? "", "base64");
  const peer: TlsPeer = { chain: [leaf], contextRoots: greenRoots.digest };
  const expectation: TlsPeerExpectation = {
    roots: greenRoots,
    trustDomain: GREEN,
    allowedIds: [GREEN_EGRESS],
    role: "client",
  };

  test("is taken when TLS verified it against the expected roots", () => {
    expect(verifyTlsPeer(peer, expectation, now)).toEqual({ ok: true, id: GREEN_EGRESS, notAfter: issued.notAfter });
  });

  test.each<[string, Partial<TlsPeer>, Partial<TlsPeerExpectation>, number, string]>([
    ["TLS did not verify it", { authorizationError: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" }, {}, now, "UntrustedRoot"],
    ["TLS verified against other roots", { contextRoots: redRoots.digest }, {}, now, "UntrustedRoot"],
    ["other roots are expected", {}, { roots: redRoots }, now, "UntrustedRoot"],
    ["another trust domain is expected", {}, { trustDomain: RED }, now, "TrustDomainMismatch"],
    ["another identity is expected", {}, { allowedIds: [GREEN_DEFAULT] }, now, "IdentityNotAllowed"],
    ["it has ended", {}, {}, now + 25 * 3_600_000, "Expired"],
    ["it has not begun", {}, {}, now - 3_600_000, "NotYetValid"],
    ["nothing was presented", { chain: [] }, {}, now, "NoCertificate"],
  ])("is not taken when %s", (_, peerChange, expectationChange, at, reason) => {
    const verification = verifyTlsPeer({ ...peer, ...peerChange }, { ...expectation, ...expectationChange }, at);
    expect(verification).toMatchObject({ ok: false, reason });
  });
});

describe("sessions", () => {
  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "%s: none is resumed, even by a client that kept one",
    async (maxVersion) => {
      // A server with Node's defaults does resume the same client's session: the client of this test is able to.
      const certificate = ingressCertificate();
      const plain = tls.createServer(
        { cert: certificate.certificateChain, key: certificate.privateKey.exportPem() },
        (socket) => {
          socket.on("error", () => undefined);
          socket.end("x");
        },
      );
      plain.listen(0, "127.0.0.1");
      await once(plain, "listening");
      cleanups.push(() => plain.close());
      const ingress = await startIngress(certificate);
      const reused = async (port: number) => {
        const context = tls.createSecureContext(
          secureContextOptions({ certificate: egressCertificate(), roots: redRoots }),
        );
        const once_ = async (session: Buffer | undefined) => {
          const socket = tls.connect({
            host: "127.0.0.1",
            port,
            ...clientTlsOptions(context, "x"),
            maxVersion,
            ...(session && { session }),
          });
          cleanups.push(() => socket.destroy());
          socket.on("error", () => undefined);
          let latest: Buffer | undefined;
          socket.on("session", (value: Buffer) => {
            latest = value;
          });
          await once(socket, "secureConnect");
          const isReused = socket.isSessionReused();
          socket.end("x");
          await refused(socket);
          return { isReused, session: latest ?? socket.getSession() };
        };
        const first = await once_(undefined);
        return (await once_(first.session)).isReused;
      };
      expect(await reused((plain.address() as AddressInfo).port)).toBe(true);
      expect(await reused(ingress.port)).toBe(false);
      expect(ingress.resumed).toEqual([false, false]);
      expect(ingress.verifications).toMatchObject([{ ok: true }, { ok: true }]);
    },
  );
});

describe("rotation", () => {
  test("established connections go on, new ones see the new certificate, on both sides", async () => {
    const clock = new ManualClock(now);
    const failures: unknown[] = [];
    const rotationOf = (authority: CertificateAuthority) =>
      createCertificateRotation({ authority, clock, random: () => 0, onFailure: (failure) => failures.push(failure) });
    const redRotation = rotationOf(red);
    const greenRotation = rotationOf(green);
    const current = (rotation: typeof redRotation, id: typeof RED_INGRESS) => {
      const certificate = rotation.get(id);
      if (certificate === undefined) throw new Error("no certificate");
      return certificate;
    };
    const ingress = await startIngress(current(redRotation, RED_INGRESS));
    const ingressRenewed = new Promise<void>((resolve) => {
      redRotation.subscribe(RED_INGRESS, (certificate) => {
        ingress.server.setSecureContext(serverTlsOptions({ certificate, roots: greenRoots }));
        resolve();
      });
    });
    const egressRenewed = new Promise<void>((resolve) => void greenRotation.subscribe(GREEN_EGRESS, () => resolve()));

    const before = await connect(ingress, current(greenRotation, GREEN_EGRESS));
    expect(await echo(before.socket, "one")).toBe("one");
    clock.advance(12 * 3_600_000);
    await Promise.all([ingressRenewed, egressRenewed]);

    expect(await echo(before.socket, "two")).toBe("two");
    const after = await connect(ingress, current(greenRotation, GREEN_EGRESS), RED_EXPECTED);
    expect(after.presented).not.toBe(before.presented);
    expect(ingress.peers[1]?.chain[0]).not.toEqual(ingress.peers[0]?.chain[0]);
    expect(failures).toEqual([]);
    redRotation.close();
    greenRotation.close();
  });

  test("an authority is replaced: old connections stay, new ones need the new root, both roots serve the change", async () => {
    const next = createCertificateAuthority({ trustDomain: RED, now });
    const ingress = await startIngress(ingressCertificate());
    const old = await connect(ingress, egressCertificate());
    ingress.server.setSecureContext(serverTlsOptions({ certificate: ingressCertificate(next), roots: greenRoots }));
    expect(await echo(old.socket, "still here")).toBe("still here");
    const both = { ...red, rootCertificates: red.rootCertificates + next.rootCertificates };
    const verifications = [];
    for (const roots of [redRoots, bundleOf(next, now), bundleOf(both, now)]) {
      verifications.push((await connect(ingress, egressCertificate(), { ...RED_EXPECTED, roots })).verification);
    }
    expect(verifications).toMatchObject([{ reason: "UntrustedRoot" }, { ok: true }, { ok: true }]);
  });
});

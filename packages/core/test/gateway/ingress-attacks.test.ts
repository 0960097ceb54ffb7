import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/gateway/index.js";
import type { TrustDomain } from "../../src/naming/spiffe-id.js";
import { createCertificateAuthority } from "../../src/trust/index.js";
import { BROKEN_OFF, deadEndpoint, dial, dialTls, drained, eventually, tcpWorkload, tlsExchange } from "./sockets.js";
import { exportedHost, exportRoute, ingressFor, startMesh, type TestMesh } from "./test-mesh.js";
import { credentials } from "./tls-client.js";

/** Red exports `ratings` to green; the workload counts who reaches it. */
async function exporter(overrides: Parameters<typeof startMesh>[1] = {}) {
  const red = startMesh("red", overrides);
  const green = startMesh("green");
  const reached = { connections: 0 };
  const ratings = await tcpWorkload((socket) => {
    reached.connections += 1;
    socket.pipe(socket);
  });
  await red.apply(
    ingressFor(red, green),
    exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "TCP", endpoints: [ratings] }]),
    { ...exportRoute("blue-mesh", "secret", [{ port: 9080, protocol: "TCP", endpoints: [ratings] }]) },
  );
  return { red, green, reached, port: red.address("IngressGateway/green-mesh").port };
}

const SNI = `outbound_.9080_._.${exportedHost("ratings")}`;

function refusals(mesh: TestMesh) {
  return mesh.events.refused.map(({ role, reason, peer }) => ({ role, reason, peer }));
}

describe("port 15443", () => {
  it("lets the peer's client through to what is exported to it", async () => {
    const { red, green, reached, port } = await exporter();
    const client = credentials(green.authority, green.identity("egress-red-mesh"), red);
    const { received, ended } = await tlsExchange({ port, servername: SNI, ...client });
    expect({ received, ended, reached }).toEqual({ received: "hello", ended: "end", reached: { connections: 1 } });
    expect(red.events.refused).toEqual([]);
  });

  const evil = createCertificateAuthority({ trustDomain: "green-mesh.local" as TrustDomain, now: Date.now() });

  it.each<[string, string, string, (green: TestMesh, red: TestMesh) => Parameters<typeof tlsExchange>[0]]>([
    [
      "the right trust domain and name from another root",
      "CertificateInvalid",
      "not with the key of the trusted root",
      (green, red) => ({ servername: SNI, ...credentials(evil, green.identity("egress-red-mesh"), red) }),
    ],
    [
      "another identity from the right root",
      "IdentityNotClient",
      "spec.security.clientID",
      (green, red) => ({ servername: SNI, ...credentials(green.authority, green.identity("egress-blue-mesh"), red) }),
    ],
    [
      "the exporter's own ingress identity",
      "CertificateInvalid",
      'expected is "green-mesh.local"',
      (_, red) => ({ servername: SNI, ...credentials(red.authority, red.identity("ingress-green-mesh"), red) }),
    ],
    [
      "a certificate that has expired",
      "CertificateInvalid",
      "expired at",
      (green, red) => ({
        servername: SNI,
        ...credentials(green.authority, green.identity("egress-red-mesh"), red, {
          now: Date.now() - 60_000,
          validityMs: 30_000,
        }),
      }),
    ],
    [
      "no certificate",
      "CertificateMissing",
      "no certificate",
      (_, red) => ({ servername: SNI, ca: red.authority.rootCertificates }),
    ],
    [
      "a host that is not exported",
      "HostNotExported",
      "reviews",
      (green, red) => ({
        servername: `outbound_.9080_._.${exportedHost("reviews")}`,
        ...credentials(green.authority, green.identity("egress-red-mesh"), red),
      }),
    ],
    [
      "a host that is exported to somebody else",
      "HostNotExported",
      "secret",
      (green, red) => ({
        servername: `outbound_.9080_._.${exportedHost("secret")}`,
        ...credentials(green.authority, green.identity("egress-red-mesh"), red),
      }),
    ],
    [
      "a port that is not exported",
      "PortNotExported",
      "no port 22",
      (green, red) => ({
        servername: `outbound_.22_._.${exportedHost("ratings")}`,
        ...credentials(green.authority, green.identity("egress-red-mesh"), red),
      }),
    ],
    [
      "a server name of no known form",
      "ServerNameInvalid",
      "outbound_9080",
      (green, red) => ({
        servername: "outbound_9080__host",
        ...credentials(green.authority, green.identity("egress-red-mesh"), red),
      }),
    ],
    [
      "no server name",
      "ServerNameMissing",
      "no TLS server name",
      (green, red) => ({ ...credentials(green.authority, green.identity("egress-red-mesh"), red) }),
    ],
  ])("keeps out a caller with %s", async (_, reason, message, credentials) => {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const { red, green, reached, port } = await exporter();
      const { received } = await tlsExchange({ port, maxVersion, ...credentials(green, red) });
      await eventually(() => expect(refusals(red)).toEqual([{ role: "IngressService", reason, peer: "green-mesh" }]));
      expect(red.events.refused[0]?.message).toContain(message);
      expect({ received, reached }).toEqual({ received: "", reached: { connections: 0 } });
      expect(red.engine.counters().refusals).toEqual([
        { role: "IngressService", peer: "green-mesh", reason, count: 1 },
      ]);
      expect(red.events.opened).toEqual([]);
    }
  });

  it.each([
    ["an HTTP request", "GET / HTTP/1.1\r\nHost: ratings\r\n\r\n", "NotTls"],
    ["noise", "\u0000\u0001\u0002 noise", "NotTls"],
    ["a TLS record with garbage", "\u0016\u0003\u0001\u0000\u0005hello", "HandshakeFailed"],
  ])("keeps out plain TCP: %s", async (_, text, reason) => {
    const { red, reached, port } = await exporter();
    const socket = await dial({ address: "127.0.0.1", port });
    socket.write(Buffer.from(text, "latin1"));
    const { received } = await drained(socket);
    // At most a TLS alert.
    expect(received.length).toBeLessThan(8);
    await eventually(() => expect(refusals(red)).toEqual([{ role: "IngressService", reason, peer: "green-mesh" }]));
    expect(reached.connections).toBe(0);
  });

  it("keeps out TLS 1.1", async () => {
    const { red, green, port } = await exporter();
    const client = credentials(green.authority, green.identity("egress-red-mesh"), red);
    await tlsExchange({
      port,
      servername: SNI,
      ...client,
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    await eventually(() => expect(refusals(red)).toMatchObject([{ reason: "HandshakeFailed" }]));
  });

  it("drops a caller that never finishes its handshake, and one that goes away in it", async () => {
    const { red, port } = await exporter({ limits: { handshakeTimeoutMs: 50 }, clock: systemClock });
    const silent = await dial({ address: "127.0.0.1", port });
    expect((await drained(silent)).received).toBe("");
    const hasty = await dial({ address: "127.0.0.1", port });
    hasty.destroy();
    await eventually(() =>
      expect(
        refusals(red)
          .map(({ reason }) => reason)
          .sort(),
      ).toEqual(["HandshakeFailed", "HandshakeTimeout"]),
    );
    expect(red.events.refused[0]?.downstream).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it("limits handshakes that are going on, and connections", async () => {
    const { red, green, port } = await exporter({ limits: { maxPendingHandshakes: 2, maxConnections: 3 } });
    const oldest = await dial({ address: "127.0.0.1", port });
    const waiting = [await dial({ address: "127.0.0.1", port }), await dial({ address: "127.0.0.1", port })];
    await drained(oldest);
    expect(refusals(red)).toMatchObject([{ reason: "HandshakeLimit" }]);
    for (const socket of waiting) expect(socket.destroyed).toBe(false);

    const client = { port, servername: SNI, ...credentials(green.authority, green.identity("egress-red-mesh"), red) };
    expect(await tlsExchange(client)).toMatchObject({ ended: "end" });
    for (const socket of waiting) socket.destroy();
    await eventually(() => expect(red.engine.counters().listeners).toMatchObject([{ connections: 0 }]));

    const served = [await dialTls(client), await dialTls(client), await dialTls(client)];
    await eventually(() => expect(red.events.opened).toHaveLength(4));
    await drained(await dial({ address: "127.0.0.1", port }));
    await eventually(() => expect(refusals(red).at(-1)).toMatchObject({ reason: "ConnectionLimit" }));
    for (const socket of served) expect(socket.destroyed).toBe(false);
  });

  it("tells a caller of a service without a live endpoint by a reset", async () => {
    const { red, green, port } = await exporter();
    await red.apply(
      exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "TCP", endpoints: [] }]),
      exportRoute("green-mesh", "dead", [{ port: 9080, protocol: "TCP", endpoints: [await deadEndpoint()] }]),
    );
    const client = { port, ...credentials(green.authority, green.identity("egress-red-mesh"), red) };
    for (const name of ["ratings", "dead"]) {
      expect(await tlsExchange({ ...client, servername: exportedHost(name) })).toMatchObject({
        received: "",
        ended: BROKEN_OFF === "reset" ? "reset" : expect.any(String),
      });
    }
    expect(red.events.refused.map(({ reason, message }) => [reason, message])).toEqual([
      ["NoUpstream", 'local endpoint of "ratings.red-mesh-info.svc.cluster.local": there is no ready endpoint'],
      [
        "ConnectRefused",
        expect.stringMatching(/^local endpoint 127\.0\.0\.1:\d+ of "dead\.red-mesh-info.*connection refused$/),
      ],
    ]);
  });
});

describe("port 8188", () => {
  async function discoveryExporter() {
    const red = startMesh("red");
    const green = startMesh("green");
    await red.apply(
      ingressFor(red, green, { serviceListeners: [], discoveryListeners: [{ address: "127.0.0.1", port: 0 }] }),
    );
    return { red, green, port: red.address("IngressGateway/green-mesh").port };
  }
  const REQUEST = "GET /v1/services/ HTTP/1.1\r\nHost: discovery\r\n\r\n";

  it("hands the peer's client over, whatever server name it sends", async () => {
    const { red, green, port } = await discoveryExporter();
    const client = credentials(green.authority, green.identity("egress-red-mesh"), red);
    const socket = await dialTls({ port, servername: "discovery.green-mesh-system.svc.red-mesh.local", ...client });
    socket.write(REQUEST);
    await eventually(() => expect(red.discovery).toMatchObject([{ peer: "green-mesh" }]));
    const [taken] = red.discovery;
    const [request] = await once(taken?.socket ?? socket, "data");
    expect(String(request)).toBe(REQUEST);
    taken?.socket.end("bye");
    expect(await drained(socket)).toEqual({ received: "bye", ended: "end" });
    socket.end();
    await eventually(() =>
      expect(red.events.closed).toMatchObject([{ role: "IngressDiscovery", peer: "green-mesh", reason: "Completed" }]),
    );
  });

  it("tells another identity of the peer's mesh 403 (reference §4.1 hop d)", async () => {
    const { red, green, port } = await discoveryExporter();
    const { received } = await tlsExchange(
      { port, ...credentials(green.authority, green.identity("egress-blue-mesh"), red) },
      REQUEST,
    );
    expect(received).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*\r\n\r\nthis client is not the one/);
    expect(refusals(red)).toEqual([{ role: "IngressDiscovery", reason: "IdentityNotClient", peer: "green-mesh" }]);
    expect(red.discovery).toEqual([]);
  });

  it("tells another identity that asks nothing nothing, and ends its connection", async () => {
    const red = startMesh("red", { limits: { handshakeTimeoutMs: 80 } });
    const green = startMesh("green");
    await red.apply(
      ingressFor(red, green, { serviceListeners: [], discoveryListeners: [{ address: "127.0.0.1", port: 0 }] }),
    );
    const { port } = red.address("IngressGateway/green-mesh");
    const socket = await dialTls({ port, ...credentials(green.authority, green.identity("egress-blue-mesh"), red) });
    expect((await drained(socket)).received).toBe("");
  });

  it("fails the connection of another root", async () => {
    const { red, green, port } = await discoveryExporter();
    const evil = createCertificateAuthority({ trustDomain: green.trustDomain, now: Date.now() });
    const { received } = await tlsExchange(
      { port, ...credentials(evil, green.identity("egress-red-mesh"), red) },
      REQUEST,
    );
    expect(received).toBe("");
    await eventually(() =>
      expect(refusals(red)).toMatchObject([{ role: "IngressDiscovery", reason: "CertificateInvalid" }]),
    );
    expect(red.discovery).toEqual([]);
  });
});

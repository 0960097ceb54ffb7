import { once } from "node:events";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { describe, expect, it } from "vitest";
import type { IngressGateway } from "../../src/plan/gateway-resource.js";
import { createCertificateAuthority } from "../../src/trust/index.js";
import { ManualClock } from "../trust/manual-clock.js";
import {
  ask,
  dial,
  dialTls,
  drained,
  echoWorkload,
  eventually,
  httpWorkload,
  tcpWorkload,
  tlsExchange,
} from "./sockets.js";
import {
  egressTo,
  exportedHost,
  exportRoute,
  importedHost,
  importedService,
  ingressFor,
  outboundListener,
  startMesh,
  startRedAndGreen,
  type TestMesh,
  type TestMeshOptions,
} from "./test-mesh.js";
import { clientOf } from "./tls-client.js";

const RATINGS = exportedHost("ratings");

async function exporter(options: TestMeshOptions = {}) {
  const red = startMesh("red", options);
  const green = startMesh("green");
  const ratings = await echoWorkload();
  const route = exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "TCP", endpoints: [ratings] }]);
  const gateway = ingressFor(red, green);
  await red.apply(gateway, route);
  return { red, green, route, gateway, ratings };
}

/** An established connection of green to red's `ratings`, over which a word has been echoed. */
async function established(red: TestMesh, green: TestMesh): Promise<TLSSocket> {
  const socket = await dialTls({ ...clientOf(red, green), servername: RATINGS });
  await echoes(socket);
  return socket;
}

async function echoes(socket: Socket): Promise<void> {
  socket.write("ping");
  const [answer] = await once(socket, "data");
  expect(String(answer)).toBe("ping");
}

describe("what a change does not concern is not touched", () => {
  it("100 changes while a long transfer runs", { timeout: 60_000 }, async () => {
    const { red, green } = await startRedAndGreen();
    const total = 100 * 1024 * 1024;
    const source = await tcpWorkload((socket) => {
      const chunk = Buffer.alloc(128 * 1024, 1);
      let left = total;
      const send = () => {
        while (left > 0) {
          left -= chunk.length;
          if (!socket.write(chunk)) return void socket.once("drain", send);
        }
        socket.end();
      };
      send();
      socket.resume();
    });
    const other = await echoWorkload();
    const ports = (number: number) => [
      { port: 9080, protocol: "TCP" as const, endpoints: number % 2 === 0 ? [source] : [source, other] },
    ];
    const remotes = [{ peer: "red-mesh", exportedHost: RATINGS, remotePort: 9080, serviceAccounts: [] }];
    const service = importedService("ratings", [{ protocol: "TCP", remotes }], { virtualAddress: "127.82.0.1" });
    await red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "TCP", endpoints: [source] }]));
    await green.apply(service);

    const socket = await dial({ address: "127.82.0.1", port: 9080 });
    let received = 0;
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
    const ended = once(socket, "end");
    const started = red.applied.get("IngressGateway/green-mesh");
    for (let number = 0; number < 100; number++) {
      await red.apply(
        ...(started === undefined ? [] : [started]),
        exportRoute("green-mesh", "ratings", ports(number)),
        exportRoute("green-mesh", `other-${number}`, ports(0)),
        ingressFor(red, green, { peer: `peer-${number % 3}` }),
      );
      await red.remove(
        `ExportRoute/green-mesh/${exportedHost(`other-${number - 1}`)}`,
        `IngressGateway/peer-${(number + 1) % 3}`,
      );
      await green.apply(
        egressTo(green, red, { addresses: ["127.0.0.1", `127.0.1.${number + 1}`] }),
        service,
        importedService(`other-${number}`, [{ protocol: "TCP" }], { virtualAddress: `127.82.1.${number + 1}` }),
      );
      await green.remove(`ImportedService/${importedHost(`other-${number - 1}`)}`);
      red.certificates.rotate(red.identity("ingress-green-mesh"));
      green.certificates.rotate(green.identity("egress-red-mesh"));
    }
    await ended;
    expect(received).toBe(total);
    socket.end();
    await eventually(() => expect(green.events.closed).toMatchObject([{ reason: "Completed", bytesReceived: total }]));
  });

  it("the same configuration, applied again", async () => {
    const { red, green, gateway, route } = await exporter();
    const socket = await established(red, green);
    const before = red.address("IngressGateway/green-mesh");
    expect(await red.apply(gateway, route)).toEqual([]);
    expect(red.address("IngressGateway/green-mesh")).toEqual(before);
    await echoes(socket);
    expect(red.engine.counters().listeners).toHaveLength(1);
  });

  it("connections of a listener that moves to another address", async () => {
    const { red, green, gateway } = await exporter();
    const socket = await established(red, green);
    const { port } = red.address("IngressGateway/green-mesh");
    await red.apply({ ...gateway, serviceListeners: [{ address: "127.0.0.9", port: 0 }] });
    await echoes(socket);
    expect(await drained(await dial({ address: "127.0.0.1", port }))).toMatchObject({ received: "" });
    expect(red.address("IngressGateway/green-mesh").address).toBe("127.0.0.9");
    expect(await tlsExchange({ ...clientOf(red, green), host: "127.0.0.9", servername: RATINGS })).toMatchObject({
      received: "hello",
    });
  });

  it("connections when certificates rotate, while new ones get the new certificate", async () => {
    const { red, green } = await exporter();
    const socket = await established(red, green);
    const before = socket.getPeerX509Certificate()?.serialNumber;
    red.certificates.rotate(red.identity("ingress-green-mesh"));
    const next = await established(red, green);
    expect(next.getPeerX509Certificate()?.serialNumber).not.toBe(before);
    await echoes(socket);
  });

  it("connections when the peer's roots change and still cover the client", async () => {
    const { red, green, gateway } = await exporter();
    const socket = await established(red, green);
    const next = createCertificateAuthority({ trustDomain: green.trustDomain, now: Date.now() });
    const both = `${next.rootCertificates}${green.authority.rootCertificates}`;
    await red.apply({ ...gateway, trust: { ...green.trust, rootCertificates: both } });
    await echoes(socket);
    await echoes(await established(red, green));
  });
});

describe("trust that is gone ends connections at once", () => {
  it.each<[string, string, (mesh: { red: TestMesh; green: TestMesh; gateway: IngressGateway }) => Promise<unknown>]>([
    [
      "the client's root is not the peer's any more",
      "TrustChanged",
      ({ red, green, gateway }) => {
        const { rootCertificates } = createCertificateAuthority({ trustDomain: green.trustDomain, now: Date.now() });
        return red.apply({ ...gateway, trust: { ...green.trust, rootCertificates } });
      },
    ],
    [
      "the peer's roots are not readable",
      "TrustChanged",
      ({ red, gateway }) => red.apply({ ...gateway, trust: { ...gateway.trust, rootCertificates: "garbage" } }),
    ],
    [
      "the trust domain is another",
      "TrustChanged",
      ({ red, gateway }) =>
        red.apply({
          ...gateway,
          trust: { ...gateway.trust, trustDomain: "other.local" as IngressGateway["trust"]["trustDomain"] },
        }),
    ],
    [
      "the clientID is another (10.7)",
      "TrustChanged",
      ({ red, green, gateway }) => red.apply({ ...gateway, clientId: green.identity("egress-blue-mesh") }),
    ],
    ["the peer is removed (10.3)", "PeerRemoved", ({ red }) => red.remove("IngressGateway/green-mesh")],
  ])("%s", async (_, reason, change) => {
    const { red, green, gateway } = await exporter();
    const socket = await established(red, green);
    const outcome = drained(socket);
    const client = { ...clientOf(red, green), servername: RATINGS };
    await change({ red, green, gateway });
    expect(await outcome).toMatchObject({ ended: "reset" });
    await eventually(() => expect(red.events.closed).toMatchObject([{ reason }]));
    expect(await tlsExchange(client)).toMatchObject({ received: "" });
  });

  it("also for discovery, and at the calling side", async () => {
    const red = startMesh("red");
    const green = startMesh("green");
    const gateway = ingressFor(red, green, {
      serviceListeners: [],
      discoveryListeners: [{ address: "127.0.0.1", port: 0 }],
    });
    await red.apply(gateway);
    const { port } = red.address("IngressGateway/green-mesh");
    await green.apply(egressTo(green, red, { discoveryPort: port }));
    const connect = async () => {
      const socket = await green.engine.connectDiscovery("red-mesh", new AbortController().signal);
      await eventually(() => expect(red.discovery.at(-1)?.socket.destroyed).toBe(false));
      return { socket, closed: drained(socket) };
    };
    const first = await connect();
    await red.apply({ ...gateway, clientId: green.identity("egress-blue-mesh") });
    await first.closed;
    expect(red.events.closed).toMatchObject([{ role: "IngressDiscovery", reason: "TrustChanged" }]);

    await red.apply(gateway);
    const second = await connect();
    const { rootCertificates } = createCertificateAuthority({ trustDomain: red.trustDomain, now: Date.now() });
    await green.apply(egressTo(green, red, { discoveryPort: port, trust: { ...red.trust, rootCertificates } }));
    await second.closed;
  });

  it("also where both meshes have one root: identities of the other trust domain stay out", async () => {
    const red = startMesh("red");
    const green = startMesh("green", { trustDomain: "green-mesh.local" });
    await red.apply(ingressFor(red, green));
    const sharedRoot = {
      ...green.trust,
      rootCertificates: `${green.trust.rootCertificates}${red.trust.rootCertificates}`,
    };
    await red.apply(ingressFor(red, green, { trust: sharedRoot }));
    const own = red.certificates.get(red.identity("ingress-green-mesh"));
    const outcome = await tlsExchange({
      port: red.address("IngressGateway/green-mesh").port,
      servername: RATINGS,
      ca: red.authority.rootCertificates,
      cert: own?.certificateChain ?? "",
      key: own?.privateKey.exportPem() ?? "",
    });
    expect(outcome.received).toBe("");
    await eventually(() =>
      expect(red.events.refused).toMatchObject([
        { reason: "CertificateInvalid", message: expect.stringContaining("trust domain") },
      ]),
    );
  });
});

describe("a session ticket is no way in", () => {
  it.each(["TLSv1.2", "TLSv1.3"] as const)("%s: sessions are never resumed", async (maxVersion) => {
    const { red, green } = await exporter();
    const client = { ...clientOf(red, green), servername: RATINGS, maxVersion };
    const first = await dialTls(client);
    let session: Buffer | undefined = first.getSession();
    first.on("session", (ticket: Buffer) => {
      session = ticket;
    });
    await echoes(first);
    first.destroy();
    expect(session).toBeDefined();
    const second = await dialTls({ ...client, ...(session && { session }) });
    expect(second.isSessionReused()).toBe(false);
    await echoes(second);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("%s: not past a change of roots or clientID either", async (maxVersion) => {
    for (const change of ["roots", "clientId"] as const) {
      const { red, green, gateway } = await exporter();
      const client = { ...clientOf(red, green), servername: RATINGS, maxVersion };
      const first = await dialTls(client);
      let session: Buffer | undefined = first.getSession();
      first.on("session", (ticket: Buffer) => {
        session = ticket;
      });
      await echoes(first);
      const { rootCertificates } = createCertificateAuthority({ trustDomain: green.trustDomain, now: Date.now() });
      await red.apply(
        change === "roots"
          ? { ...gateway, trust: { ...green.trust, rootCertificates } }
          : { ...gateway, clientId: green.identity("egress-blue-mesh") },
      );
      expect(await tlsExchange({ ...client, ...(session && { session }) })).toMatchObject({ received: "" });
    }
  });
});

describe("an offer that is gone drains", () => {
  it("a withdrawn export: no new connections, the established ones for at most the drain timeout", async () => {
    const clock = new ManualClock(Date.now());
    const { red, green } = await exporter({ clock, limits: { drainTimeoutMs: 20_000 } });
    const socket = await established(red, green);
    await red.remove(`ExportRoute/green-mesh/${RATINGS}`);
    expect(await tlsExchange({ ...clientOf(red, green), servername: RATINGS })).toMatchObject({ received: "" });
    await echoes(socket);
    clock.advance(19_999);
    await echoes(socket);
    const outcome = drained(socket);
    clock.advance(1);
    expect((await outcome).ended).toBe("reset");
    await eventually(() => expect(red.events.closed).toMatchObject([{ reason: "ExportWithdrawn" }]));
  });

  it("an export that comes back in time keeps its connections", async () => {
    const clock = new ManualClock(Date.now());
    const { red, green, route } = await exporter({ clock, limits: { drainTimeoutMs: 20_000 } });
    const socket = await established(red, green);
    await red.remove(`ExportRoute/green-mesh/${RATINGS}`);
    clock.advance(19_000);
    await red.apply(route);
    clock.advance(60_000);
    await echoes(socket);
  });

  it("a port that is withdrawn from an export drains, its other ports stay", async () => {
    const clock = new ManualClock(Date.now());
    const { red, green, route, ratings } = await exporter({ clock, limits: { drainTimeoutMs: 20_000 } });
    const second = { port: 9081, protocol: "TCP", endpoints: [ratings] } as const;
    await red.apply({ ...route, ports: [...route.ports, second] });
    const client = clientOf(red, green);
    const gone = await dialTls({ ...client, servername: `outbound_.9080_._.${RATINGS}` });
    const stays = await dialTls({ ...client, servername: `outbound_.9081_._.${RATINGS}` });
    await echoes(gone);
    await echoes(stays);
    await red.apply({ ...route, ports: [second] });
    const outcome = drained(gone);
    clock.advance(20_000);
    expect((await outcome).ended).toBe("reset");
    await echoes(stays);
  });

  it("a removed import: its TCP listener goes at once, its connections drain", async () => {
    const clock = new ManualClock(Date.now());
    const { red, green } = await startRedAndGreen({ green: { clock, limits: { drainTimeoutMs: 20_000 } } });
    await red.apply(
      exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "TCP", endpoints: [await echoWorkload()] }]),
    );
    await green.apply(importedService("ratings", [{ protocol: "TCP" }], { virtualAddress: "127.82.2.1" }));
    const socket = await dial({ address: "127.82.2.1", port: 9080 });
    await echoes(socket);
    await green.remove(`ImportedService/${importedHost("ratings")}`);
    expect(await drained(await dial({ address: "127.82.2.1", port: 9080 }))).toMatchObject({ received: "" });
    await echoes(socket);
    const outcome = drained(socket);
    clock.advance(20_000);
    expect((await outcome).ended).toBe("reset");
    await eventually(() => expect(green.events.closed).toMatchObject([{ reason: "ImportRemoved" }]));
  });

  it("a removed outbound listener: what it has accepted is answered, and then closed", async () => {
    const waiting: (() => void)[] = [];
    const workload = await httpWorkload((_, response) => void waiting.push(() => response.end("late answer")));
    const { red, green } = await startRedAndGreen();
    await red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [workload] }]));
    await green.apply(importedService("ratings", [{}]));
    const outbound = green.address("OutboundListener/green-mesh");
    const socket = await dial(outbound);
    socket.write(`GET / HTTP/1.1\r\nHost: ${importedHost("ratings")}\r\n\r\n`);
    await eventually(() => expect(waiting).toHaveLength(1));
    await green.remove("OutboundListener/green-mesh");
    expect(await drained(await dial(outbound))).toMatchObject({ received: "" });
    for (const answer of waiting) answer();
    expect((await drained(socket)).received).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n[\s\S]*late answer/i,
    );
  });
});

describe("listeners", () => {
  it("that another program or another gateway holds are problems with a remedy, and are taken over once free", async () => {
    const red = startMesh("red");
    const green = startMesh("green");
    const blue = startMesh("blue");
    await red.apply(ingressFor(red, green));
    const taken = red.address("IngressGateway/green-mesh");
    const gateway = ingressFor(red, blue, { serviceListeners: [taken] });
    const problems = await red.apply(gateway);
    expect(problems).toEqual([
      {
        resource: "IngressGateway/blue-mesh",
        reason: "AddressInUse",
        listener: taken,
        message: `127.0.0.1:${taken.port} is already in use by "IngressGateway/green-mesh"`,
        remedy: "give each gateway's Service an address or port of its own",
      },
    ]);
    expect(await red.apply()).toEqual(problems);
    expect(await red.remove("IngressGateway/green-mesh")).toEqual([]);
    expect(red.address("IngressGateway/blue-mesh")).toEqual(taken);

    const other = await echoWorkload();
    expect(await red.apply(ingressFor(red, green, { serviceListeners: [other] }))).toMatchObject([
      { reason: "AddressInUse", message: `127.0.0.1:${other.port} is already in use by another program` },
    ]);
    expect(
      await red.apply(ingressFor(red, green, { serviceListeners: [{ address: "192.0.2.1", port: 15443 }] })),
    ).toMatchObject([{ reason: "AddressNotAvailable", message: "192.0.2.1:15443 is not an address of this machine" }]);
  });

  it("of two gateways may be exchanged in one change", async () => {
    const red = startMesh("red");
    const green = startMesh("green");
    const blue = startMesh("blue");
    await red.apply(ingressFor(red, green), ingressFor(red, blue));
    const [first, second] = [red.address("IngressGateway/green-mesh"), red.address("IngressGateway/blue-mesh")];
    const problems = await red.apply(
      ingressFor(red, green, { serviceListeners: [second] }),
      ingressFor(red, blue, { serviceListeners: [first] }),
    );
    expect(problems).toEqual([]);
    expect([red.address("IngressGateway/green-mesh"), red.address("IngressGateway/blue-mesh")]).toEqual([
      second,
      first,
    ]);
  });

  it("of a peer that is removed and added again belong to the new one, also when nobody waited", async () => {
    const { red, green, gateway, route } = await exporter();
    const fixed = { ...gateway, serviceListeners: [red.address("IngressGateway/green-mesh")] };
    await red.apply(fixed);
    const removed = red.remove("IngressGateway/green-mesh");
    const added = red.apply(fixed, route);
    expect([await removed, await added]).toEqual([[], []]);
    expect(await tlsExchange({ ...clientOf(red, green), servername: RATINGS })).toMatchObject({ received: "hello" });
  });

  it("of a gateway without a certificate, or without usable roots, do not open; they do once there are", async () => {
    const red = startMesh("red");
    const green = startMesh("green");
    const identity = red.identity("ingress-green-mesh");
    red.certificates.missing.add(identity);
    expect(await red.apply(ingressFor(red, green))).toMatchObject([
      { resource: "IngressGateway/green-mesh", reason: "CertificateUnavailable" },
    ]);
    expect(red.engine.addresses("IngressGateway/green-mesh")).toEqual([]);
    red.certificates.missing.delete(identity);
    red.certificates.rotate(identity);
    await eventually(() => expect(red.engine.addresses("IngressGateway/green-mesh")).toHaveLength(1));

    for (const rootCertificates of ["", "garbage", red.authority.privateKey.exportPem()]) {
      const problems = await red.apply(ingressFor(red, green, { trust: { ...green.trust, rootCertificates } }));
      expect(problems).toMatchObject([{ reason: "TrustInvalid" }]);
      expect(JSON.stringify(problems)).not.toContain("PRIVATE KEY");
      expect(red.engine.addresses("IngressGateway/green-mesh")).toEqual([]);
    }
    expect(await red.apply(ingressFor(red, green))).toEqual([]);
    expect(red.engine.addresses("IngressGateway/green-mesh")).toHaveLength(1);
  });
});

it("removes everything, and removing what is not there does nothing", async () => {
  const { red, green } = await startRedAndGreen();
  await red.apply(
    exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "TCP", endpoints: [await echoWorkload()] }]),
  );
  await green.apply(
    importedService("ratings", [{ protocol: "TCP" }], { virtualAddress: "127.82.3.1" }),
    outboundListener(green),
  );
  expect((await ask(green.address("OutboundListener/green-mesh"), { host: "none.test" })).status).toBe(404);
  for (const mesh of [red, green]) {
    expect(await mesh.remove(...mesh.applied.keys(), "IngressGateway/nobody")).toEqual([]);
    expect(mesh.engine.counters().listeners).toEqual([]);
    expect(mesh.certificates.subscriptions).toBe(0);
  }
});

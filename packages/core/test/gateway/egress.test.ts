import { once } from "node:events";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import type { SpiffeId } from "../../src/naming/spiffe-id.js";
import type { EgressGateway } from "../../src/plan/gateway-resource.js";
import { createCertificateAuthority } from "../../src/trust/index.js";
import { dial, drained, eventually, namingWorkload } from "./sockets.js";
import {
  egressTo,
  exportedHost,
  exportRoute,
  importedHost,
  importedService,
  ingressFor,
  startMesh,
  type TestMesh,
  type TestMeshOptions,
} from "./test-mesh.js";
import { credentials } from "./tls-client.js";

interface PeerGateway {
  readonly port: number;
  readonly connections: TLSSocket[];
  /** What callers sent. */
  readonly received: string[];
}

/** Something that plays the ingress gateway of red: takes TLS connections and answers `name`. */
async function peerGateway(options: {
  readonly red: TestMesh;
  readonly green: TestMesh;
  readonly identity?: SpiffeId;
  readonly authority?: TestMesh["authority"];
  readonly host?: string;
  readonly port?: number;
  readonly name?: string;
  readonly alpnProtocols?: string[];
}): Promise<PeerGateway> {
  const { red, green, identity = red.identity("ingress-green-mesh"), authority = red.authority } = options;
  const { host = "127.0.0.1", port = 0, name = "red", alpnProtocols } = options;
  const connections: TLSSocket[] = [];
  const received: string[] = [];
  const server = createTlsServer({
    ...credentials(authority, identity, green),
    requestCert: true,
    rejectUnauthorized: true,
    ...(alpnProtocols && { ALPNProtocols: alpnProtocols }),
  });
  server.on("secureConnection", (socket) => {
    connections.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => received.push(String(chunk)));
    socket.end(name);
  });
  server.on("tlsClientError", () => undefined);
  server.listen(port, host);
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of connections) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening");
  return { port: address.port, connections, received };
}

/** Green imports a TCP service of red; returns what a connection to it yields. */
async function importer(
  egress: Partial<EgressGateway>,
  options: TestMeshOptions & { accounts?: readonly SpiffeId[]; red?: TestMesh } = {},
) {
  const red = options.red ?? startMesh("red");
  const green = startMesh("green", options);
  const virtualAddress = nextAddress();
  const port = 27_017;
  const setUp = async (overrides: Partial<EgressGateway>) =>
    await green.apply(
      egressTo(green, red, { ...egress, ...overrides }),
      importedService(
        "mongo",
        [
          {
            port,
            protocol: "Mongo",
            remotes: [
              {
                peer: "red-mesh",
                exportedHost: exportedHost("mongo"),
                remotePort: port,
                serviceAccounts: options.accounts ?? [],
              },
            ],
          },
        ],
        { virtualAddress },
      ),
    );
  const call = async () => {
    const socket = await dial({ address: virtualAddress, port });
    socket.write("secret");
    return await drained(socket);
  };
  return { red, green, setUp, call };
}

let lastAddress = 0;

/** Loopback addresses of this test file alone. */
function nextAddress(): string {
  lastAddress += 1;
  return `127.81.0.${lastAddress}`;
}

describe("a connection to a peer", () => {
  it("asks for the exported host and the remote port by server name, and offers `istio` alone (reference §7.4)", async () => {
    const { red, green, setUp, call } = await importer({});
    const gateway = await peerGateway({ red, green, alpnProtocols: ["istio-peer-exchange", "istio", "h2"] });
    expect(await setUp({ servicePort: gateway.port })).toEqual([]);
    expect(await call()).toEqual({ received: "red", ended: "end" });
    expect(gateway.connections[0]?.servername).toBe(`outbound_.27017_._.${exportedHost("mongo")}`);
    expect(gateway.connections[0]?.alpnProtocol).toBe("istio");
    expect(gateway.connections[0]?.getPeerX509Certificate()?.subjectAltName).toBe(
      `URI:${green.identity("egress-red-mesh")}`,
    );
  });

  it("may use another port at the peer than the one that is called here", async () => {
    const red = startMesh("red");
    const green = startMesh("green");
    const gateway = await peerGateway({ red, green });
    const virtualAddress = nextAddress();
    const remotes = [{ peer: "red-mesh", exportedHost: exportedHost("db"), remotePort: 5432, serviceAccounts: [] }];
    await green.apply(
      egressTo(green, red, { servicePort: gateway.port }),
      importedService("db", [{ port: 15432, protocol: "TCP", remotes }], { virtualAddress }),
    );
    expect((await drained(await dial({ address: virtualAddress, port: 15432 }))).received).toBe("red");
    expect(gateway.connections[0]?.servername).toBe(`outbound_.5432_._.${exportedHost("db")}`);
  });
});

describe("the server is accepted only as", () => {
  const ingress = "spiffe://red-mesh.local/ns/red-mesh-system/sa/ingress-green-mesh-service-account" as SpiffeId;
  const other = "spiffe://red-mesh.local/ns/bookinfo/sa/ratings" as SpiffeId;

  it.each<[string, SpiffeId[], SpiffeId]>([
    ["one of the announced accounts", [other, ingress], ingress],
    ["anybody of the peer's trust domain, when none is announced (10.25)", [], other],
  ])("%s", async (_, accounts, identity) => {
    const { red, green, setUp, call } = await importer({}, { accounts });
    const gateway = await peerGateway({ red, green, identity });
    await setUp({ servicePort: gateway.port });
    expect(await call()).toEqual({ received: "red", ended: "end" });
  });

  it("none of the others: another account", async () => {
    const { red, green, setUp, call } = await importer({}, { accounts: [ingress] });
    const gateway = await peerGateway({ red, green, identity: other });
    await setUp({ servicePort: gateway.port });
    expect(await call()).toEqual({ received: "", ended: "reset" });
    expect(green.events.peerFailures).toMatchObject([{ peer: "red-mesh", reason: "ServerIdentityRejected" }]);
    expect(green.events.refused).toMatchObject([{ role: "OutboundTcp", reason: "ServerIdentityRejected" }]);
    expect(gateway.received).toEqual([]);
  });

  it("none of the others: the same name from another root", async () => {
    const { red, green, setUp, call } = await importer({}, { accounts: [ingress] });
    const authority = createCertificateAuthority({ trustDomain: red.trustDomain, now: Date.now() });
    const gateway = await peerGateway({ red, green, authority });
    await setUp({ servicePort: gateway.port });
    expect(await call()).toMatchObject({ received: "" });
    expect(green.events.peerFailures).toMatchObject([{ reason: "ServerCertificateInvalid" }]);
  });

  it("none of the others: an identity of this very mesh, whose root is not the peer's", async () => {
    const { red, green, setUp, call } = await importer({});
    const gateway = await peerGateway({
      red,
      green,
      authority: green.authority,
      identity: green.identity("egress-red-mesh"),
    });
    await setUp({ servicePort: gateway.port });
    expect(await call()).toMatchObject({ received: "" });
    expect(green.events.peerFailures[0]?.reason).toMatch(/^Server(Identity|Certificate)/);
  });

  it("none of the others: a plain TCP server", async () => {
    const { setUp, call, green } = await importer({});
    const plain = await namingWorkload("plain");
    await setUp({ servicePort: plain.port });
    expect(await call()).toMatchObject({ received: "", ended: "reset" });
    expect(green.events.peerFailures).toMatchObject([{ reason: "HandshakeFailed" }]);
  });
});

describe("of several addresses", () => {
  async function twoAddresses(options: TestMeshOptions = {}) {
    const mesh = await importer({ addresses: ["127.0.0.1", "127.0.0.2"] }, options);
    const first = await peerGateway({ ...mesh, name: "one" });
    return { ...mesh, first };
  }

  it("all are used in turn", async () => {
    const { red, green, first, setUp, call } = await twoAddresses();
    await peerGateway({ red, green, host: "127.0.0.2", port: first.port, name: "two" });
    await setUp({ servicePort: first.port });
    const answers = [await call(), await call(), await call(), await call()].map(({ received }) => received);
    expect(answers).toEqual(["one", "two", "one", "two"]);
  });

  it("a dead one is skipped, and not asked again until its penalty ends", async () => {
    const { green, first, setUp, call } = await twoAddresses();
    await setUp({ servicePort: first.port });
    for (let round = 0; round < 6; round++) expect((await call()).received).toBe("one");
    expect(green.events.peerFailures).toMatchObject([
      { peer: "red-mesh", address: `127.0.0.2:${first.port}`, reason: "ConnectRefused" },
    ]);
    expect(green.engine.counters().peerFailures).toEqual([{ peer: "red-mesh", reason: "ConnectRefused", count: 1 }]);
  });

  it("a dead one is asked again after its penalty, and used once it works", async () => {
    const { red, green, first, setUp, call } = await twoAddresses({ limits: { penaltyBaseMs: 20 } });
    await setUp({ servicePort: first.port });
    await call();
    await call();
    expect(green.events.peerFailures).toHaveLength(1);
    await peerGateway({ red, green, host: "127.0.0.2", port: first.port, name: "two" });
    const answers = new Set<string>();
    await eventually(async () => {
      answers.add((await call()).received);
      expect(answers).toEqual(new Set(["one", "two"]));
    });
  });

  it("an impostor among them is skipped too", async () => {
    const { red, green, first, setUp, call } = await twoAddresses();
    const authority = createCertificateAuthority({ trustDomain: red.trustDomain, now: Date.now() });
    await peerGateway({ red, green, authority, host: "127.0.0.2", port: first.port, name: "impostor" });
    await setUp({ servicePort: first.port });
    for (let round = 0; round < 4; round++) expect((await call()).received).toBe("one");
    expect(green.events.peerFailures).toMatchObject([{ reason: "ServerCertificateInvalid" }]);
  });

  it("all dead ones are told about, and the last reason is the answer's", async () => {
    const { green, setUp, call } = await importer({ addresses: ["127.0.0.1", "127.0.0.2"] });
    const plain = await namingWorkload("plain");
    await setUp({ servicePort: plain.port });
    expect(await call()).toMatchObject({ received: "", ended: "reset" });
    expect(green.events.peerFailures.map(({ reason }) => reason)).toEqual(["HandshakeFailed", "ConnectRefused"]);
  });
});

describe("DNS names", () => {
  it("are resolved, all their addresses used, and remembered", async () => {
    const asked: string[] = [];
    const mesh = await importer(
      { addresses: ["ingress.red.example"] },
      {
        resolveHost: (host) => {
          asked.push(host);
          return Promise.resolve(["127.0.0.1", "127.0.0.2"]);
        },
      },
    );
    const first = await peerGateway({ ...mesh, name: "one" });
    await peerGateway({ ...mesh, host: "127.0.0.2", port: first.port, name: "two" });
    await mesh.setUp({ servicePort: first.port });
    expect([(await mesh.call()).received, (await mesh.call()).received].sort()).toEqual(["one", "two"]);
    expect(asked).toEqual(["ingress.red.example"]);
  });

  it("that fail or never answer hold up nobody while another is known", async () => {
    const mesh = await importer(
      { addresses: ["fails.example", "hangs.example", "127.0.0.1"] },
      {
        resolveHost: (host) =>
          host === "hangs.example" ? new Promise(() => {}) : Promise.reject(new Error("NXDOMAIN")),
      },
    );
    const gateway = await peerGateway(mesh);
    await mesh.setUp({ servicePort: gateway.port });
    expect((await mesh.call()).received).toBe("red");
  });

  it("that all fail are told about", async () => {
    const mesh = await importer({ addresses: ["a.example", "b.example"] });
    await mesh.setUp({});
    expect(await mesh.call()).toMatchObject({ received: "", ended: "reset" });
    expect(mesh.green.events.refused).toMatchObject([
      {
        reason: "NameNotResolved",
        message: expect.stringMatching(/egress gateway "egress-red-mesh" -> peer "red-mesh": .*a\.example.*b\.example/),
      },
    ]);
  });
});

it("does not mix two peers that export under one name (10.22)", async () => {
  const red = startMesh("red");
  const blue = startMesh("blue");
  const green = startMesh("green");
  const route = async (name: string) =>
    exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "TCP", endpoints: [await namingWorkload(name)] }]);
  await red.apply(ingressFor(red, green), await route("red's"));
  await blue.apply(ingressFor(blue, green), await route("blue's"));
  const imported = (peer: string) =>
    importedService(
      "ratings",
      [
        {
          protocol: "TCP",
          remotes: [{ peer, exportedHost: exportedHost("ratings"), remotePort: 9080, serviceAccounts: [] }],
        },
      ],
      { localHost: `ratings.info.svc.${peer}-imports.local`, virtualAddress: nextAddress() },
    );
  const fromRed = imported("red-mesh");
  const fromBlue = imported("blue-mesh");
  await green.apply(egressTo(green, red), egressTo(green, blue), fromRed, fromBlue);
  for (let round = 0; round < 3; round++) {
    for (const [service, answer] of [
      [fromRed, "red's"],
      [fromBlue, "blue's"],
    ] as const) {
      const socket = await dial({ address: service.virtualAddress ?? "", port: 9080 });
      expect((await drained(socket)).received).toBe(answer);
    }
  }
});

describe("connectDiscovery", () => {
  async function discovery() {
    const red = startMesh("red");
    const green = startMesh("green");
    await red.apply(
      ingressFor(red, green, { serviceListeners: [], discoveryListeners: [{ address: "127.0.0.1", port: 0 }] }),
    );
    const { port } = red.address("IngressGateway/green-mesh");
    await green.apply(egressTo(green, red, { discoveryPort: port }));
    return { red, green };
  }
  const never = new AbortController().signal;

  it("reaches the peer's discovery port with the discovery host as server name", async () => {
    const { red, green } = await discovery();
    const socket = await green.engine.connectDiscovery("red-mesh", never);
    onTestFinished(() => void socket.destroy());
    await eventually(() => expect(red.discovery).toHaveLength(1));
    expect(red.discovery[0]?.socket.servername).toBe("discovery.green-mesh-system.svc.red-mesh.local");
    const heard = once(socket, "data");
    red.discovery[0]?.socket.write("hello");
    expect(String((await heard)[0])).toBe("hello");
  });

  it("fails for a peer that is not configured", async () => {
    const { green } = await discovery();
    await expect(green.engine.connectDiscovery("blue-mesh", never)).rejects.toMatchObject({
      reason: "PeerNotConfigured",
      code: "UNAVAILABLE",
    });
  });

  it("is closed when the peer is removed", async () => {
    const { green } = await discovery();
    const socket = await green.engine.connectDiscovery("red-mesh", never);
    const closed = once(socket, "close");
    await green.remove("EgressGateway/red-mesh");
    await closed;
  });

  it("stops trying when it is aborted", async () => {
    const green = startMesh("green", { resolveHost: () => new Promise(() => {}) });
    const red = startMesh("red");
    await green.apply(egressTo(green, red, { addresses: ["hangs.example"] }));
    const abort = new AbortController();
    const attempt = green.engine.connectDiscovery("red-mesh", abort.signal);
    abort.abort(new Error("never mind"));
    await expect(attempt).rejects.toThrow("never mind");
  });
});

it("is a problem, not a crash, while the gateway has no certificate, and works as soon as it has one", async () => {
  const { red, green, setUp, call } = await importer({});
  const gateway = await peerGateway({ red, green });
  const identity = green.identity("egress-red-mesh");
  green.certificates.missing.add(identity);
  expect(await setUp({ servicePort: gateway.port })).toMatchObject([
    {
      resource: "EgressGateway/red-mesh",
      reason: "CertificateUnavailable",
      message: `there is no certificate for "${identity}"`,
    },
  ]);
  expect(await call()).toMatchObject({ ended: "reset" });
  expect(green.events.refused).toMatchObject([{ reason: "CertificateUnavailable" }]);
  green.certificates.missing.delete(identity);
  green.certificates.rotate(identity);
  expect((await call()).received).toBe("red");
  expect(await green.apply()).toEqual([]);
});

it("names the host of an import that has no egress", async () => {
  const green = startMesh("green");
  const virtualAddress = nextAddress();
  await green.apply(importedService("db", [{ port: 5432, protocol: "TCP" }], { virtualAddress }));
  expect(await drained(await dial({ address: virtualAddress, port: 5432 }))).toMatchObject({ ended: "reset" });
  expect(green.events.refused).toMatchObject([
    { resource: `ImportedService/${importedHost("db")}`, reason: "PeerNotConfigured" },
  ]);
});

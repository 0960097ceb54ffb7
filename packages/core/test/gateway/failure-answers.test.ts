import { describe, expect, it } from "vitest";
import { FAILURES, type HopFailureReason } from "../../src/gateway/index.js";
import type { SpiffeId } from "../../src/naming/spiffe-id.js";
import type { EgressGateway } from "../../src/plan/gateway-resource.js";
import { createCertificateAuthority } from "../../src/trust/index.js";
import { ask, deadEndpoint, httpWorkload, tcpWorkload } from "./sockets.js";
import {
  egressTo,
  exportedHost,
  exportRoute,
  importedHost,
  importedService,
  ingressFor,
  startRedAndGreen,
  type TestMesh,
} from "./test-mesh.js";

const HOST = importedHost("ratings");

async function meshes(limits = {}) {
  const { red, green } = await startRedAndGreen({ red: { limits: { drainTimeoutMs: 1 } }, green: { limits } });
  const workload = await httpWorkload((_, response) => response.end("ok"));
  await red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [workload] }]));
  await green.apply(importedService("ratings", [{}]));
  const { port } = red.address("IngressGateway/green-mesh");
  return { red, green, outbound: green.address("OutboundListener/green-mesh"), ingress: `127.0.0.1:${port}` };
}

/** What the other side changes does not reach connections that are established. Applying an egress closes idle ones. */
async function closePooled(green: TestMesh): Promise<void> {
  const egress = green.applied.get("EgressGateway/red-mesh");
  if (egress !== undefined) await green.apply(egress);
}

type Meshes = Awaited<ReturnType<typeof meshes>>;

/** Accepts connections and never says a word. */
async function silentServer(): Promise<number> {
  return (await tcpWorkload((socket) => void socket.resume())).port;
}

const reachedBy = (red: TestMesh, green: TestMesh, egress: Partial<EgressGateway>) =>
  green.apply(egressTo(green, red, egress));

/** What breaks, and what the caller is told. */
const CASES: readonly [string, number, HopFailureReason, string | RegExp, (meshes: Meshes) => Promise<unknown>][] = [
  [
    "the peer's ingress is not there",
    503,
    "ConnectRefused",
    /^egress gateway "egress-red-mesh" -> peer "red-mesh" at 127\.0\.0\.1:\d+$/,
    async ({ red, green }) => reachedBy(red, green, { servicePort: (await deadEndpoint()).port }),
  ],
  [
    "the peer's ingress never answers the handshake",
    504,
    "HandshakeTimeout",
    /^egress gateway "egress-red-mesh" -> peer "red-mesh" at 127\.0\.0\.1:\d+$/,
    async ({ red, green }) => reachedBy(red, green, { servicePort: await silentServer() }),
  ],
  [
    "the address of the peer is something else than a gateway",
    502,
    "HandshakeFailed",
    /^egress gateway "egress-red-mesh" -> peer "red-mesh" at /,
    async ({ red, green }) =>
      reachedBy(red, green, { servicePort: (await tcpWorkload((socket) => void socket.end("220 smtp"))).port }),
  ],
  [
    "the peer's name cannot be resolved",
    503,
    "NameNotResolved",
    'egress gateway "egress-red-mesh" -> peer "red-mesh"',
    ({ red, green }) => reachedBy(red, green, { addresses: ["nowhere.example"] }),
  ],
  [
    "spec.remote.addresses is empty",
    503,
    "NameNotResolved",
    'egress gateway "egress-red-mesh" -> peer "red-mesh"',
    ({ red, green }) => reachedBy(red, green, { addresses: [] }),
  ],
  [
    "the root that is configured for the peer is another",
    502,
    "ServerCertificateInvalid",
    /^egress gateway "egress-red-mesh" -> peer "red-mesh" at /,
    ({ red, green }) => {
      const { rootCertificates } = createCertificateAuthority({ trustDomain: red.trustDomain, now: Date.now() });
      return reachedBy(red, green, { trust: { ...red.trust, rootCertificates } });
    },
  ],
  [
    "the peer's ingress is not who was announced",
    502,
    "ServerIdentityRejected",
    /^egress gateway "egress-red-mesh" -> peer "red-mesh" at /,
    ({ green }) => {
      const serviceAccounts = ["spiffe://red-mesh.local/ns/x/sa/y" as SpiffeId];
      const remotes = [{ peer: "red-mesh", exportedHost: exportedHost("ratings"), remotePort: 9080, serviceAccounts }];
      return green.apply(importedService("ratings", [{ remotes }]));
    },
  ],
  [
    "the host is not exported any more",
    502,
    "ClosedBeforeResponse",
    /^remote ingress of peer "red-mesh" at 127\.0\.0\.1:\d+$/,
    ({ red }) => red.remove(`ExportRoute/green-mesh/${exportedHost("ratings")}`),
  ],
  [
    "the peer's clientID is another",
    502,
    "ClosedBeforeResponse",
    /^remote ingress of peer "red-mesh" at /,
    ({ red, green }) => red.apply(ingressFor(red, green, { clientId: green.identity("egress-blue-mesh") })),
  ],
  [
    "the service has no live endpoint at the peer",
    502,
    "ClosedBeforeResponse",
    /^remote ingress of peer "red-mesh" at /,
    async ({ red }) =>
      red.apply(
        exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [await deadEndpoint()] }]),
      ),
  ],
  [
    "the service never answers",
    504,
    "ResponseTimeout",
    /^remote ingress of peer "red-mesh" at /,
    async ({ red }) => {
      const mute = await tcpWorkload((socket) => void socket.resume());
      return red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [mute] }]));
    },
  ],
  [
    "the service closes without an answer",
    502,
    "ClosedBeforeResponse",
    /^remote ingress of peer "red-mesh" at /,
    async ({ red }) => {
      const rude = await tcpWorkload((socket) => void socket.once("data", () => socket.end()));
      return red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [rude] }]));
    },
  ],
  [
    "the ServiceMeshPeer is gone",
    503,
    "PeerNotConfigured",
    'egress gateway "none" -> peer "red-mesh"',
    ({ green }) => green.remove("EgressGateway/red-mesh"),
  ],
  [
    "the egress gateway has no certificate",
    503,
    "CertificateUnavailable",
    /^egress gateway "egress-red-mesh" -> peer "red-mesh"/,
    async ({ red, green }) => {
      green.certificates.missing.add(green.identity("egress-red-mesh"));
      await green.remove("EgressGateway/red-mesh");
      return reachedBy(red, green, {});
    },
  ],
  [
    "there is no way to the service at all",
    503,
    "NoUpstream",
    `local endpoint of "${HOST}"`,
    ({ green }) => green.apply(importedService("ratings", [{ remotes: [] }])),
  ],
  [
    "the service is not imported",
    404,
    "HostUnknown",
    "outbound listener",
    ({ green }) => green.remove(`ImportedService/${HOST}`),
  ],
  [
    "the port is another",
    404,
    "PortUnknown",
    "outbound listener",
    ({ green }) => green.apply(importedService("ratings", [{ port: 1 }, { port: 2 }])),
  ],
  [
    "the port is not HTTP",
    404,
    "PortUnknown",
    "outbound listener",
    ({ green }) => green.apply(importedService("ratings", [{ protocol: "Redis" }])),
  ],
];

describe("the caller is told which hop failed, and what to do, when", () => {
  it.each(CASES)("%s: %i %s", async (_, status, reason, hop, breakIt) => {
    const started = await meshes({ handshakeTimeoutMs: 100, requestIdleTimeoutMs: 150 });
    expect((await ask(started.outbound, { host: HOST })).body).toBe("ok");
    await breakIt(started);
    await closePooled(started.green);
    const answer = await ask(started.outbound, { host: HOST });
    expect(answer).toMatchObject({
      status,
      headers: { "x-meshfed-error": reason, "content-type": "application/problem+json" },
    });
    const problem = JSON.parse(answer.body);
    expect(problem).toMatchObject({ type: "about:blank", status, reason });
    expect(problem.hop).toMatch(hop);
    expect(problem.detail.startsWith(`${problem.hop}: `)).toBe(true);
    expect(problem.remedy).toBe(FAILURES[reason].remedy);
    expect(answer.body.endsWith("}\n")).toBe(true);
  });

  it("and a gRPC client by the status that it reads", async () => {
    const { outbound, green } = await meshes();
    await green.remove("EgressGateway/red-mesh");
    const answer = await ask(outbound, {
      host: HOST,
      method: "POST",
      headers: { "content-type": "application/grpc+proto" },
    });
    expect(answer).toMatchObject({
      status: 200,
      body: "",
      headers: {
        "content-type": "application/grpc+proto",
        "grpc-status": "14",
        "x-meshfed-error": "PeerNotConfigured",
      },
    });
    expect(decodeURIComponent(String(answer.headers["grpc-message"]))).toContain(
      'there is no egress gateway for peer "red-mesh"',
    );
  });
});

it("a workload of this mesh that fails is told apart from a peer", async () => {
  const { outbound, green } = await meshes();
  const endpoints = [await deadEndpoint()];
  await green.apply(importedService("ratings", [{ endpoints, remotes: [] }]));
  const problem = JSON.parse((await ask(outbound, { host: HOST })).body);
  expect(problem).toMatchObject({
    status: 503,
    reason: "ConnectRefused",
    hop: expect.stringMatching(/^local endpoint 127\.0\.0\.1:\d+ of "ratings\./),
    remedy: expect.stringContaining("EndpointSlice"),
  });
});

it("recovers from each of them", { timeout: 60_000 }, async () => {
  const started = await meshes({ handshakeTimeoutMs: 100, requestIdleTimeoutMs: 150, penaltyBaseMs: 1 });
  const { red, green, outbound } = started;
  const workload = await httpWorkload((_, response) => response.end("ok again"));
  for (const [, status, , , breakIt] of CASES) {
    await breakIt(started);
    await closePooled(green);
    expect((await ask(outbound, { host: HOST })).status).toBe(status);
    green.certificates.missing.clear();
    await red.apply(
      ingressFor(red, green),
      exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [workload] }]),
    );
    await green.apply(egressTo(green, red), importedService("ratings", [{}]));
    expect((await ask(outbound, { host: HOST })).body).toBe("ok again");
  }
});

/**
 * Two administrators with a server each, whose only contact are their gateways: the example's manifests, the statuses that
 * the product documentation shows, every way in that must stay shut, removal at each level, and a crash.
 */
import { readFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import type { SpiffeId } from "@meshfed/core";
import type { CertificateAuthority } from "@meshfed/core/trust";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  type Administrator,
  endpointSlice,
  exampleManifest,
  getThrough,
  newAuthority,
  outboundOf,
  startAdministrator,
  startWorkload,
  type Workload,
} from "./administrators.ts";
import { eventually } from "./eventually.ts";

const RED_INGRESS = "127.90.1.1";
const GREEN_INGRESS = "127.90.2.1";
const EVIL_INGRESS = "127.90.3.1";
const ADDRESSES = { "127.80.1.1": RED_INGRESS, "127.80.2.1": GREEN_INGRESS };
const HOST = "ratings.info.svc.red-mesh-imports.local:9080";
const EXPORTED = "red-ratings.info.svc.green-mesh-exports.local";
const GREEN_EGRESS = "spiffe://green-mesh.local/ns/green-mesh-system/sa/egress-red-mesh-service-account";

let ratings: Workload;
let reviews: Workload;
let red: Administrator;
let green: Administrator;
let outbound: string;

beforeAll(async () => {
  [ratings, reviews] = await Promise.all([startWorkload("ratings"), startWorkload("reviews")]);
  [red, green] = await Promise.all([
    startAdministrator({
      mesh: "red-mesh",
      pool: "127.90.1.0/24",
      manifests: [
        ...exampleManifest("two-administrators/red-mesh.yaml", ADDRESSES),
        ...exampleManifest("red-mesh/services.yaml"),
        ...exampleManifest("red-mesh/exports.yaml"),
        endpointSlice("ratings", "red-mesh-info", ratings.port),
        endpointSlice("reviews", "red-mesh-info", reviews.port),
      ],
    }),
    startAdministrator({
      mesh: "green-mesh",
      pool: "127.90.2.0/24",
      manifests: [
        ...exampleManifest("two-administrators/green-mesh.yaml", ADDRESSES),
        ...exampleManifest("green-mesh/imports.yaml"),
      ],
    }),
  ]);
  await green.trust("red-mesh", red.authority);
  await red.trust("green-mesh", green.authority);
  outbound = await outboundOf(green);
  await eventually(async () => expect((await ratingsAnswer()).status).toBe(200));
});

afterAll(async () => {
  await Promise.all([red?.server.stop(), green?.server.stop(), ratings?.close(), reviews?.close()]);
});

const ratingsAnswer = () => getThrough(outbound, HOST, "/ratings/1");

describe("what is shared", () => {
  it("lets green's workload reach red's ratings, and nothing that green does not import", async () => {
    expect(await ratingsAnswer()).toMatchObject({ status: 200, body: "ratings /ratings/1" });
    const reviewsHost = "reviews.red-mesh-info.svc.red-mesh-imports.local:9080";
    expect(await getThrough(outbound, reviewsHost)).toMatchObject({ status: 404 });
    expect(reviews.requests()).toBe(0);
  });

  it("shows the exports and imports that the product documentation shows", async () => {
    const exported = await red.get<{ status: object }>("exportedserviceset", "green-mesh");
    const imported = await green.get<{ status: object }>("importedserviceset", "red-mesh");
    expect(exported.status).toEqual(expectedStatus("export-to-green-mesh"));
    expect(imported.status).toEqual(expectedStatus("import-from-red-mesh"));
  });

  it("shows on both sides who is connected to whom, in the documented shape", async () => {
    for (const [administrator, peer] of [
      [red, "green-mesh"],
      [green, "red-mesh"],
    ] as const) {
      const status = await eventually(async () => {
        const found = await administrator.get<PeerObject>("servicemeshpeer", peer);
        const [pod] = found.status.discoveryStatus.active ?? [];
        expect(pod?.remotes?.[0]).toMatchObject({ connected: true, lastFullSync: expect.anything() });
        expect(pod?.watch).toMatchObject({ connected: true, lastFullSync: expect.anything() });
        return found.status.discoveryStatus;
      });
      const documented = expectedStatus<PeerStatus>("peer-connected").discoveryStatus;
      expect(shapeOf(withoutOptional(status))).toEqual(shapeOf(withoutOptional(documented)));
      expect(status.active?.[0]?.pod).toMatch(new RegExp(`^istiod-${administrator.mesh}-[0-9a-f]+$`));
    }
  });
});

describe("who is let in", () => {
  const outsider = newAuthority("green-mesh.local");
  const greenIdentity = (authority: CertificateAuthority, id: string = GREEN_EGRESS) =>
    authority.issue({ id: id as SpiffeId, now: Date.now() });
  const good = () => ({ certificate: greenIdentity(green.authority), serverName: `outbound_.9080_._.${EXPORTED}` });

  it("answers green's egress gateway for what is exported to green", async () => {
    expect(await attempt(good())).toContain("200 OK");
    expect(await attempt({ ...good(), serverName: EXPORTED })).toContain("200 OK");
  });

  const refused: readonly (readonly [string, () => Attempt])[] = [
    ["the right identity from another root", () => ({ ...good(), certificate: greenIdentity(outsider) })],
    [
      "another identity of green's root",
      () => ({ ...good(), certificate: greenIdentity(green.authority, otherIdentity) }),
    ],
    ["no client certificate", () => ({ serverName: good().serverName })],
    ["a host that is exported to somebody else", () => ({ ...good(), serverName: forHost(blueHost) })],
    ["a service of red that is not exported", () => ({ ...good(), serverName: forHost(notExported) })],
    ["a service of red by its own name", () => ({ ...good(), serverName: forHost(localHost) })],
    ["a port that the service does not have", () => ({ ...good(), serverName: `outbound_.9081_._.${EXPORTED}` })],
    ["no server name", () => ({ certificate: good().certificate })],
  ];
  const otherIdentity = "spiffe://green-mesh.local/ns/green-mesh-system/sa/default";
  const blueHost = "ratings.red-mesh-info.svc.blue-mesh-exports.local";
  const notExported = "details.red-mesh-info.svc.green-mesh-exports.local";
  const localHost = "ratings.red-mesh-info.svc.cluster.local";
  const forHost = (host: string) => `outbound_.9080_._.${host}`;

  it.each(refused)("refuses %s", async (_, given) => {
    const before = ratings.requests();
    expect(await attempt(given())).toBe("");
    expect(ratings.requests()).toBe(before);
  });

  it("refuses plain TCP", async () => {
    expect(await exchange(connectTcp(15443, RED_INGRESS))).toBe("");
  });

  it("10.24: tells nobody but green's egress gateway what is exported to green", async () => {
    const list = { path: "/v1/services/", port: 8188, serverName: "discovery.green-mesh-system.svc.red-mesh.local" };
    expect(await attempt({ ...good(), ...list })).toContain(EXPORTED);
    expect(await attempt({ ...list, certificate: greenIdentity(green.authority, otherIdentity) })).toContain(" 403 ");
    expect(await attempt({ ...list, certificate: greenIdentity(outsider) })).toBe("");
    expect(await attempt(list)).toBe("");
  });

  it("gives nothing to a third mesh that has green's names and another root", async () => {
    const evil = await startAdministrator({
      mesh: "green-mesh",
      pool: "127.90.3.0/24",
      authority: outsider,
      manifests: [
        ...exampleManifest("two-administrators/green-mesh.yaml", { ...ADDRESSES, "127.80.2.1": EVIL_INGRESS }),
        ...exampleManifest("green-mesh/imports.yaml"),
      ],
    });
    try {
      await evil.trust("red-mesh", red.authority);
      await eventually(async () => {
        const { status } = await evil.get<PeerObject>("servicemeshpeer", "red-mesh");
        expect(status.discoveryStatus.inactive?.[0]?.watch).toMatchObject({
          connected: false,
          lastDisconnectStatus: expect.stringMatching(/127\.90\.1\.1:8188|may not accept this mesh's certificate/),
        });
      });
      expect((await evil.get<{ status: object }>("importedserviceset", "red-mesh")).status).toEqual({
        importedServices: [],
      });
      expect((await getThrough(await outboundOf(evil), HOST)).status).toBe(404);
    } finally {
      await evil.server.stop();
    }
  });

  it("says in red's log who was refused and why, and never a private key", () => {
    const log = red.server.log() + green.server.log();
    expect(log).toContain("connection refused");
    expect(log).toContain(otherIdentity);
    expect(log).not.toContain("PRIVATE KEY");
  });
});

describe("what changes while it runs", () => {
  const setName = { apiVersion: "federation.maistra.io/v1", kind: "ExportedServiceSet" };

  it("shares a service that appears later, and withdraws one whose rule goes", async () => {
    const [service] = exampleManifest("red-mesh/services.yaml", { ratings: "details" }).filter(isService);
    await red.apply(...[service ?? {}, endpointSlice("details", "red-mesh-info", ratings.port)]);
    const rules = (names: readonly string[]) =>
      names.map((name) => ({ type: "NameSelector", nameSelector: { namespace: "red-mesh-info", name } }));
    const metadata = { name: "green-mesh", namespace: "red-mesh-system" };
    await red.apply({ ...setName, metadata, spec: { exportRules: rules(["details"]) } });
    await eventually(async () =>
      expect(await offered()).toEqual(["details.red-mesh-info.svc.green-mesh-exports.local"]),
    );
    expect((await ratingsAnswer()).status).toBe(404);
    await red.apply(...exampleManifest("red-mesh/exports.yaml"));
    await eventually(async () => expect((await ratingsAnswer()).status).toBe(200));
    expect(await offered()).toHaveLength(2);
  });

  it("keeps serving through a kill -9 of either server", async () => {
    await red.server.kill();
    expect((await ratingsAnswer()).status).toBe(503);
    red = await red.restart();
    await eventually(async () => expect((await ratingsAnswer()).status).toBe(200));
    await green.server.kill();
    green = await green.restart();
    await eventually(async () => expect((await ratingsAnswer()).status).toBe(200));
    expect((await green.get<{ status: object }>("importedserviceset", "red-mesh")).status).toEqual(
      expectedStatus("import-from-red-mesh"),
    );
  });

  it("no longer trusts a peer whose root certificate is taken away", async () => {
    const certificate = green.authority.issue({ id: GREEN_EGRESS as SpiffeId, now: Date.now() });
    const asGreen = () => attempt({ certificate, serverName: `outbound_.9080_._.${EXPORTED}` });
    expect(await asGreen()).toContain("200 OK");
    await red.remove("configmap", "green-mesh-ca-root-cert");
    await eventually(async () => expect(await asGreen()).toBe("ECONNREFUSED"));
    const { status } = await red.get<PeerObject>("servicemeshpeer", "green-mesh");
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: "ResolvedRefs", status: "False", reason: "RootCertificateNotFound" }),
    );
    await red.trust("green-mesh", green.authority);
    await eventually(async () => expect(await asGreen()).toContain("200 OK"));
  });

  it("leaves nothing behind when a peer, and then the mesh, is removed", async () => {
    await green.remove("servicemeshpeer", "red-mesh");
    await eventually(async () => expect((await ratingsAnswer()).status).toBe(404));
    expect((await green.get<{ status: object }>("importedserviceset", "red-mesh")).status).toMatchObject({
      importedServices: [],
      conditions: [{ type: "ResolvedRefs", status: "False", reason: "PeerNotFound" }],
    });
    await red.remove("servicemeshcontrolplane", "red-mesh");
    await eventually(async () => expect(await exchange(connectTcp(15443, RED_INGRESS))).toBe("ECONNREFUSED"));
    for (const [kind, name] of [
      ["service", "ingress-green-mesh"],
      ["serviceaccount", "ingress-green-mesh-service-account"],
      ["service", "outbound"],
    ] as const) {
      await expect(red.get(kind, name)).rejects.toThrow(/not found/);
    }
    const { status } = await red.get<{ status: object }>("exportedserviceset", "green-mesh");
    expect(status).toMatchObject({ exportedServices: [] });
  });

  it("ends with exit code 0 on SIGTERM", async () => {
    expect(await red.server.stop()).toBe(0);
    expect(await green.server.stop()).toBe(0);
  });

  async function offered(): Promise<readonly string[]> {
    const { status } = await green.get<{ status: { importedServices: { exportedName: string }[] } }>(
      "importedserviceset",
      "red-mesh",
    );
    return status.importedServices.map(({ exportedName }) => exportedName);
  }
});

interface PeerStatus {
  readonly discoveryStatus: {
    readonly active?: readonly PodStatus[];
    readonly inactive?: readonly PodStatus[];
  };
  readonly conditions?: readonly object[];
}

interface PodStatus {
  readonly pod: string;
  readonly watch: object;
  readonly remotes?: readonly object[];
}

interface PeerObject {
  readonly status: PeerStatus;
}

function expectedStatus<T = object>(name: string): T {
  const file = fileURLToPath(new URL(`../fixtures/manifests/${name}.status.yaml`, import.meta.url));
  return (parse(readFileSync(file, "utf8")) as { status: T }).status;
}

function isService(object: object): boolean {
  return "kind" in object && object.kind === "Service";
}

/** Fields that depend on what happened before: when an event came, why an earlier attempt failed. */
function withoutOptional(value: unknown): unknown {
  const optional = new Set(["lastEvent", "lastDisconnect", "lastDisconnectStatus"]);
  return JSON.parse(JSON.stringify(value, (key, field) => (optional.has(key) ? undefined : field)));
}

/** The structure with every scalar replaced by its type. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, shapeOf(field)]));
}

interface Attempt {
  readonly certificate?: { readonly certificateChain: string; readonly privateKey: { exportPem(): string } };
  readonly serverName?: string;
  readonly port?: number;
  readonly path?: string;
}

/** One HTTP request to red's ingress gateway for green, over TLS; all that came back, `""` when the gateway broke off. */
function attempt({ certificate, serverName, port = 15443, path = "/ratings/1" }: Attempt): Promise<string> {
  const socket = connectTls({
    host: RED_INGRESS,
    port,
    ...(serverName !== undefined && { servername: serverName }),
    ...(certificate !== undefined && { cert: certificate.certificateChain, key: certificate.privateKey.exportPem() }),
    rejectUnauthorized: false,
    ALPNProtocols: ["istio"],
  });
  return exchange(socket, path);
}

function exchange(socket: ReturnType<typeof connectTcp>, path = "/"): Promise<string> {
  return new Promise((resolve) => {
    let received = "";
    socket.setEncoding("utf8").on("data", (text: string | Buffer) => {
      received += text;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") received = "ECONNREFUSED";
    });
    socket.on("close", () => resolve(received));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
  });
}

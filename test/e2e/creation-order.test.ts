/** Whatever the order in which two administrators create their objects, the federation ends in the same state. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findResourceTypeByName, type KubernetesObject, parseObject } from "@meshfed/core";
import { createLogger, createMeshfedServer } from "@meshfed/server";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  authoritySecret,
  endpointSlice,
  exampleManifest,
  getThrough,
  newAuthority,
  startWorkload,
  type Workload,
} from "./administrators.ts";
import { connectTo } from "./api-client.ts";
import { eventually } from "./eventually.ts";

const RUNS = 6;
const HOST = "ratings.info.svc.red-mesh-imports.local:9080";
const red = newAuthority("red-mesh.local");
const green = newAuthority("green-mesh.local");
let ratings: Workload;

beforeAll(async () => {
  ratings = await startWorkload("ratings");
});
afterAll(() => ratings.close());

it("ends in the same state for any order of creation", { timeout: 120_000 }, async () => {
  const objects = federation();
  const namespaces = objects.filter(({ kind }) => kind === "Namespace");
  const others = objects.filter(({ kind }) => kind !== "Namespace");
  const orders = fc.shuffledSubarray(others, { minLength: others.length });
  const states: string[] = [];
  await fc.assert(
    fc.asyncProperty(orders, async (order) => {
      states.push(await createInOrder([...namespaces, ...order]));
      expect(new Set(states).size).toBe(1);
    }),
    { numRuns: RUNS },
  );
});

/** Everything of the example's red-mesh and green-mesh, root certificates included. */
function federation(): readonly KubernetesObject[] {
  const root = (mesh: string, peer: string, text: string) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `${peer}-ca-root-cert`, namespace: `${mesh}-system` },
    data: { "root-cert.pem": text },
  });
  const manifests = [
    ...["control-plane", "peer-green-mesh", "services", "exports"].flatMap((name) =>
      exampleManifest(`red-mesh/${name}.yaml`),
    ),
    ...["control-plane", "peer-red-mesh", "imports"].flatMap((name) => exampleManifest(`green-mesh/${name}.yaml`)),
    authoritySecret("red-mesh-system", red),
    authoritySecret("green-mesh-system", green),
    root("red-mesh", "green-mesh", green.rootCertificates),
    root("green-mesh", "red-mesh", red.rootCertificates),
    endpointSlice("ratings", "red-mesh-info", ratings.port),
  ];
  return manifests.map((manifest) => {
    const object = parseObject(manifest);
    if (!object.ok) throw new Error(JSON.stringify(object.violations));
    return object.value;
  });
}

/** Creates the objects in a new server; the statuses in the end, without what depends on time. */
async function createInOrder(objects: readonly KubernetesObject[]): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "meshfed-order-"));
  const server = await createMeshfedServer({
    dataDirectory: directory,
    logger: createLogger({ level: "silent" }),
    api: { port: 0 },
    loadBalancerPool: "127.93.0.0/24",
  });
  const { client, close } = connectTo(directory);
  const get = async (kind: string, name: string, namespace: string) =>
    client.get(typeNamed(kind), { name, namespace }) as Promise<KubernetesObject & { readonly status?: object }>;
  try {
    for (const object of objects) await client.create(typeNamed(object.kind), object);
    const outbound = `${await eventually(() => outboundAddress(get))}:15001`;
    await eventually(async () => expect((await getThrough(outbound, HOST)).status).toBe(200));
    return await eventually(async () => {
      const exported = (await get("ExportedServiceSet", "green-mesh", "red-mesh-system")).status;
      const imported = (await get("ImportedServiceSet", "red-mesh", "green-mesh-system")).status;
      const peers = [
        (await get("ServiceMeshPeer", "green-mesh", "red-mesh-system")).status,
        (await get("ServiceMeshPeer", "red-mesh", "green-mesh-system")).status,
      ];
      for (const peer of peers)
        expect(peer).toMatchObject({ discoveryStatus: { active: [{ watch: { connected: true } }] } });
      expect(imported).toMatchObject({ importedServices: [{}, {}] });
      return JSON.stringify({ exported, imported, conditions: peers.map(conditionsOf) }, withoutTimes);
    });
  } finally {
    await close();
    await server.close();
    rmSync(directory, { recursive: true });
  }
}

type Get = (kind: string, name: string, namespace: string) => Promise<KubernetesObject & { readonly status?: object }>;

async function outboundAddress(get: Get): Promise<string> {
  const { status } = await get("Service", "outbound", "green-mesh-system");
  const address = (status as { loadBalancer?: { ingress?: { ip: string }[] } } | undefined)?.loadBalancer?.ingress?.[0]
    ?.ip;
  if (address === undefined) throw new Error("the outbound Service has no address yet");
  return address;
}

function conditionsOf(status: object | undefined): unknown {
  return status !== undefined && "conditions" in status ? status.conditions : undefined;
}

function withoutTimes(key: string, value: unknown): unknown {
  return key === "lastTransitionTime" || key === "observedGeneration" ? undefined : value;
}

function typeNamed(kind: string) {
  const type = findResourceTypeByName(kind);
  if (type === undefined) throw new Error(`kind ${kind} is not served`);
  return type;
}

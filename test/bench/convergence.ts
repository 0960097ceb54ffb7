/**
 * How long it takes from the creation of a Service in red until a workload of green gets an answer from it: store, plan,
 * ingress route, discovery event, plan of the other mesh, outbound listener. Two servers, as two administrators run them.
 */
import { performance } from "node:perf_hooks";
import { findResourceType, formatViolations, type KubernetesObject, parseObject } from "@meshfed/core";
import {
  type Administrator,
  endpointSlice,
  exampleManifest,
  getThrough,
  outboundOf,
  startAdministrator,
  startWorkload,
} from "../e2e/administrators.ts";
import { connectTo } from "../e2e/api-client.ts";
import { eventually } from "../e2e/eventually.ts";
import { jsonPathFromArguments, runtimeVersions, summarize, writeReport } from "./report.ts";

const ROUNDS = 30;
const NAMESPACE = "red-mesh-info";
const ADDRESSES = { "127.80.1.1": "127.92.1.1", "127.80.2.1": "127.92.2.1" };
const ALL_SERVICES = { type: "NameSelector", nameSelector: { namespace: NAMESPACE, name: "*" } };
const FEDERATION = "federation.maistra.io/v1";

const workload = await startWorkload("answer");
const red = await startAdministrator({
  mesh: "red-mesh",
  pool: "127.92.1.0/24",
  manifests: [
    ...exampleManifest("two-administrators/red-mesh.yaml", ADDRESSES),
    ...exampleManifest("red-mesh/services.yaml"),
    endpointSlice("ratings", NAMESPACE, workload.port),
    {
      apiVersion: FEDERATION,
      kind: "ExportedServiceSet",
      metadata: { name: "green-mesh", namespace: "red-mesh-system" },
      spec: { exportRules: [ALL_SERVICES] },
    },
  ],
});
const green = await startAdministrator({
  mesh: "green-mesh",
  pool: "127.92.2.0/24",
  manifests: [
    ...exampleManifest("two-administrators/green-mesh.yaml", ADDRESSES),
    {
      apiVersion: FEDERATION,
      kind: "ImportedServiceSet",
      metadata: { name: "red-mesh", namespace: "green-mesh-system" },
      spec: { importRules: [ALL_SERVICES] },
    },
  ],
});
await green.trust("red-mesh", red.authority);
await red.trust("green-mesh", green.authority);
const outbound = await outboundOf(green);
await eventually(async () => assertAnswered(await request("ratings")));

const milliseconds: number[] = [];
const api = connectTo(red.server.dataDirectory);
for (let round = 0; round <= ROUNDS; round++) {
  const elapsed = await createAndCall(`service-${round}`);
  // The first round warms up.
  if (round > 0) milliseconds.push(elapsed);
}
await api.close();
await stop(red, green);
await workload.close();

writeReport({
  json: jsonPathFromArguments(),
  date: new Date().toISOString(),
  versions: runtimeVersions(),
  ratios: {},
  measures: { meshfed: { "service created to first answer": summarize(milliseconds, "ms") } },
});

async function createAndCall(name: string): Promise<number> {
  await create(endpointSlice(name, NAMESPACE, workload.port));
  const start = performance.now();
  await create({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: NAMESPACE },
    spec: { ports: [{ name: "http", port: 9080 }] },
  });
  while ((await request(name)).status !== 200);
  return performance.now() - start;
}

async function create(input: object): Promise<void> {
  const object = parseObject(input);
  if (!object.ok) throw new Error(formatViolations(object.violations));
  const type = findResourceType({ group: groupOf(object.value), kind: object.value.kind });
  if (type === undefined) throw new Error(`kind ${object.value.kind} is not served`);
  await api.client.create(type, object.value);
}

function groupOf({ apiVersion }: KubernetesObject): string {
  return apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}

function request(name: string) {
  return getThrough(outbound, `${name}.${NAMESPACE}.svc.red-mesh-imports.local:9080`);
}

function assertAnswered({ status }: { readonly status: number }): void {
  if (status !== 200) throw new Error(`answered with ${status}`);
}

async function stop(...administrators: readonly Administrator[]): Promise<void> {
  await Promise.all(administrators.map(({ server }) => server.stop()));
}

/**
 * The embedded store: durable writes one at a time and many at once, reading and watching 100,000 services, opening the
 * file. The peer of a write is the disk itself: appending 4 KiB to a file and waiting until they are down, which is the
 * least that any durable write can do.
 *
 *     npm run bench:store -- --json FILE
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Clock, type KubernetesObject, namespaceType, RESOURCE_TYPES, serviceType } from "@meshfed/core";
import { createEmbeddedStore, type ResourceStore } from "@meshfed/server";
import {
  jsonPathFromArguments,
  type Measure,
  measure,
  measureInTurns,
  medianRatio,
  runtimeVersions,
  summarize,
  writeReport,
} from "./report.ts";

const SERVICES = 100_000;
const NAMESPACES = 1_000;
const ROUNDS = 9;
/** Writes in one round. */
const WRITES = 512;
const AT_ONCE = 64;
const WATCHES = 1_000;
const PAGE = 500;

const directory = mkdtempSync(join(tmpdir(), "meshfed-bench-"));
const clock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
};
const measures: Record<string, Record<string, Measure>> = {};
const ratios: Record<string, number> = {};

let store = open();
await measureWrites();
await measureFanOut();
await fill();
await measureReads();
await measureBusyLoop();
await measureOpening();
await measureNamespaceDeletion();
await store.close();
rmSync(directory, { recursive: true });

writeReport({
  json: jsonPathFromArguments(),
  date: new Date().toISOString(),
  versions: runtimeVersions(),
  ratios: { disk: ratios },
  measures,
});

function open(): ResourceStore {
  return createEmbeddedStore({ directory, types: RESOURCE_TYPES, clock });
}

/** Some 600 bytes of JSON, as services are. */
function service(namespace: string, name: string, port = 9080): KubernetesObject & { readonly spec: object } {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, labels: { app: name, tier: name.endsWith("0") ? "gold" : "silver" } },
    spec: {
      clusterIP: "10.0.0.1",
      ports: [
        { name: "http", port, protocol: "TCP", targetPort: port },
        { name: "metrics", port: 15020, protocol: "TCP", targetPort: 15020 },
      ],
      selector: { app: name, version: "v1" },
      type: "ClusterIP",
    },
  };
}

async function createNamespaces(names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => store.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } })));
}

async function measureWrites(): Promise<void> {
  await createNamespaces(["writes"]);
  const log = openSync(join(directory, "append"), "w");
  const block = Buffer.alloc(4096, "x");
  let count = 0;
  const names = () => Array.from({ length: WRITES }, () => `service-${count++}`);
  const samples = await measureInTurns(
    {
      disk: () => {
        for (let write = 0; write < WRITES; write += 1) {
          writeSync(log, block);
          fdatasyncSync(log);
        }
      },
      oneAtATime: async () => {
        for (const name of names()) await store.create(service("writes", name));
      },
      manyAtOnce: async () => {
        const waiting = names();
        while (waiting.length > 0) {
          await Promise.all(waiting.splice(0, AT_ONCE).map((name) => store.create(service("writes", name))));
        }
      },
      status: async () => {
        for (let write = 0; write < WRITES; write += 1) {
          const status = { loadBalancer: { ingress: [{ ip: `127.0.0.${write % 250}` }] }, count: count++ };
          await store.update({ ...service("writes", "service-0"), ...{ status } }, { subresource: "status" });
        }
      },
    },
    ROUNDS,
  );
  closeSync(log);
  const perWrite = 1_000 / WRITES;
  measures.disk = { append4KiB: summarize(samples("disk"), "us", perWrite) };
  measures.write = {
    oneAtATime: summarize(samples("oneAtATime"), "us", perWrite),
    [`${AT_ONCE}AtOnce`]: summarize(samples("manyAtOnce"), "us", perWrite),
    status: summarize(samples("status"), "us", perWrite),
  };
  ratios.oneAtATime = medianRatio(samples("oneAtATime"), samples("disk"));
  ratios[`${AT_ONCE}AtOnce`] = medianRatio(samples("manyAtOnce"), samples("disk"));
}

/** From a write's call until the last of the watches has its event. */
async function measureFanOut(): Promise<void> {
  await createNamespaces(["fan-out"]);
  await store.create(service("fan-out", "ratings"));
  let port = 0;
  const fanOut: Record<string, Measure> = {};
  for (const watches of [1, WATCHES]) {
    const { resourceVersion } = await store.list({ type: serviceType });
    const controller = new AbortController();
    const options = { type: serviceType, namespace: "fan-out", resourceVersion, signal: controller.signal };
    const iterators = Array.from({ length: watches }, () => store.watch(options)[Symbol.asyncIterator]());
    fanOut[`writeToLastOf${watches}`] = await measure(async () => {
      const arriving = Promise.all(iterators.map((iterator) => iterator.next()));
      await store.update(service("fan-out", "ratings", ++port));
      await arriving;
    }, 10 * ROUNDS);
    controller.abort();
  }
  measures.watch = fanOut;
}

async function fill(): Promise<void> {
  await store.delete(namespaceType, { name: "writes" });
  await store.delete(namespaceType, { name: "fan-out" });
  const namespaces = Array.from({ length: NAMESPACES }, (_, index) => `namespace-${index}`);
  await createNamespaces(namespaces);
  const start = performance.now();
  for (const namespace of namespaces) {
    const names = Array.from({ length: SERVICES / NAMESPACES }, (_, index) => `service-${index}`);
    await Promise.all(names.map((name) => store.create(service(namespace, name))));
  }
  const elapsedMs = performance.now() - start;
  measures.write = { ...measures.write, fill100000: summarize([elapsedMs], "us", 1_000 / SERVICES) };
}

async function measureReads(): Promise<void> {
  const matches = (object: KubernetesObject) => object.metadata.labels?.tier === "gold";
  const reference = { namespace: "namespace-500", name: "service-50" };
  const get = await measure(async () => {
    for (let read = 0; read < 1_000; read += 1) await store.get(serviceType, reference);
  }, ROUNDS);
  const initial = async () => {
    const controller = new AbortController();
    let left = SERVICES;
    for await (const _event of store.watch({ type: serviceType, signal: controller.signal })) {
      left -= 1;
      if (left === 0) controller.abort();
    }
  };
  measures.read = {
    get: { ...get, unit: "us" },
    listNamespace: await measure(() => store.list({ type: serviceType, namespace: "namespace-500" }), ROUNDS),
    list100000: await measure(() => store.list({ type: serviceType }), ROUNDS),
    list100000Selected: await measure(() => store.list({ type: serviceType, matches }), ROUNDS),
    allPagesOf500: await measure(readPages, ROUNDS),
    watchInitial100000: await measure(initial, ROUNDS),
  };
}

async function readPages(): Promise<void> {
  let page = await store.list({ type: serviceType, limit: PAGE });
  while (page.continue !== undefined) {
    page = await store.list({ type: serviceType, limit: PAGE, continue: page.continue });
  }
}

/** The longest that other work had to wait while the store was busy. */
async function measureBusyLoop(): Promise<void> {
  const matches = (object: KubernetesObject) => object.metadata.name === "nobody";
  const longest = async (work: () => Promise<unknown>) => {
    const delays = monitorEventLoopDelay({ resolution: 1 });
    delays.enable();
    for (let round = 0; round < ROUNDS; round += 1) await work();
    delays.disable();
    return summarize([delays.max / 1e6], "ms");
  };
  let port = 10_000;
  measures.eventLoop = {
    longestWhileListing: await longest(() => store.list({ type: serviceType, matches })),
    longestWhileWriting: await longest(async () => {
      port += 1;
      const names = Array.from({ length: 100 }, (_, index) => `service-${index}`);
      await Promise.all(names.map((name) => store.update(service("namespace-7", name, port))));
    }),
  };
}

async function measureOpening(): Promise<void> {
  measures.open = {
    [`with${SERVICES}Services`]: await measure(async () => {
      await store.close();
      store = open();
    }, 3),
  };
}

async function measureNamespaceDeletion(): Promise<void> {
  let next = 100;
  measures.delete = {
    namespaceOf100: await measure(() => store.delete(namespaceType, { name: `namespace-${next++}` }), ROUNDS),
  };
}

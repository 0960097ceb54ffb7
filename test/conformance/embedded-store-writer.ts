/**
 * A process that writes into an embedded store until it is killed: `node embedded-store-writer.ts DIRECTORY SEED`. It prints
 * one line of JSON for each write that the store has acknowledged, and for each that it has refused.
 */
import { writeSync } from "node:fs";
import {
  type Clock,
  configMapType,
  FederationError,
  type KubernetesObject,
  namespaceType,
  RESOURCE_TYPES,
} from "@meshfed/core";
import { createEmbeddedStore, type ResourceStore } from "@meshfed/server";

/** What the writer prints. */
export type WriterLine =
  | {
      readonly write: "ADDED" | "MODIFIED" | "DELETED";
      readonly name: string;
      readonly version: string;
      readonly value: string;
    }
  | { readonly refused: string; readonly message: string };

const NAMESPACE = "default";
/** Loops that write at the same time, so that transactions hold several writes. */
const WRITERS = 4;
const NAMES_PER_WRITER = 8;

const clock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

/** Mulberry32: the same seed, the same writes. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function configMap(name: string, value: string, size: number): KubernetesObject & { readonly data: object } {
  const data = { value, filling: "x".repeat(size) };
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: NAMESPACE }, data };
}

async function writeOnce(store: ResourceStore, name: string, value: string, random: () => number): Promise<WriterLine> {
  const reference = { namespace: NAMESPACE, name };
  const next = configMap(name, value, Math.floor(random() * 3_000));
  const exists = (await store.get(configMapType, reference)) !== undefined;
  const remove = exists && random() < 0.3;
  const written = await (remove
    ? store.delete(configMapType, reference)
    : exists
      ? store.update(next)
      : store.create(next));
  return {
    write: remove ? "DELETED" : exists ? "MODIFIED" : "ADDED",
    name,
    version: written.metadata.resourceVersion ?? "",
    value: (written as ReturnType<typeof configMap> & { data: { value: string } }).data.value,
  };
}

function print(line: WriterLine): void {
  // Blocks until the reader has room, so that no line waits in this process when it is killed.
  writeSync(1, `${JSON.stringify(line)}\n`);
}

async function writeForever(store: ResourceStore, writer: number, seed: number): Promise<never> {
  const random = createRandom(seed * WRITERS + writer);
  for (let count = 0; ; count += 1) {
    const name = `w${writer}-${Math.floor(random() * NAMES_PER_WRITER)}`;
    try {
      print(await writeOnce(store, name, `${seed}/${writer}/${count}`, random));
    } catch (error) {
      if (!FederationError.is(error)) throw error;
      print({ refused: error.code, message: error.message });
    }
  }
}

const [directory = "", seed = "1"] = process.argv.slice(2);
const store = createEmbeddedStore({
  directory,
  types: RESOURCE_TYPES,
  clock,
  retention: { maxChanges: 1_000_000, maxBytes: 1e9 },
});
if ((await store.get(namespaceType, { name: NAMESPACE })) === undefined) {
  await store.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
}
await Promise.all(Array.from({ length: WRITERS }, (_, writer) => writeForever(store, writer, Number(seed))));

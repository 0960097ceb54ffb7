import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KubernetesObject, RESOURCE_TYPES } from "@meshfed/core";
import { createEmbeddedStore, type EmbeddedStoreOptions, type ResourceStore } from "@meshfed/server";
import { onTestFinished } from "vitest";
import { ManualClock } from "../../../../test/conformance/manual-clock.js";

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "meshfed-store-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** One data directory whose store can be closed and opened again. */
export class StoreRig {
  readonly directory: string = temporaryDirectory();
  readonly clock: ManualClock = new ManualClock();
  readonly #open = new Set<ResourceStore>();

  constructor() {
    onTestFinished(() => this.close());
  }

  open(options: Partial<EmbeddedStoreOptions> = {}): ResourceStore {
    const store = createEmbeddedStore({
      directory: this.directory,
      types: RESOURCE_TYPES,
      clock: this.clock,
      ...options,
    });
    this.#open.add(store);
    return store;
  }

  async close(): Promise<void> {
    for (const store of this.#open) await store.close();
    this.#open.clear();
  }
}

export function namespace(name: string): KubernetesObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

/** In namespace "default" unless told otherwise. */
export function configMap(
  name: string,
  data: Readonly<Record<string, string>> = {},
  namespace = "default",
): KubernetesObject & { readonly data: object } {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data };
}

/** In namespace "default"; `key` stands for a private key. */
export function secret(name: string, key: string): KubernetesObject & { readonly data: object } {
  const data = { "ca-key.pem": Buffer.from(key).toString("base64") };
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "default" }, data };
}

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { type KubernetesObject, RESOURCE_TYPES } from "@meshfed/core";
import { systemClock } from "@meshfed/core/gateway";
import { Agent, fetch, type Response } from "undici";
import { onTestFinished } from "vitest";
import { type ApiServer, type ApiServerOptions, createApiServer } from "../../src/api/api-server.js";
import { type ClientConfig, parseKubeconfig } from "../../src/api/auth/kubeconfig.js";
import { createLogger } from "../../src/observability/logger.js";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.js";
import type { ResourceStore } from "../../src/store/resource-store.js";

export interface RigRequest {
  readonly method?: string;
  readonly body?: unknown;
  /** Instead of `body`: sent as it is. */
  readonly raw?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly code: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare whole documents, or name the fields that they expect
  readonly body: any;
}

/** A real API server over a real store, each in a directory of its own, gone when the test ends. */
export interface ApiRig {
  readonly directory: string;
  readonly store: ResourceStore;
  readonly server: ApiServer;
  readonly config: ClientConfig;
  /** What was logged so far. */
  readonly logs: () => string;
  /** As the administrator unless the headers say otherwise; the body is parsed when it is JSON. */
  request(path: string, request?: RigRequest): Promise<Answer>;
  open(path: string, request?: RigRequest): Promise<Response>;
  /** Creates objects directly, the way to a given state. */
  given(...objects: readonly object[]): Promise<void>;
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "meshfed-api-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export async function startApi(options: Partial<ApiServerOptions> = {}): Promise<ApiRig> {
  const directory = options.directory ?? temporaryDirectory();
  const store =
    options.store ??
    createEmbeddedStore({ directory: temporaryDirectory(), types: RESOURCE_TYPES, clock: systemClock });
  let logged = "";
  const destination = new Writable({
    write(chunk, _encoding, done) {
      logged += String(chunk);
      done();
    },
  });
  const server = await createApiServer({
    types: RESOURCE_TYPES,
    listen: { port: 0 },
    clock: systemClock,
    logger: createLogger({ level: "trace", destination }),
    readiness: () => true,
    ...options,
    store,
    directory,
  });
  const config = parseKubeconfig(readFileSync(server.kubeconfigPath, "utf8"), () => "");
  const agent = new Agent({ connect: { ca: config.certificateAuthority ?? "" } });
  onTestFinished(async () => {
    await server.close();
    await agent.destroy();
    await store.close();
  });
  const open: ApiRig["open"] = (path, { method = "GET", body, raw, headers = {}, signal } = {}) =>
    fetch(`${server.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${config.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: raw ?? (body === undefined ? null : JSON.stringify(body)),
      dispatcher: agent,
      ...(signal === undefined ? {} : { signal }),
    });
  return {
    directory,
    store,
    server,
    config,
    logs: () => logged,
    open,
    async request(path, request) {
      const response = await open(path, request);
      const text = await response.text();
      return { code: response.status, headers: new Headers([...response.headers]), body: parse(text) };
    },
    async given(...objects) {
      for (const object of objects) await store.create(object as KubernetesObject);
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

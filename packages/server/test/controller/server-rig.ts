/** A whole server in this process, on a data directory of its own, with what it logs and a client of its API. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RestClient } from "@meshfed/client";
import { type Condition, findResourceTypeByName, type KubernetesObject, parseObject } from "@meshfed/core";
import { createLogger, createMeshfedServer, type MeshfedServer, type MeshfedServerOptions } from "@meshfed/server";
import { onTestFinished } from "vitest";
import { connectTo } from "../../../../test/e2e/api-client.js";

export type ObjectWithStatus = KubernetesObject & {
  readonly status?: { readonly conditions?: readonly Condition[] } & Readonly<Record<string, unknown>>;
};

export interface ServerRig {
  readonly directory: string;
  readonly server: MeshfedServer;
  readonly client: RestClient;
  /** Everything that was logged so far. */
  log(): readonly LogLine[];
  apply(...manifests: readonly object[]): Promise<readonly KubernetesObject[]>;
  get(kind: string, name: string, namespace?: string): Promise<ObjectWithStatus>;
  list(kind: string, namespace: string): Promise<readonly string[]>;
  remove(kind: string, name: string, namespace?: string): Promise<void>;
  /** The condition's `status reason`. */
  condition(kind: string, name: string, type: string): Promise<string>;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
}

export const NAMESPACE = "red-mesh-system";

/** Started on a pool of its own; closed when the test ends. */
export async function startServer(
  pool: string,
  options: Partial<MeshfedServerOptions> = {},
  directory = temporaryDirectory(),
): Promise<ServerRig> {
  const lines: LogLine[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) };
  const server = await createMeshfedServer({
    dataDirectory: directory,
    logger: createLogger({ level: "info", destination }),
    api: { port: 0 },
    loadBalancerPool: pool,
    drainTimeoutMs: 100,
    ...options,
  });
  const { client, close } = connectTo(directory);
  onTestFinished(async () => {
    await close();
    await server.close();
  });
  const get = async (kind: string, name: string, namespace = NAMESPACE) =>
    (await client.get(typeNamed(kind), { name, namespace })) as ObjectWithStatus;
  return {
    directory,
    server,
    client,
    log: () => lines,
    apply: async (...manifests) => {
      const applied: KubernetesObject[] = [];
      for (const manifest of manifests) {
        const object = parseObject(manifest);
        if (!object.ok) throw new Error(JSON.stringify(object.violations));
        applied.push((await client.apply(typeNamed(object.value.kind), object.value)).object);
      }
      return applied;
    },
    get,
    async list(kind, namespace) {
      const { items } = await client.list(typeNamed(kind), { namespace });
      return items.map(({ metadata }) => metadata.name);
    },
    async remove(kind, name, namespace = NAMESPACE) {
      await client.delete(typeNamed(kind), { name, namespace });
    },
    async condition(kind, name, type) {
      const { status } = await get(kind, name);
      const found = status?.conditions?.find((condition) => condition.type === type);
      return `${found?.status} ${found?.reason}`;
    },
  };
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "meshfed-server-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function typeNamed(kind: string) {
  const type = findResourceTypeByName(kind);
  if (type === undefined) throw new Error(`kind ${kind} is not served`);
  return type;
}

export const namespaceManifest = (name = NAMESPACE) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });

export interface ControlPlaneOptions {
  readonly name?: string;
  readonly trustDomain?: string;
  readonly ingress?: object;
  readonly finalizers?: readonly string[];
}

/** A control plane with an ingress and an egress gateway for green-mesh. */
export function controlPlaneManifest(options: ControlPlaneOptions = {}): object {
  const { name = "red-mesh", trustDomain = "red-mesh.local", ingress = {}, finalizers } = options;
  return {
    apiVersion: "maistra.io/v2",
    kind: "ServiceMeshControlPlane",
    metadata: { name, namespace: NAMESPACE, ...(finalizers && { finalizers }) },
    spec: {
      security: { trust: { domain: trustDomain } },
      gateways: {
        additionalIngress: { "ingress-green-mesh": gateway({ ...ingress }) },
        additionalEgress: { "egress-green-mesh": gateway({}) },
      },
    },
  };
}

function gateway(spec: object): object {
  return {
    enabled: true,
    service: {
      metadata: { labels: { "federation.maistra.io/gateway": "green" } },
      ports: [
        { name: "tls", port: 15443 },
        { name: "https-discovery", port: 8188 },
      ],
      ...spec,
    },
  };
}

export function peerManifest(name = "green-mesh", spec: object = {}): object {
  return {
    apiVersion: "federation.maistra.io/v1",
    kind: "ServiceMeshPeer",
    metadata: { name, namespace: NAMESPACE },
    spec: {
      remote: { addresses: ["127.95.250.1"], discoveryPort: 8188, servicePort: 15443 },
      gateways: { ingress: { name: "ingress-green-mesh" }, egress: { name: "egress-green-mesh" } },
      security: {
        trustDomain: "green-mesh.local",
        clientID: "green-mesh.local/ns/green-mesh-system/sa/egress-red-mesh-service-account",
        certificateChain: { kind: "ConfigMap", name: "green-mesh-ca-root-cert" },
      },
      ...spec,
    },
  };
}

export function rootManifest(rootCertificates: string): object {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "green-mesh-ca-root-cert", namespace: NAMESPACE },
    data: { "root-cert.pem": rootCertificates },
  };
}

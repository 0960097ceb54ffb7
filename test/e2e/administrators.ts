/** Two or more administrators on one host: servers, workloads and certificate authorities that the test holds the keys of. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { KubernetesObject, TrustDomain } from "@meshfed/core";
import { type CertificateAuthority, createCertificateAuthority, toSecretData } from "@meshfed/core/trust";
import { parseAllDocuments } from "yaml";
import { type MeshfedProcess, meshfed, serve } from "./meshfed-process.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/bookinfo/", import.meta.url));

export interface Administrator {
  readonly mesh: string;
  readonly namespace: string;
  readonly authority: CertificateAuthority;
  readonly server: MeshfedProcess;
  /** Starts the server again on its data, as it was started first. */
  restart(): Promise<Administrator>;
  apply(...objects: readonly object[]): Promise<void>;
  remove(kind: string, name: string, namespace?: string): Promise<void>;
  get<T = KubernetesObject & { readonly status?: unknown }>(kind: string, name: string, namespace?: string): Promise<T>;
  /** Puts the other mesh's root certificate where the ServiceMeshPeer names it. */
  trust(peer: string, authority: CertificateAuthority): Promise<void>;
}

export interface AdministratorOptions {
  readonly mesh: string;
  readonly pool: string;
  /** The mesh's Namespace first; applied in this order. */
  readonly manifests: readonly object[];
  /** Default: one for `<mesh>.local`. */
  readonly authority?: CertificateAuthority;
}

/** Starts a server for one mesh, with a certificate authority whose key the test knows. */
export async function startAdministrator(options: AdministratorOptions): Promise<Administrator> {
  const { mesh, pool } = options;
  const authority = options.authority ?? newAuthority(`${mesh}.local`);
  const directory = mkdtempSync(join(tmpdir(), `meshfed-${mesh}-`));
  const namespace = `${mesh}-system`;
  const file = join(directory, "manifests.json");
  const [namespaceManifest = {}, ...manifests] = options.manifests;
  writeList(file, [namespaceManifest, authoritySecret(namespace, authority), ...manifests]);
  const start = (args: readonly string[]) => serve(join(directory, "data"), "--load-balancer-pool", pool, ...args);
  return administrator(await start(["-f", file]), { mesh, namespace, authority, directory, restart: () => start([]) });
}

interface Surroundings extends Pick<Administrator, "mesh" | "namespace" | "authority"> {
  readonly directory: string;
  readonly restart: () => Promise<MeshfedProcess>;
}

function administrator(server: MeshfedProcess, surroundings: Surroundings): Administrator {
  const { mesh, namespace, authority, directory } = surroundings;
  let applied = 0;
  const self: Administrator = {
    mesh,
    namespace,
    authority,
    server,
    restart: async () => administrator(await surroundings.restart(), surroundings),
    async apply(...objects) {
      const file = join(directory, `apply-${++applied}.json`);
      writeList(file, objects);
      await meshfed(server.dataDirectory, "apply", "-f", file);
    },
    async remove(kind, name, from = namespace) {
      await meshfed(server.dataDirectory, "delete", kind, name, "-n", from);
    },
    async get(kind, name, from = namespace) {
      return JSON.parse(await meshfed(server.dataDirectory, "get", kind, name, "-n", from, "-o", "json"));
    },
    async trust(peer, { rootCertificates }) {
      const metadata = { name: `${peer}-ca-root-cert`, namespace };
      await self.apply({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { "root-cert.pem": rootCertificates } });
    },
  };
  return self;
}

export function newAuthority(trustDomain: string): CertificateAuthority {
  return createCertificateAuthority({ trustDomain: trustDomain as TrustDomain, now: Date.now() });
}

/** The objects of one of the example's manifests, with some of its text replaced. */
export function exampleManifest(path: string, replacements: Readonly<Record<string, string>> = {}): readonly object[] {
  let text = readFileSync(join(EXAMPLE, path), "utf8");
  for (const [from, to] of Object.entries(replacements)) text = text.replaceAll(from, to);
  return parseAllDocuments(text).map((document) => document.toJS() as object);
}

export function authoritySecret(namespace: string, authority: CertificateAuthority): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "cacerts", namespace },
    stringData: toSecretData(authority),
  };
}

function writeList(file: string, items: readonly object[]): void {
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }), { mode: 0o600 });
}

export interface Workload {
  readonly port: number;
  /** Requests that were answered. */
  requests(): number;
  close(): Promise<void>;
}

/** An HTTP server on 127.0.0.1 that answers every request with its name and the request's path. */
export async function startWorkload(name: string): Promise<Workload> {
  let requests = 0;
  const server = createServer((incoming, response) => {
    requests++;
    response.end(`${name} ${incoming.url}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    requests: () => requests,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
}

export function endpointSlice(service: string, namespace: string, port: number): object {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: service, namespace, labels: { "kubernetes.io/service-name": service } },
    addressType: "IPv4",
    ports: [{ name: "http", port, protocol: "TCP" }],
    endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request of a workload to its mesh's outbound listener. */
export function getThrough(outbound: string, host: string, path = "/"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`http://${outbound}${path}`, { headers: { host }, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      response.on("error", reject);
    });
    outgoing.on("error", reject).end();
  });
}

/** `address:port` of the mesh's outbound listener. */
export async function outboundOf(administrator: Administrator): Promise<string> {
  const service = await administrator.get<{ status: { loadBalancer: { ingress: { ip: string }[] } } }>(
    "service",
    "outbound",
  );
  return `${service.status.loadBalancer.ingress[0]?.ip}:15001`;
}

/** What the administrator of a mesh does, with the `meshfed` command and files alone. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const MESHFED = fileURLToPath(new URL("../../packages/server/dist/cli/main.js", import.meta.url));

/** A server that runs, and the command to talk to it. */
export interface Administrator {
  /** Runs `meshfed <args> --data-dir ...`; its standard output. */
  meshfed(...args: readonly string[]): Promise<string>;
  /** Applies objects of this administrator's own, as `meshfed apply -f <file>`. */
  apply(name: string, ...objects: readonly object[]): Promise<void>;
  stop(): Promise<void>;
}

/** Starts `meshfed serve` with its data (and its log) in `dataDirectory`; settles when it serves all `manifests`. */
export async function serve(
  dataDirectory: string,
  manifests: readonly string[],
  options: readonly string[] = [],
): Promise<Administrator> {
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const files = manifests.flatMap((path) => ["-f", path]);
  const log = await open(join(dataDirectory, "server.log"), "w");
  const server = run([MESHFED, "serve", "--data-dir", dataDirectory, "--port", "0", ...files, ...options], log.fd);
  await log.close();
  await lineStartingWith(server, "ready");
  const meshfed = async (...args: readonly string[]) => {
    const { stdout } = await promisify(execFile)(process.execPath, [MESHFED, ...args, "--data-dir", dataDirectory]);
    return stdout;
  };
  return {
    meshfed,
    async apply(name, ...objects) {
      const file = join(dataDirectory, `${name}.json`);
      await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }, null, 2));
      await meshfed("apply", "-f", file);
    },
    stop: () => end(server),
  };
}

/** The mesh's root certificate, as it is given to the other administrator. */
export async function rootCertificate(administrator: Administrator, mesh: string): Promise<string> {
  const text = await administrator.meshfed(
    ...["get", "configmap", "istio-ca-root-cert", "--namespace", `${mesh}-system`, "--output", "json"],
  );
  return (JSON.parse(text) as { data: Record<string, string> }).data["root-cert.pem"] ?? "";
}

/** Makes `mesh` trust `peer`: puts the root that was received where its ServiceMeshPeer says. */
export async function trust(administrator: Administrator, mesh: string, peer: string, root: string): Promise<void> {
  await administrator.apply(`${mesh}-trusts-${peer}`, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `${peer}-ca-root-cert`, namespace: `${mesh}-system` },
    data: { "root-cert.pem": root },
  });
}

/** A workload that runs; `address` is what its EndpointSlice names. */
export interface Workload {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts one of the example's HTTP services on a free port. */
export async function startWorkload(name: string): Promise<Workload> {
  const child = run([fileURLToPath(new URL(`workloads/${name}.ts`, import.meta.url))]);
  const [, address = "", port = ""] = /^listening (.+):(\d+)$/.exec(await lineStartingWith(child, "listening")) ?? [];
  return { name, address, port: Number(port), stop: () => end(child) };
}

/** Says where a Service's workload is; in a Kubernetes cluster the kubelet and the endpoint controller do that. */
export async function publish(administrator: Administrator, namespace: string, workload: Workload): Promise<void> {
  await administrator.apply(`endpoints-${workload.name}`, {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: workload.name, namespace, labels: { "kubernetes.io/service-name": workload.name } },
    addressType: "IPv4",
    ports: [{ name: "http", port: workload.port, protocol: "TCP" }],
    endpoints: [{ addresses: [workload.address], conditions: { ready: true } }],
  });
}

interface OutboundService {
  readonly spec: {
    readonly type: string;
    readonly ports: readonly { readonly port: number; readonly nodePort: number }[];
  };
  readonly status?: { readonly loadBalancer: { readonly ingress: readonly { readonly ip: string }[] } };
}

/** Where the mesh's workloads hand in their HTTP requests. */
export async function outboundAddress(administrator: Administrator, mesh: string): Promise<string> {
  const text = await administrator.meshfed("get", "service", "outbound", "--namespace", `${mesh}-system`, "-o", "json");
  const { spec, status } = JSON.parse(text) as OutboundService;
  const [port] = spec.ports;
  return spec.type === "NodePort"
    ? `127.0.0.1:${port?.nodePort}`
    : `${status?.loadBalancer.ingress[0]?.ip}:${port?.port}`;
}

/** A process whose standard output can be read; standard error goes to ours, or to the file `log`. */
function run(args: readonly string[], log: number | "inherit" = "inherit"): ChildProcess {
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", log] });
}

/** The first line of standard output with that start; fails when the process ends before. */
function lineStartingWith(child: ChildProcess, start: string): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error("the process was started without a pipe for its output");
    createInterface({ input: child.stdout }).on("line", (line) => line.startsWith(start) && resolve(line));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${child.spawnargs.join(" ")} ended with code ${code}`)));
  });
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

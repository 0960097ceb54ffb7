/** `meshfed serve` as a process: how it ends, and what it says when it cannot start. */
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RestClient } from "@meshfed/client";
import { isKind, serviceType } from "@meshfed/core";
import { expect, it, onTestFinished } from "vitest";
import { authoritySecret, endpointSlice, exampleManifest, getThrough, newAuthority } from "./administrators.ts";
import { connectTo } from "./api-client.ts";
import { eventually } from "./eventually.ts";
import { MAIN, serve } from "./meshfed-process.ts";

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "meshfed-serve-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function manifestFile(...items: readonly object[]): string {
  const file = join(temporaryDirectory(), "manifests.json");
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }), { mode: 0o600 });
  return file;
}

/** A TCP server of this test on a port of its own. */
async function listen(server: Server, host = "127.0.0.1", port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has an address");
  return address.port;
}

/** red-mesh exports ratings to green-mesh, both in one cluster. */
function federation(ratingsPort: number): readonly object[] {
  const red = newAuthority("red-mesh.local");
  const green = newAuthority("green-mesh.local");
  const root = (mesh: string, peer: string, rootCertificates: string) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `${peer}-ca-root-cert`, namespace: `${mesh}-system` },
    data: { "root-cert.pem": rootCertificates },
  });
  return [
    ...["control-plane", "peer-green-mesh", "services", "exports"].flatMap((name) =>
      exampleManifest(`red-mesh/${name}.yaml`),
    ),
    ...["control-plane", "peer-red-mesh", "imports"].flatMap((name) => exampleManifest(`green-mesh/${name}.yaml`)),
    authoritySecret("red-mesh-system", red),
    authoritySecret("green-mesh-system", green),
    root("red-mesh", "green-mesh", green.rootCertificates),
    root("green-mesh", "red-mesh", red.rootCertificates),
    endpointSlice("ratings", "red-mesh-info", ratingsPort),
  ];
}

it("ends within the drain timeout, whatever is under way, and says of no connection that it goes on", async () => {
  let asked = 0;
  const silent = createServer((socket) => {
    asked++;
    socket.on("error", () => undefined);
  });
  const file = manifestFile(...federation(await listen(silent)));
  const pool = ["--load-balancer-pool", "127.90.4.0/24"];
  const server = await serve(temporaryDirectory(), ...pool, "-f", file, "--drain-timeout", "1");
  onTestFinished(() => server.kill());
  const api = connectTo(server.dataDirectory);
  onTestFinished(() => api.close());
  const watched = new AbortController();
  const watching = drainWatch(api.client.watch(serviceType, { signal: watched.signal }));
  const { ip } = await outboundAddress(api.client);
  const outbound = `${ip}:15001`;
  const answers: unknown[] = [];
  await eventually(() => {
    getThrough(outbound, "ratings.info.svc.red-mesh-imports.local:9080").then(
      ({ status }) => answers.push(status),
      () => answers.push("broken off"),
    );
    expect(asked, `${answers.slice(-3)} ${server.log().slice(-3000)}`).toBeGreaterThan(0);
  });
  const began = Date.now();
  expect(await server.stop()).toBe(0);
  expect(Date.now() - began).toBeLessThan(5_000);
  watched.abort();
  await watching;
  expect(server.log()).not.toContain('"level":"error"');
});

async function outboundAddress(client: RestClient): Promise<{ readonly ip?: string | undefined }> {
  const service = await client.get(serviceType, { name: "outbound", namespace: "green-mesh-system" });
  if (service === undefined || !isKind(service, "Service")) throw new Error("a Service");
  return service.status?.loadBalancer?.ingress?.[0] ?? {};
}

async function drainWatch(events: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _ of events);
  } catch {
    // Its server went away, as it was told to.
  }
}

it("ends with exit code 0 when it is told to while it starts", async () => {
  const file = manifestFile(...federation(1));
  const args = [MAIN, "serve", "--data-dir", temporaryDirectory(), "--port", "0", "-f", file];
  const child = spawn(process.execPath, [...args, "--load-balancer-pool", "127.90.5.0/24"], { stdio: "pipe" });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  await new Promise<void>((resolve) => child.stderr.once("data", () => resolve()));
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
  expect(output).toBe("");
});

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** Runs `meshfed serve`, which is expected to end by itself. */
function serveToItsEnd(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, "serve", ...args], { timeout: 20_000 }, (_error, _stdout, stderr) =>
      resolve({ code: child.exitCode, stderr }),
    );
  });
}

it.each<readonly [string, () => Promise<readonly string[]>, number, RegExp]>([
  [
    "the data directory is another server's",
    async () => {
      const server = await serve(temporaryDirectory());
      onTestFinished(async () => void (await server.stop()));
      return ["--data-dir", server.dataDirectory, "--port", "0"];
    },
    1,
    /in use by another/,
  ],
  [
    "the data directory cannot be made",
    async () => {
      const file = join(temporaryDirectory(), "file");
      writeFileSync(file, "");
      return ["--data-dir", join(file, "data"), "--port", "0"];
    },
    2,
    /data directory ".*data" cannot be created or written \(ENOTDIR\)/,
  ],
  [
    "the database is damaged",
    async () => {
      const directory = temporaryDirectory();
      const server = await serve(directory);
      await server.stop();
      const database = readdirSync(directory).find((name) => /\.(db|sqlite)$/.test(name));
      writeFileSync(join(directory, database ?? "missing"), "nonsense".repeat(2000));
      return ["--data-dir", directory, "--port", "0"];
    },
    2,
    /damaged|not a database/,
  ],
  [
    "the API's port is taken",
    async () => ["--data-dir", temporaryDirectory(), "--port", String(await listen(createServer()))],
    1,
    /cannot listen on "127\.0\.0\.1" port \d+ \(EADDRINUSE\)/,
  ],
  [
    "an option is wrong",
    async () => ["--data-dir", temporaryDirectory(), "--load-balancer-pool", "everything"],
    2,
    /loadBalancerPool: "everything" is not an IPv4 range/,
  ],
  [
    "a manifest is wrong",
    async () => {
      const good = { apiVersion: "v1", kind: "Namespace", metadata: { name: "good" } };
      const bad = (name: string) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
      const file = manifestFile(good, bad("Not_A_Name"), bad("-"));
      return ["--data-dir", temporaryDirectory(), "--port", "0", "-f", file];
    },
    2,
    /Not_A_Name[\s\S]*"-"/,
  ],
])("says why it does not start when %s", async (_what, prepare, code, message) => {
  const ended = await serveToItsEnd(...(await prepare()));
  expect(ended.stderr).toMatch(message);
  expect(ended.stderr).not.toMatch(/\n +at /);
  expect(ended.code).toBe(code);
});

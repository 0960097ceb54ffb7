import type { KubernetesObject } from "@meshfed/core";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { MeshfedServer } from "../meshfed-server.js";
import { createLogger, LOG_LEVELS, type LogLevel } from "../observability/logger.js";
import {
  DEFAULT_API_PORT,
  DEFAULT_DRAIN_TIMEOUT_MS,
  DEFAULT_LOAD_BALANCER_POOL,
  DEFAULT_NODE_ADDRESS,
  DEFAULT_VIRTUAL_ADDRESS_POOL,
} from "../server-defaults.js";
import { applyAll } from "./apply.js";
import type { CommandContext } from "./command-context.js";
import { connect } from "./connection.js";
import { readManifests } from "./manifest-option.js";

interface ServeOptions {
  readonly dataDir: string;
  readonly filename?: readonly string[];
  readonly recursive: boolean;
  readonly host: string;
  readonly port: number;
  readonly loadBalancerPool: string;
  readonly virtualAddressPool: string;
  readonly nodeAddress: string;
  readonly drainTimeout: number;
  readonly logLevel: LogLevel;
}

const REQUEST_TIMEOUT_SECONDS = 60;

/** Adds `meshfed serve`: runs until SIGTERM or SIGINT, then ends cleanly; a second signal ends it at once. */
export function registerServe(program: Command, context: CommandContext): void {
  program
    .command("serve")
    .description("run the meshes of a cluster from a data directory")
    .requiredOption("--data-dir <dir>", "everything that outlives the process: objects, keys, the kubeconfig")
    .option("-f, --filename <path...>", "manifests to apply first: files or directories, YAML or JSON")
    .option("-R, --recursive", "also the directories in a directory", false)
    .option("--host <address>", "where the API listens", "127.0.0.1")
    .option("--port <port>", "port of the API; 0: a free one", parsePort, DEFAULT_API_PORT)
    .option("--load-balancer-pool <cidr>", "addresses of gateway Services", DEFAULT_LOAD_BALANCER_POOL)
    .option("--virtual-address-pool <cidr>", "addresses of imported TCP services", DEFAULT_VIRTUAL_ADDRESS_POOL)
    .option("--node-address <address>", "where gateways of type NodePort listen", DEFAULT_NODE_ADDRESS)
    .option(
      "--drain-timeout <seconds>",
      "when it ends: how long connections under way may take to finish",
      parseSeconds,
      DEFAULT_DRAIN_TIMEOUT_MS / 1000,
    )
    .addOption(new Option("--log-level <level>", "of the log on standard error").choices(LOG_LEVELS).default("info"))
    .action((options: ServeOptions) => serve(options, context));
}

async function serve(options: ServeOptions, context: CommandContext): Promise<void> {
  const manifests =
    options.filename === undefined
      ? []
      : await readManifests({ filename: options.filename, recursive: options.recursive }, "default", context);
  const stopped = stopSignal();
  // Loaded here so that the other commands need not load a server to start.
  const { createMeshfedServer } = await import("../meshfed-server.js");
  const server = await createMeshfedServer({
    dataDirectory: options.dataDir,
    logger: createLogger({ level: options.logLevel }),
    api: { host: options.host, port: options.port },
    loadBalancerPool: options.loadBalancerPool,
    virtualAddressPool: options.virtualAddressPool,
    nodeAddress: options.nodeAddress,
    drainTimeoutMs: options.drainTimeout * 1000,
  });
  try {
    const started = applyAndServe(server, options, manifests, context);
    if ((await Promise.race([stopped, started])) === "stopped") return;
    context.print(`ready ${server.apiUrl} kubeconfig=${server.kubeconfigPath}`);
    await stopped;
  } finally {
    await server.close();
  }
}

async function applyAndServe(
  server: MeshfedServer,
  options: ServeOptions,
  manifests: Awaited<ReturnType<typeof readManifests>>,
  context: CommandContext,
): Promise<void> {
  const connection = connect({ dataDir: options.dataDir, requestTimeout: REQUEST_TIMEOUT_SECONDS }, context.env);
  let applied: readonly KubernetesObject[];
  try {
    applied = await applyAll(connection, manifests, { dryRun: false, report: context.note });
  } finally {
    await connection.close();
  }
  await server.serving(applied);
}

/** Settles at the first signal; at a second one the process ends as the signal says. */
function stopSignal(): Promise<"stopped"> {
  return new Promise((resolve) => {
    const stop = () => {
      process.off("SIGTERM", stop);
      process.off("SIGINT", stop);
      resolve("stopped");
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
  });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("It must be a port number from 0 to 65535.");
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d{1,4}(\.\d+)?$/.test(text)) return seconds;
  throw new InvalidArgumentError("It must be a number of seconds from 0 to 9999.");
}

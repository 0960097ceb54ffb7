/** From options and environment to a client of the server that they name. */
import { readFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { createRestClient, type RestClient } from "@meshfed/client";
import type { Command } from "commander";
import { Agent, fetch } from "undici";
import { type ClientConfig, parseKubeconfig } from "../api/auth/kubeconfig.js";
import { usageFailure } from "./command-failure.js";

export interface ConnectionOptions {
  readonly dataDir?: string;
  readonly kubeconfig?: string;
  readonly requestTimeout: number;
}

export interface Connection {
  readonly client: RestClient;
  /** Namespace for objects and requests that name none. */
  readonly defaultNamespace: string;
  /** Ends connections that are kept open, so that the process can end. */
  close(): Promise<void>;
}

const DEFAULT_TIMEOUT_SECONDS = 30;

export function addConnectionOptions(command: Command): Command {
  return command
    .option("--data-dir <dir>", "data directory of a server on this host; its kubeconfig is used")
    .option("--kubeconfig <file>", "kubeconfig of the server (default: $MESHFED_KUBECONFIG, then $KUBECONFIG)")
    .option("--request-timeout <seconds>", "how long to wait for an answer", parseSeconds, DEFAULT_TIMEOUT_SECONDS);
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 86_400))
    throw usageFailure(`--request-timeout: "${text}" is not a number of seconds`);
  return seconds;
}

/** @throws CommandFailure when no server is named or its kubeconfig cannot be read, FederationError when it is not valid */
export function connect(options: ConnectionOptions, env: NodeJS.ProcessEnv): Connection {
  const path = chooseKubeconfig(options, env);
  const config = parseKubeconfig(readText(path), (referenced) => readText(resolve(dirname(path), referenced)));
  const agent = new Agent({ connect: tlsOptions(config) });
  const client = createRestClient({
    baseUrl: config.server,
    fetch: (url, init) =>
      fetch(url, { ...init, headers: { ...init.headers, "User-Agent": "meshfed" }, dispatcher: agent }),
    ...(config.token === undefined ? {} : { token: config.token }),
    timeoutMs: options.requestTimeout * 1000,
  });
  return { client, defaultNamespace: config.namespace ?? "default", close: () => agent.destroy() };
}

function chooseKubeconfig({ dataDir, kubeconfig }: ConnectionOptions, env: NodeJS.ProcessEnv): string {
  if (dataDir !== undefined && kubeconfig !== undefined) {
    throw usageFailure("--data-dir and --kubeconfig both name a server; give one of them");
  }
  if (dataDir !== undefined) return join(dataDir, "kubeconfig");
  // KUBECONFIG may be a list; kubectl merges it, we take its first file.
  const fromEnvironment = env.MESHFED_KUBECONFIG || env.KUBECONFIG?.split(delimiter).find((path) => path !== "");
  const path = kubeconfig ?? fromEnvironment;
  if (path !== undefined) return path;
  throw usageFailure(
    "no server is named; use --data-dir DIR, --kubeconfig FILE or the environment's MESHFED_KUBECONFIG",
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw usageFailure(`cannot read "${path}" (${code}); the server writes its kubeconfig when it is ready`);
  }
}

function tlsOptions(config: ClientConfig) {
  const { certificateAuthority, tlsServerName, skipTlsVerify, clientCertificate } = config;
  return {
    rejectUnauthorized: !skipTlsVerify,
    ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }),
    ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
    ...(clientCertificate === undefined ? {} : { cert: clientCertificate.certificate, key: clientCertificate.key }),
  };
}

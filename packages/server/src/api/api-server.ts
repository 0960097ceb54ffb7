/** The API: one HTTPS port, closed to everybody without a credential. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { type Clock, FederationError, type ResourceType } from "@meshfed/core";
import express from "express";
import helmet from "helmet";
import type { Logger } from "pino";
import type { ResourceStore } from "../store/resource-store.js";
import { ensureAdministratorCredential } from "./auth/administrator-credential.js";
import type { Authenticator } from "./auth/authenticator.js";
import { type Authorizer, allowAdministrators } from "./auth/authorizer.js";
import { renderKubeconfig } from "./auth/kubeconfig.js";
import { ensurePrivateDirectory, writePrivateFile } from "./auth/private-file.js";
import { ensureServingIdentity, type ServingIdentity } from "./auth/serving-identity.js";
import { createHealthRouter, type Readiness } from "./health.js";
import { createRequestLog } from "./request-log.js";
import { createResourceCatalog } from "./resource-catalog.js";
import { type BodyLimits, MAX_BODY_BYTES } from "./rest/request-body.js";
import { createFailureHandler, createRestHandler } from "./rest/rest-router.js";
import { withRedactedSecrets } from "./secret-redaction.js";

export interface ListenAddress {
  /** Default 127.0.0.1: nobody else's machine reaches the API. */
  readonly host?: string;
  /** 0: one that is free. */
  readonly port: number;
}

export interface ApiServerOptions {
  readonly store: ResourceStore;
  /** The kinds that are served. */
  readonly types: readonly ResourceType[];
  /** The server's data directory; holds `kubeconfig`, `credentials.json` and `pki/`. */
  readonly directory: string;
  readonly listen: ListenAddress;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly readiness: Readiness;
  /** Who may do what; default: administrators everything, nobody else anything. */
  readonly authorize?: Authorizer;
  /** Default 3 MiB within 15 seconds. */
  readonly bodyLimits?: Partial<BodyLimits>;
}

export interface ApiServer {
  readonly address: { readonly host: string; readonly port: number };
  /** For clients on this host, for example `https://127.0.0.1:6443`. */
  readonly url: string;
  readonly kubeconfigPath: string;
  /** Ends watches at once, lets other requests finish (at most five seconds), then frees the port. Idempotent. */
  close(): Promise<void>;
}

const BODY_TIMEOUT_MS = 15_000;
/** For requests in flight when the server stops. */
const DRAIN_TIMEOUT_MS = 5_000;
const RENEWAL_CHECK_MS = 60 * 60 * 1000;
const LOCAL_NAMES = ["localhost", "127.0.0.1", "::1"];

/**
 * Starts the API. Writes the administrator's kubeconfig (mode 0600) once it listens.
 *
 * @throws FederationError UNAVAILABLE when the address cannot be had, FAILED_PRECONDITION for damaged files
 */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { directory, clock, logger } = options;
  const host = options.listen.host ?? "127.0.0.1";
  const kubeconfigPath = join(directory, "kubeconfig");
  await ensurePrivateDirectory(directory);
  const identityOptions = { directory: join(directory, "pki"), names: servingNames(host), clock };
  const identity = await ensureServingIdentity(identityOptions);
  const credential = await ensureAdministratorCredential({ directory, kubeconfigPath, clock });

  const stopping = new AbortController();
  const app = createApp(options, credential.authenticate, stopping.signal);
  const server = createHttpsServer(identity, app, logger);
  const connections = trackConnections(server, stopping.signal);
  const address = await listen(server, host, options.listen.port);
  const url = `https://${urlHost(host)}:${address.port}`;
  const { certificateAuthority } = identity;
  const { user, token } = credential;
  await writePrivateFile(
    kubeconfigPath,
    renderKubeconfig({ server: url, certificateAuthority, user: user.name, token }),
  );
  const renewal = renewWhileRunning(server, () => ensureServingIdentity(identityOptions), identity, { clock, logger });

  const close = async () => {
    stopping.abort();
    renewal.stop();
    await drain(server, connections, clock);
  };
  let closed: Promise<void> | undefined;
  return {
    address: { host: address.address, port: address.port },
    url,
    kubeconfigPath,
    close() {
      closed ??= close();
      return closed;
    },
  };
}

function createApp(options: ApiServerOptions, authenticate: Authenticator, stopping: AbortSignal): express.Express {
  const { store, types, clock, logger, readiness, authorize = allowAdministrators, bodyLimits } = options;
  const rest = createRestHandler({
    context: { store: withRedactedSecrets(store), clock },
    catalog: createResourceCatalog(types),
    authenticate,
    authorize,
    limits: { maxBytes: MAX_BODY_BYTES, timeoutMs: BODY_TIMEOUT_MS, ...bodyLimits },
    logger,
    stopping,
  });
  const app = express();
  app.disable("x-powered-by").disable("etag");
  app.use(helmet(), createRequestLog(logger, clock), createHealthRouter(readiness));
  app.use((_request, response, next) => {
    response.setHeader("Cache-Control", "no-store");
    next();
  });
  app.use(rest, createFailureHandler(logger));
  return app;
}

/** Names of the certificate. A wildcard address is no name: then clients on other hosts need one given explicitly. */
function servingNames(host: string): readonly string[] {
  return isWildcard(host) ? LOCAL_NAMES : [...new Set([...LOCAL_NAMES, host.toLowerCase()])];
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function urlHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

function createHttpsServer(identity: ServingIdentity, app: express.Express, logger: Logger): Server {
  const server = createServer(
    {
      ...tlsContext(identity),
      minVersion: "TLSv1.2",
      handshakeTimeout: 10_000,
      // Of the request alone: an answer, such as a watch, may take as long as it likes.
      headersTimeout: 10_000,
      requestTimeout: 60_000,
      keepAliveTimeout: 75_000,
      connectionsCheckingInterval: 5_000,
    },
    app,
  );
  // Half-open callers are noticed by the operating system; a watch is otherwise silent for long.
  server.on("secureConnection", (socket) => socket.setKeepAlive(true, 30_000));
  server.on("tlsClientError", (error) => logger.debug({ err: error }, "TLS handshake failed"));
  return server;
}

function tlsContext({ certificate, privateKey }: ServingIdentity) {
  return { cert: certificate, key: privateKey };
}

async function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  server.listen({ host, port });
  try {
    await once(server, "listening");
  } catch (error) {
    const detail = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new FederationError(
      "UNAVAILABLE",
      `the API cannot listen on "${host}" port ${port} (${detail}); choose another address, or port 0 for one that is free`,
      { cause: error },
    );
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("a TCP server has an address");
  return address;
}

/** New connections get the renewed certificate; those that are established keep theirs. */
function renewWhileRunning(
  server: Server,
  renew: () => Promise<ServingIdentity>,
  initial: ServingIdentity,
  { clock, logger }: Pick<ApiServerOptions, "clock" | "logger">,
) {
  let current = initial;
  let stopped = false;
  let timer = clock.setTimeout(check, RENEWAL_CHECK_MS);
  function check(): void {
    renew()
      .then((identity) => {
        if (identity.certificate === current.certificate) return;
        server.setSecureContext(tlsContext(identity));
        current = identity;
        logger.info("renewed the serving certificate");
      })
      .catch((error: unknown) => logger.error({ err: error }, "could not renew the serving certificate"))
      .finally(() => {
        if (!stopped) timer = clock.setTimeout(check, RENEWAL_CHECK_MS);
      });
  }
  return {
    stop() {
      stopped = true;
      clock.clearTimeout(timer);
    },
  };
}

/** The open connections. Once the server stops, each is closed as soon as its last answer is out. */
function trackConnections(server: Server, stopping: AbortSignal): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  server.on("request", (_request, response: ServerResponse) => {
    response.once("close", () => {
      if (stopping.aborted) setImmediate(() => server.closeIdleConnections());
    });
  });
  return connections;
}

async function drain(server: Server, connections: ReadonlySet<Socket>, clock: Clock): Promise<void> {
  const closed = once(server, "close");
  server.close();
  const timer = clock.setTimeout(() => {
    for (const socket of connections) socket.destroy();
  }, DRAIN_TIMEOUT_MS);
  await closed;
  clock.clearTimeout(timer);
}

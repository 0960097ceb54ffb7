/**
 * The outbound HTTP listener of a mesh: how its workloads reach imported services without a sidecar.
 *
 *     accept -> read the head (strictly) -> which service? -> which way to it? -> forward, upgrade, or tunnel
 *
 * HTTP/1.1 and 1.0. What the caller wrote is passed on as it is, but for the fields that are meant for one hop alone.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { OutboundListener } from "../plan/gateway-resource.js";
import type { Withdrawal } from "./connection-registry.js";
import { answerFailureOnSocket } from "./failure-answer.js";
import { connectionGroup, type GatewayContext } from "./gateway-context.js";
import { HopError } from "./hop-error.js";
import { serveConnect } from "./http-connect.js";
import { HttpExchange } from "./http-exchange.js";
import { upgradeProtocol } from "./http-request-head.js";
import { serveUpgrade } from "./http-upgrade.js";
import type { ImportedServices } from "./imported-services.js";
import type { ListenerDefinition } from "./listener-manager.js";
import { remoteEndpoint } from "./proxy-stream.js";
import { SOCKET_OPTIONS } from "./tcp-connect.js";

/** What the handlers of one outbound listener share. */
export interface OutboundHttp {
  readonly context: GatewayContext;
  readonly services: ImportedServices;
  readonly group: string;
  /** True once no further request should come over the connection that this one came over. */
  isDraining(): boolean;
  /** Why its exchanges have to end. */
  findWithdrawal(): Withdrawal | undefined;
}

export interface OutboundHttpOptions {
  readonly context: GatewayContext;
  readonly services: ImportedServices;
  /** False once the listener is removed or the engine closes. */
  readonly isWanted: () => boolean;
}

export function outboundHttpListeners(
  listener: OutboundListener,
  options: OutboundHttpOptions,
): readonly ListenerDefinition[] {
  return listener.http.map((address) => ({
    role: "OutboundHttp",
    address,
    createServer: () => createHttpServer(listener.mesh, options),
  }));
}

function createHttpServer(mesh: string, { context, services, isWanted }: OutboundHttpOptions): Server {
  const { limits } = context;
  const server = createServer({
    ...SOCKET_OPTIONS,
    insecureHTTPParser: false,
    // The Host is checked with the rest of the target, for an answer that says what is wrong.
    requireHostHeader: false,
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.requestHeadersTimeoutMs,
    connectionsCheckingInterval: Math.min(limits.requestHeadersTimeoutMs, 5_000),
    // A request may take as long as it moves.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    shouldUpgradeCallback: (request: IncomingMessage) => upgradeProtocol(request.rawHeaders) !== undefined,
  });
  const outbound: OutboundHttp = {
    context,
    services,
    group: connectionGroup.outboundListener(mesh),
    isDraining: () => !server.listening || !isWanted(),
    findWithdrawal: () => (isWanted() ? undefined : { reason: "ListenerRemoved", when: "drained" }),
  };
  const forward = (request: IncomingMessage, response: ServerResponse) =>
    new HttpExchange(request, response, outbound).run();

  server.on("request", forward);
  // The next hop is asked whether to continue, so the caller is told what that says.
  server.on("checkContinue", forward);
  server.on("upgrade", (request, stream, head) =>
    withSocket(stream, (socket) => serveUpgrade(request, socket, head, outbound)),
  );
  server.on("connect", (request, stream, head) =>
    withSocket(stream, (socket) => serveConnect(request, socket, head, outbound)),
  );
  server.on("clientError", (error, stream) => withSocket(stream, (socket) => refuseUnreadable(error, socket, context)));
  return server;
}

/** Connections of a server that listens itself are TCP sockets. */
function withSocket(stream: Duplex, handle: (socket: Socket) => void): void {
  stream.on("error", () => undefined);
  if (stream instanceof Socket) handle(stream);
  else stream.destroy();
}

/** What the parser could not read, or did not want to: nothing of it is forwarded. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket, { telemetry }: GatewayContext): void {
  // Nobody asked anything, or nobody is there to be answered.
  if (socket.bytesRead === 0 || error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const failure = new HopError("RequestInvalid", { kind: "OutboundListener" }, unreadable(error.code));
  const status = answerFailureOnSocket(failure, socket);
  telemetry.requestCompleted({
    method: "",
    path: "",
    status,
    durationMs: 0,
    downstream: remoteEndpoint(socket),
    failure: { reason: failure.reason, message: failure.message },
  });
}

function unreadable(code: string | undefined): string {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return "the request's header fields are too large";
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return "the request's head took too long to arrive";
    case "HPE_PAUSED_H2_UPGRADE":
      return "HTTP/2 without upgrade is not served here yet";
    default:
      return `the request is not valid HTTP/1.1 (${code ?? "unknown"})`;
  }
}

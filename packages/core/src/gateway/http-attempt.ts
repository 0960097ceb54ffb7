/** One request sent over one way to a service. Tells what becomes of it, exactly one of: unreachable, stale, failed, response. */
import type { ClientRequest, IncomingMessage } from "node:http";
import { type Hop, HopError } from "./hop-error.js";
import { requestFailure, upstreamHop } from "./http-failure.js";
import { openRequest, passTrailers } from "./http-message.js";
import { bodyFraming } from "./http-request-head.js";
import { type Pump, pump } from "./pump.js";
import type { UpstreamAgent } from "./upstream-agent.js";

export interface HttpAttemptOptions {
  readonly agent: UpstreamAgent;
  readonly localHost: string;
  /** Whose body is sent, once there is a connection. */
  readonly request: IncomingMessage;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly maxHeaderBytes: number;
  readonly onProgress: () => void;
  readonly onConnected: (connection: UpstreamEndpoint) => void;
  readonly onInformation: (status: number, link: string | undefined) => void;
  /** There was no connection; the request's body has not been touched. */
  readonly onUnreachable: (error: HopError) => void;
  /** A pooled connection turned out to be closed; the request's body has not been touched. */
  readonly onStale: (error: HopError) => void;
  /** The request may have been received, in part or as a whole. */
  readonly onFailed: (error: HopError) => void;
  readonly onResponse: (response: IncomingMessage) => void;
}

/** The connection that a request went over. */
export interface UpstreamEndpoint {
  readonly hop: Hop;
  readonly peer?: string;
  /** `address:port` */
  readonly endpoint: string;
}

export interface HttpAttempt {
  /** Stops sending, and tells no more. Its connection is not used again. */
  abandon(): void;
}

/** @throws HopError `RequestInvalid` when the head is one that Node's client does not send */
export function startHttpAttempt(options: HttpAttemptOptions): HttpAttempt {
  const { agent, localHost, request, method, path, headers, maxHeaderBytes } = options;
  const peer = agent.upstream.kind === "Remote" ? { peer: agent.upstream.remote.peer } : {};
  const nowhere = upstreamHop({ ...peer, endpoint: "unknown" }, localHost);
  const upstreamRequest = openRequest({ agent, method, path, headers, maxHeaderSize: maxHeaderBytes });
  let body: Pump | undefined;
  let connection: UpstreamEndpoint | undefined;
  let settled = false;
  const settle = (tell: () => void) => {
    if (settled) return;
    settled = true;
    tell();
  };

  upstreamRequest.once("socket", (socket) => {
    const address = { ...peer, endpoint: agent.endpointOf(socket) ?? "unknown" };
    connection = { ...address, hop: upstreamHop(address, localHost) };
    options.onConnected(connection);
    body = sendBody(request, upstreamRequest, options.onProgress);
  });
  upstreamRequest.on("continue", () => options.onInformation(100, undefined));
  upstreamRequest.on("information", ({ statusCode, headers: { link } }) =>
    options.onInformation(statusCode, typeof link === "string" ? link : undefined),
  );
  upstreamRequest.once("response", (response) => settle(() => options.onResponse(response)));
  upstreamRequest.on("error", (error: NodeJS.ErrnoException) =>
    settle(() => {
      if (connection === undefined) options.onUnreachable(requestFailure(error, nowhere));
      else if (upstreamRequest.reusedSocket && isClosed(error) && body === undefined)
        options.onStale(requestFailure(error, connection.hop));
      else options.onFailed(requestFailure(error, connection.hop));
    }),
  );
  // Without an error and without a response: the other side switched protocols unasked.
  upstreamRequest.once("close", () =>
    settle(() => {
      const hop = connection?.hop ?? nowhere;
      options.onFailed(
        new HopError("ResponseInvalid", hop, "the connection was closed without a response to this request"),
      );
    }),
  );
  return {
    abandon() {
      settled = true;
      body?.stop();
      upstreamRequest.destroy();
    },
  };
}

/** Undefined when there is none to send. */
function sendBody(request: IncomingMessage, upstreamRequest: ClientRequest, onProgress: () => void): Pump | undefined {
  if (bodyFraming(request.rawHeaders) === "none") {
    upstreamRequest.end();
    return undefined;
  }
  // The head goes first: with `Expect`, the body only comes once the service has agreed.
  upstreamRequest.flushHeaders();
  return pump(request, upstreamRequest, {
    onProgress,
    onEnd: () => {
      passTrailers(request, upstreamRequest);
      upstreamRequest.end();
    },
  });
}

function isClosed({ code }: NodeJS.ErrnoException): boolean {
  return code === "ECONNRESET" || code === "EPIPE";
}

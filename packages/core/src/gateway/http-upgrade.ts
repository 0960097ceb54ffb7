/**
 * An HTTP upgrade, of which WebSocket is the common one: the request goes to the service over a connection of its own. If
 * the service switches protocols, both connections are relayed from there on; if it answers otherwise, that is the answer.
 * @see RFC 9110 §7.8
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { endAnswered, formatHead } from "./failure-answer.js";
import { type Hop, HopError } from "./hop-error.js";
import { requestFailure, upstreamHop } from "./http-failure.js";
import { endToEndHeaders, withoutHeader } from "./http-headers.js";
import { openRequest } from "./http-message.js";
import { forwardedHeaders, upgradeProtocol } from "./http-request-head.js";
import { readTarget } from "./http-target.js";
import { refuseTunnel, reportRequest, serveTunnel } from "./http-tunnel.js";
import { watchIdle } from "./idle-watch.js";
import type { OutboundHttp } from "./outbound-http.js";
import { routeHttp } from "./outbound-route.js";
import type { UpstreamConnection } from "./proxied-connection.js";
import { remoteEndpoint, resetSocket } from "./proxy-stream.js";
import { pump } from "./pump.js";

type Answer =
  | { readonly switched: true; readonly response: IncomingMessage; readonly head: Buffer }
  | { readonly switched: false; readonly response: IncomingMessage };

export function serveUpgrade(request: IncomingMessage, socket: Socket, head: Buffer, outbound: OutboundHttp): void {
  const { method = "", url = "", rawHeaders } = request;
  const target = readTarget({ method, url, rawHeaders });
  if (!target.ok) {
    refuseTunnel(request, socket, outbound, { reason: "RequestInvalid", message: target.message });
    return;
  }
  const protocol = upgradeProtocol(rawHeaders);
  if (protocol === undefined) {
    // Only versions of Node without `shouldUpgradeCallback` hand such a request over.
    const message = "an upgrade to h2c, or of a request with a body, is not possible here";
    refuseTunnel(request, socket, outbound, { reason: "RequestInvalid", message });
    return;
  }
  const { services } = outbound;
  const route = routeHttp(target.authority, {
    findService: (host) => services.find(host),
    ...(socket.localPort === undefined ? {} : { listenerPort: socket.localPort }),
  });
  if (!route.ok) {
    refuseTunnel(request, socket, outbound, route);
    return;
  }

  const { service, port } = route;
  // What the caller sent without waiting for the answer is the first of what is relayed. Before its end can arrive.
  if (head.length > 0) socket.unshift(head);
  const headers = [...forwardedHeaders(method, target.host, rawHeaders), "Connection", "Upgrade", "Upgrade", protocol];
  let answer = "";
  serveTunnel({
    request,
    socket,
    outbound,
    service,
    port,
    status: 101,
    connect: async (signal) => {
      const upstream = await services.connect(service, port, signal);
      const hop = upstreamHop(upstream, service.localHost);
      const answered = await ask({ upstream, hop, method, path: target.path, headers }, outbound, signal);
      if (!answered.switched) {
        await passOn(answered.response, request, socket, outbound);
        return undefined;
      }
      const { response } = answered;
      const { upgrade = protocol } = response.headers;
      answer = formatHead("101 Switching Protocols", [
        ...endToEndHeaders(response.rawHeaders),
        "Connection",
        "Upgrade",
        "Upgrade",
        upgrade,
      ]);
      if (answered.head.length > 0) upstream.proxy.stream.unshift(answered.head);
      return upstream;
    },
    onConnected: () => void socket.write(answer, "latin1"),
  });
}

interface Question {
  readonly upstream: UpstreamConnection;
  readonly hop: Hop;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
}

/** Sends the request over `upstream`; resolves with the head of the answer. */
function ask(question: Question, { context }: OutboundHttp, signal: AbortSignal): Promise<Answer> {
  const { upstream, hop, method, path, headers } = question;
  const { clock, limits } = context;
  const { proxy } = upstream;
  return new Promise<Answer>((resolve, reject) => {
    let settled = false;
    const settle = (act: () => void) => {
      if (settled) return;
      settled = true;
      clock.clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      act();
    };
    const fail = (error: unknown) =>
      settle(() => {
        proxy.reset();
        reject(error);
      });
    const onAbort = () => fail(signal.reason);
    const timer = clock.setTimeout(() => {
      fail(new HopError("ResponseTimeout", hop, `no answer to the upgrade within ${limits.requestIdleTimeoutMs} ms`));
    }, limits.requestIdleTimeoutMs);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const upstreamRequest = openRequest({
        method,
        path,
        headers,
        maxHeaderSize: limits.maxHeaderBytes,
        createConnection: () => proxy.stream,
      });
      upstreamRequest.on("upgrade", (response: IncomingMessage, _stream: Duplex, head: Buffer) =>
        settle(() => resolve({ switched: true, response, head })),
      );
      upstreamRequest.on("response", (response) => settle(() => resolve({ switched: false, response })));
      upstreamRequest.on("error", (error) => fail(requestFailure(error, hop)));
      upstreamRequest.on("close", () =>
        fail(new HopError("ClosedBeforeResponse", hop, "the connection was closed before a response")),
      );
      upstreamRequest.end();
    } catch (error) {
      fail(error);
    }
  });
}

/** The service did not switch: its answer is passed on, and the connection ends with it. Resolves when it is through. */
function passOn(
  response: IncomingMessage,
  request: IncomingMessage,
  socket: Socket,
  outbound: OutboundHttp,
): Promise<void> {
  const { statusCode = 502, statusMessage = "", rawHeaders } = response;
  const downstream = remoteEndpoint(socket);
  const headers = [...withoutHeader(endToEndHeaders(rawHeaders), "trailer"), "Connection", "close"];
  socket.write(formatHead(`${statusCode} ${statusMessage}`, headers), "latin1");
  socket.once("close", () => response.destroy());
  response.on("error", () => undefined);
  const { clock, limits } = outbound.context;
  const idle = watchIdle({ clock, timeoutMs: limits.requestIdleTimeoutMs, onIdle: () => response.destroy() });
  return new Promise((resolve) => {
    pump(response, socket, { onProgress: idle.touch, onEnd: () => undefined });
    response.once("close", () => {
      idle.stop();
      if (response.complete) endAnswered(socket);
      else resetSocket(socket);
      reportRequest(request, downstream, outbound, { status: statusCode, durationMs: 0 });
      resolve();
    });
  });
}

/**
 * One request of a workload and its response, forwarded.
 *
 * A way to the service that cannot be connected to is skipped for the next one: the caller's body is not touched before
 * there is a connection. After that, a request is sent again in one case only: the connection was a pooled one that the
 * other side had closed in the meantime, and the request is idempotent and has no body (RFC 9110 §9.2.2).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ImportedService, ImportedServicePort } from "../plan/gateway-resource.js";
import { answerFailure, endAnswered, mayOmitBody } from "./failure-answer.js";
import { connectionGroup } from "./gateway-context.js";
import type { CloseReason } from "./gateway-events.js";
import { type Hop, HopError, type HopFailureReason } from "./hop-error.js";
import { type HttpAttempt, type HttpAttemptOptions, startHttpAttempt, type UpstreamEndpoint } from "./http-attempt.js";
import { endToEndHeaders, withoutHeader } from "./http-headers.js";
import { passEarlyHints, passTrailers } from "./http-message.js";
import { bodyFraming, forwardedHeaders } from "./http-request-head.js";
import { readTarget } from "./http-target.js";
import { type IdleWatch, watchIdle } from "./idle-watch.js";
import type { OutboundHttp } from "./outbound-http.js";
import { routeHttp } from "./outbound-route.js";
import { asHopError } from "./proxied-connection.js";
import { remoteEndpoint, resetSocket } from "./proxy-stream.js";
import { pump } from "./pump.js";
import type { Upstream } from "./upstream-picker.js";

const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
const LISTENER: Hop = { kind: "OutboundListener" };

interface Route {
  readonly service: ImportedService;
  readonly port: ImportedServicePort;
  readonly host: string;
  readonly path: string;
}

/** The state of one exchange; `run` is called once. */
export class HttpExchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #outbound: OutboundHttp;
  readonly #startedAt: number;
  readonly #downstream: string;
  readonly #idle: IdleWatch;
  #route: Route | undefined;
  #attempt: HttpAttempt | undefined;
  /** The connection that the request went over. */
  #upstream: UpstreamEndpoint | undefined;
  #failure: HopError | undefined;
  /** The caller was told to send its body; a service may say so without end. */
  #continued = false;
  #unregister = () => {};
  #finished = false;

  constructor(request: IncomingMessage, response: ServerResponse, outbound: OutboundHttp) {
    const { clock, limits } = outbound.context;
    this.#request = request;
    this.#response = response;
    this.#outbound = outbound;
    this.#startedAt = clock.now();
    this.#downstream = remoteEndpoint(request.socket);
    this.#idle = watchIdle({ clock, timeoutMs: limits.requestIdleTimeoutMs, onIdle: () => this.#timeOut() });
  }

  run(): void {
    // A caller that goes away shows as `close` of the response.
    this.#request.on("error", () => undefined);
    this.#response.on("error", () => undefined);
    this.#response.once("close", () => this.#finish());
    const route = this.#findRoute();
    if (route instanceof HopError) {
      this.#fail(route);
      return;
    }
    this.#route = route;
    this.#register(route);
    this.#tryInTurn(route, this.#outbound.services.order(route.service, route.port));
  }

  #findRoute(): Route | HopError {
    const { method = "", url = "", rawHeaders, socket } = this.#request;
    const refused = (reason: HopFailureReason, message: string) => new HopError(reason, LISTENER, message);
    const target = readTarget({ method, url, rawHeaders });
    if (!target.ok) return refused("RequestInvalid", target.message);
    if (bodyFraming(rawHeaders) === "unsupported") {
      return refused("RequestInvalid", "chunked is the only transfer coding that is forwarded");
    }
    const route = routeHttp(target.authority, {
      findService: (host) => this.#outbound.services.find(host),
      ...(socket.localPort === undefined ? {} : { listenerPort: socket.localPort }),
    });
    if (!route.ok) return refused(route.reason, route.message);
    return { service: route.service, port: route.port, host: target.host, path: target.path };
  }

  #register({ service: { localHost }, port: { port } }: Route): void {
    const { context, group, services, findWithdrawal } = this.#outbound;
    this.#unregister = context.traffic.add({
      groups: [group, connectionGroup.importedService(localHost)],
      reauthorize: () => findWithdrawal() ?? services.findWithdrawal(localHost, port, this.#upstream?.peer),
      close: (reason) => this.#abort(reason),
    });
  }

  #tryInTurn(route: Route, [upstream, ...others]: readonly Upstream[]): void {
    const { context, services } = this.#outbound;
    if (upstream === undefined) {
      const hop: Hop = { kind: "Endpoint", host: route.service.localHost };
      this.#fail(new HopError("NoUpstream", hop, "there is no ready endpoint and no peer that exports the service"));
      return;
    }
    const health = services.health(route.service, route.port);
    this.#send(route, upstream, {
      onConnected: () => health.succeeded(upstream.key),
      onUnreachable: (error) => {
        health.failed(upstream.key, context.clock.now());
        if (others.length === 0) this.#fail(error);
        else this.#tryInTurn(route, others);
      },
    });
  }

  #send(
    route: Route,
    upstream: Upstream,
    health: { readonly onConnected: () => void; readonly onUnreachable: (error: HopError) => void },
  ): void {
    const { context, services } = this.#outbound;
    const { method = "GET", rawHeaders } = this.#request;
    const { localHost } = route.service;
    const agent = services.agent(localHost, upstream);
    if (agent === undefined) {
      this.#fail(new HopError("HostUnknown", LISTENER, `"${localHost}" is not imported any more`));
      return;
    }
    const options: HttpAttemptOptions = {
      agent,
      localHost,
      request: this.#request,
      method,
      path: route.path,
      headers: forwardedHeaders(method, route.host, rawHeaders),
      maxHeaderBytes: context.limits.maxHeaderBytes,
      onProgress: this.#idle.touch,
      onConnected: (connection) => {
        this.#upstream = connection;
        health.onConnected();
      },
      onInformation: (status, link) => this.#inform(status, link),
      onUnreachable: health.onUnreachable,
      onStale: (error) => {
        if (!IDEMPOTENT.has(method)) return this.#fail(error);
        agent.closeIdle();
        this.#send(route, upstream, health);
      },
      onFailed: (error) => this.#fail(error),
      onResponse: (response) => this.#forward(response),
    };
    try {
      this.#attempt = startHttpAttempt(options);
    } catch (error) {
      this.#fail(asHopError(error));
    }
  }

  /** Interim responses, which HTTP/1.0 does not know. */
  #inform(status: number, link: string | undefined): void {
    if (this.#request.httpVersion === "1.0") return;
    if (status === 100 && !this.#continued) {
      this.#continued = true;
      this.#response.writeContinue();
    }
    if (status === 103 && link !== undefined) passEarlyHints(link, this.#response);
  }

  #forward(upstreamResponse: IncomingMessage): void {
    const response = this.#response;
    const { statusCode = 0, statusMessage = "" } = upstreamResponse;
    const hop = this.#upstream?.hop ?? LISTENER;
    this.#idle.touch();
    upstreamResponse.on("error", () => undefined);
    upstreamResponse.once("close", () => {
      // The caller must not take what it has for all of it.
      if (!upstreamResponse.complete)
        this.#fail(new HopError("ConnectionLost", hop, "the connection broke in the middle of the response"));
    });
    try {
      response.writeHead(statusCode, statusMessage, this.#responseHeaders(upstreamResponse));
    } catch (error) {
      this.#fail(new HopError("ResponseInvalid", hop, "the response's head cannot be passed on", { cause: error }));
      return;
    }
    const body = pump(upstreamResponse, response, {
      onProgress: this.#idle.touch,
      onEnd: () => {
        if (!upstreamResponse.complete) return;
        passTrailers(upstreamResponse, response);
        response.end();
      },
    });
    // A head whose body does not follow at once (an event stream) does not wait for it.
    setImmediate(() => {
      if (body.bytes === 0 && !response.writableEnded && !response.destroyed) response.flushHeaders();
    });
  }

  #responseHeaders({ rawHeaders, headers: { "transfer-encoding": coding } }: IncomingMessage): string[] {
    const { httpVersion, method } = this.#request;
    const mayHaveTrailers = coding !== undefined && httpVersion === "1.1" && method !== "HEAD";
    const headers = mayHaveTrailers
      ? endToEndHeaders(rawHeaders)
      : withoutHeader(endToEndHeaders(rawHeaders), "trailer");
    const isLast = this.#outbound.isDraining() || mayOmitBody(this.#request);
    return isLast ? [...headers, "Connection", "close"] : headers;
  }

  #timeOut(): void {
    const { requestIdleTimeoutMs } = this.#outbound.context.limits;
    const message = `nothing was sent or received for ${requestIdleTimeoutMs} ms`;
    this.#fail(new HopError("ResponseTimeout", this.#upstream?.hop ?? LISTENER, message));
  }

  #abort(reason: CloseReason): void {
    this.#fail(new HopError("Draining", LISTENER, `the exchange was ended: ${reason}`));
  }

  /** Answers for the upstream, or breaks off what it had begun to answer. */
  #fail(error: HopError): void {
    if (this.#finished || this.#failure !== undefined) return;
    this.#failure = error;
    this.#attempt?.abandon();
    if (this.#response.headersSent) {
      resetSocket(this.#request.socket);
      return;
    }
    this.#request.resume();
    answerFailure(error, this.#request, this.#response);
  }

  /** The response is closed: sent, broken off, or the caller has gone. */
  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#idle.stop();
    this.#unregister();
    if (!this.#response.writableFinished) this.#attempt?.abandon();
    else if (!this.#request.complete) this.#endEarly();
    this.#report();
  }

  /** The response is complete and the request is not: what the caller still sends has no reader any more. */
  #endEarly(): void {
    this.#attempt?.abandon();
    endAnswered(this.#request.socket);
    this.#request.resume();
  }

  #report(): void {
    const { clock, telemetry } = this.#outbound.context;
    const { method = "", url = "" } = this.#request;
    const response = this.#response;
    const route = this.#route;
    const upstream = this.#upstream;
    const failure = this.#failure;
    telemetry.requestCompleted({
      method,
      path: url.split("?", 1)[0] ?? "",
      status: response.headersSent ? response.statusCode : 0,
      durationMs: clock.now() - this.#startedAt,
      downstream: this.#downstream,
      ...(route && { host: route.service.localHost, port: route.port.port }),
      ...(upstream && { upstream: upstream.endpoint }),
      ...(upstream?.peer !== undefined && { peer: upstream.peer }),
      ...(failure && { failure: { reason: failure.reason, message: failure.message } }),
    });
  }
}

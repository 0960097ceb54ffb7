/** The Kubernetes paths on express: who asks, whether they may, which handler answers, how the answer travels. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ErrorRequestHandler } from "express";
import type { Logger } from "pino";
import type { Authenticator, User } from "../auth/authenticator.js";
import type { Authorizer, RequestAttributes } from "../auth/authorizer.js";
import { isJsonObject } from "../json-object.js";
import { qualifiedResource, type ResourceCatalog } from "../resource-catalog.js";
import { type ApiStatus, badRequest, failureStatus, StatusError, unknownPath } from "./api-status.js";
import { answerDiscovery, answerResource, resolveTarget } from "./dispatch.js";
import { type ErrorSubject, isInternal, toStatus } from "./error-mapping.js";
import { requestAttributes } from "./request-attributes.js";
import { type BodyLimits, parseJsonBody, readBody } from "./request-body.js";
import { parseRequestPath, type ResourcePath } from "./request-path.js";
import { documentResponse, type RequestTarget, type RestContext, type RestResponse } from "./rest-request.js";
import { streamFrames } from "./stream-response.js";
import { versionDocument } from "./version.js";

export interface RestOptions {
  readonly context: RestContext;
  readonly catalog: ResourceCatalog;
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  readonly limits: BodyLimits;
  readonly logger: Logger;
  /** Aborts when the server stops: ends watches. */
  readonly stopping: AbortSignal;
}

export type RestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Answers every request that reaches it, with a metav1.Status where it cannot do what was asked. Never rejects. */
export function createRestHandler(options: RestOptions): RestHandler {
  return async (request, response) => {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const signal = AbortSignal.any([gone.signal, options.stopping]);
    const exchange: Exchange = { request, response, signal };
    try {
      await send(exchange, await answer(options, exchange));
    } catch (error) {
      sendFailure(options.logger, exchange, error);
    }
  };
}

/** For what goes wrong before a request reaches its handler, such as an address that cannot be decoded. */
export function createFailureHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const isAddress = error instanceof URIError;
    const failure = isAddress ? badRequest("the address of the request is not valid") : error;
    sendFailure(logger, { request, response, signal: AbortSignal.abort() }, failure);
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
  /** What the request turned out to be about, for the message of a failure. */
  subject?: ErrorSubject;
}

async function answer(options: RestOptions, exchange: Exchange): Promise<RestResponse> {
  const { request } = exchange;
  const user = await options.authenticate({ authorization: request.headers.authorization });
  if (user === undefined) throw new StatusError(failureStatus("Unauthorized", "Unauthorized"));
  const { pathname, searchParams: query } = requestUrl(request);
  const method = request.method ?? "GET";
  const path = parseRequestPath(pathname);
  const attributes = requestAttributes(method, pathname, path, query);
  if (!(await options.authorize(user, attributes))) throw forbidden(user, attributes);
  if (pathname === "/version" && method === "GET") return documentResponse(versionDocument());
  if (path === undefined) throw unknownPath();
  const accept = request.headers.accept;
  if (path.kind !== "resource") return answerDiscovery(options.catalog, path, method, accept);
  return answerTarget(options, exchange, path, { method, query, accept });
}

async function answerTarget(
  options: RestOptions,
  exchange: Exchange,
  path: ResourcePath,
  asked: { readonly method: string; readonly query: URLSearchParams; readonly accept: string | undefined },
): Promise<RestResponse> {
  const { request, signal } = exchange;
  const target: RequestTarget = resolveTarget(options.catalog, path);
  exchange.subject = { type: target.type, name: target.name ?? "" };
  return answerResource(options.context, {
    ...asked,
    target,
    signal,
    contentType: mediaType(request.headers["content-type"]),
    async readJson() {
      if ((request.headers["content-encoding"] ?? "identity") !== "identity") {
        throw new StatusError(failureStatus("UnsupportedMediaType", "the body must not be compressed"));
      }
      const body = await readBody(request, Number(request.headers["content-length"] ?? Number.NaN), options.limits);
      if (body.length === 0) return undefined;
      const value = parseJsonBody(body);
      if (!isJsonObject(value)) throw badRequest("the body is not a JSON object");
      nameSubject(exchange, value.metadata);
      return value;
    },
  });
}

/** A create names its object in the body alone. */
function nameSubject(exchange: Exchange, metadata: unknown): void {
  const { subject } = exchange;
  if (subject === undefined || subject.name !== "" || !isJsonObject(metadata)) return;
  const { name } = metadata;
  if (typeof name === "string") exchange.subject = { ...subject, name: name.slice(0, 253) };
}

/** The host in the URL is not used for anything. */
function requestUrl(request: IncomingMessage): URL {
  const url = URL.parse(request.url ?? "/", "https://localhost");
  if (url === null) throw badRequest("the address of the request is not valid");
  return url;
}

function mediaType(header: string | undefined): string {
  return (header ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function forbidden(user: User, attributes: RequestAttributes): StatusError {
  if (attributes.kind === "path") {
    const message = `User "${user.name}" cannot ${attributes.verb} path "${attributes.path}"`;
    return new StatusError(failureStatus("Forbidden", `forbidden: ${message}`));
  }
  const { verb, group, resource, namespace, name = "" } = attributes;
  const qualified = qualifiedResource({ group, plural: resource });
  const where = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const message = `User "${user.name}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
  const object = name === "" ? qualified : `${qualified} "${name}"`;
  return new StatusError(
    failureStatus("Forbidden", `${object} is forbidden: ${message}`, { name, group, kind: resource }),
  );
}

async function send({ response, signal }: Exchange, answered: RestResponse): Promise<void> {
  if (answered.kind === "stream") {
    await streamFrames(response, answered.frames, signal);
    return;
  }
  sendDocument(response, answered.code, answered.body, answered.contentType);
}

function sendDocument(response: ServerResponse, code: number, body: unknown, contentType = "application/json"): void {
  const text = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(code, { "Content-Type": contentType, "Content-Length": text.length });
  response.end(text);
}

function sendFailure(logger: Logger, { request, response, subject }: Exchange, error: unknown): void {
  const status = toStatus(error, subject);
  if (isInternal(error)) logger.error({ err: error, method: request.method, url: request.url }, "request failed");
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  setFailureHeaders(response, status);
  if (error instanceof StatusError && error.closeConnection) response.setHeader("Connection", "close");
  sendDocument(response, status.code, status);
}

function setFailureHeaders(response: ServerResponse, { code, details }: ApiStatus): void {
  if (code === 401) response.setHeader("WWW-Authenticate", "Bearer");
  if (details?.retryAfterSeconds !== undefined) response.setHeader("Retry-After", details.retryAfterSeconds);
}

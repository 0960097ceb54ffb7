/**
 * One request of the discovery client: a connection of its own, made by the egress, used once and always closed. No agent
 * is involved, so no proxy of the environment is either.
 * @see reference §4.1; faults 10.10, 10.26, 10.27
 */
import { request as httpRequest, type IncomingMessage, STATUS_CODES } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../clock.js";

/** Where a peer's discovery is, as its egress gateway reaches it. */
export interface DiscoveryTarget {
  /** `discovery.<namespace>.svc.<peer>.local`: the Host, and the `discovery-service` header. */
  readonly discoveryHost: string;
  /** Decimal; the `remote` header. */
  readonly remoteChecksum: string;
  /**
   * An established mutual TLS connection to the peer's discovery port; the receiver closes it. Rejects when there is
   * none; should stop trying when `signal` is aborted.
   */
  createConnection(signal: AbortSignal): Promise<Duplex>;
}

export interface DiscoveryTimeouts {
  /** For a connection, TLS included. Defaults to 10 s. */
  readonly connectTimeoutMs: number;
  /** From the request to the response's headers. Defaults to 15 s. */
  readonly responseTimeoutMs: number;
  /** For a whole list, connection included. Defaults to 60 s. */
  readonly listTimeoutMs: number;
  /** After which a silent connection is probed by TCP. Defaults to 30 s. */
  readonly tcpKeepAliveMs: number;
}

export const DEFAULT_DISCOVERY_TIMEOUTS: DiscoveryTimeouts = {
  connectTimeoutMs: 10_000,
  responseTimeoutMs: 15_000,
  listTimeoutMs: 60_000,
  tcpKeepAliveMs: 30_000,
};

export interface DiscoveryRequest {
  readonly target: DiscoveryTarget;
  readonly path: "/v1/services/" | "/v1/watch";
  readonly ifNoneMatch?: string | undefined;
}

/** What an exchange needs from outside. Aborting `exchange` ends it at whatever point it is, its connection included. */
export interface ExchangeContext {
  readonly clock: Clock;
  readonly timeouts: DiscoveryTimeouts;
  readonly exchange: AbortController;
}

/** The response's headers have come, its body has not been read. */
export async function openDiscoveryRequest(
  request: DiscoveryRequest,
  context: ExchangeContext,
): Promise<IncomingMessage> {
  const { connectTimeoutMs, responseTimeoutMs } = context.timeouts;
  const connection = await withDeadline(context, connectTimeoutMs, "no connection", () => connect(request, context));
  return withDeadline(context, responseTimeoutMs, "no response", () => send(request, connection));
}

/** Aborts the exchange when `run` takes longer than `timeoutMs`. `what` was missing then. */
export async function withDeadline<Value>(
  { clock, exchange }: ExchangeContext,
  timeoutMs: number,
  what: string,
  run: () => Promise<Value>,
): Promise<Value> {
  const timer = clock.setTimeout(() => exchange.abort(new Error(`${what} within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await run();
  } finally {
    clock.clearTimeout(timer);
  }
}

/** Does not rely on the egress to notice an abort: a connection that comes too late is destroyed. */
async function connect(
  { target }: DiscoveryRequest,
  { timeouts, exchange: { signal } }: ExchangeContext,
): Promise<Duplex> {
  signal.throwIfAborted();
  const connecting = target.createConnection(signal);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    const connection = await Promise.race([connecting, aborted]);
    // Until the request takes over; an error that nobody listens for would end the process.
    connection.on("error", () => {});
    signal.addEventListener("abort", () => connection.destroy(), { once: true });
    if (connection instanceof Socket) connection.setKeepAlive(true, timeouts.tcpKeepAliveMs);
    return connection;
  } catch (error) {
    connecting.then(
      (late) => late.on("error", () => {}).destroy(),
      () => {},
    );
    throw error;
  }
}

function send({ target, path, ifNoneMatch }: DiscoveryRequest, connection: Duplex): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      method: "GET",
      path,
      headers: {
        host: target.discoveryHost,
        accept: "application/json",
        "discovery-service": target.discoveryHost,
        remote: target.remoteChecksum,
        ...(ifNoneMatch !== undefined && { "if-none-match": ifNoneMatch }),
      },
      createConnection: () => connection,
    });
    request.once("response", (response) => {
      // A body that is cut off while nobody reads it concerns nobody.
      response.on("error", () => {});
      resolve(response);
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "ECONNRESET" ? new UnansweredError(target, connection, error) : error);
    });
    request.end();
  });
}

/**
 * The peer took the connection and broke it off before an answer. With TLS 1.3 that is how a client learns that its
 * certificate was not accepted: the handshake is complete on its side before the server has looked. @see RFC 8446 §4.4.2.4
 */
class UnansweredError extends Error {
  override readonly name: string = "UnansweredError";

  constructor({ discoveryHost }: DiscoveryTarget, connection: Duplex, cause: Error) {
    const { remoteAddress, remotePort } = connection instanceof Socket ? connection : {};
    const address = remoteAddress === undefined ? discoveryHost : `${remoteAddress}:${remotePort}`;
    super(
      `${address} closed the connection without an answer: the peer may not accept this mesh's certificate; compare the ` +
        "root certificate, trustDomain and clientID in its ServiceMeshPeer",
      { cause },
    );
  }
}

/** The whole body as text. Rejects when it is longer than `maxBytes` or is cut off. */
export async function readText(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new BodyTooLongError(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString("utf8");
}

export class BodyTooLongError extends Error {
  override readonly name: string = "BodyTooLongError";

  constructor(maxBytes: number) {
    super(`the service list is longer than ${maxBytes} bytes`);
  }
}

const MAX_REASON_LENGTH = 256;

/** What a peer or a library says, as one line for a status. */
function oneLine(text: string): string {
  return text
    .replace(/[^\x21-\x7e]+/g, " ")
    .slice(0, MAX_REASON_LENGTH)
    .trim();
}

/** `503 Service Unavailable`. */
export function responseStatus(response: IncomingMessage): string {
  const code = response.statusCode ?? 0;
  return oneLine(`${code} ${response.statusMessage || (STATUS_CODES[code] ?? "")}`);
}

/** An error's text; of several attempts, which have none together, the last one's. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return errorText(error.errors.at(-1));
  return oneLine(error instanceof Error && error.message !== "" ? error.message : String(error));
}

/** Why an exchange failed: the reason for which it was aborted, if it was, rather than what came of that. */
export function failureText(error: unknown, { exchange: { signal } }: ExchangeContext): string {
  return errorText(signal.aborted ? signal.reason : error);
}

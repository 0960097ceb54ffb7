/** Real servers and clients on loopback, closed when the test ends. */

import { once } from "node:events";
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
  request,
} from "node:http";
import { connect as connectTcp, createServer, type Server, type Socket } from "node:net";
import type { Readable } from "node:stream";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { onTestFinished, vi } from "vitest";
import type { WorkloadEndpoint } from "../../src/plan/gateway-resource.js";

async function listening(server: Server | HttpServer, host: string, port = 0): Promise<WorkloadEndpoint> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, "close");
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening");
  return { address: address.address, port: address.port };
}

/** A workload that speaks raw TCP and may half-close. */
export function tcpWorkload(onConnection: (socket: Socket) => void, host = "127.0.0.1"): Promise<WorkloadEndpoint> {
  return listening(createServer({ allowHalfOpen: true }, onConnection), host);
}

/** Sends back what it gets, and its end. */
export function echoWorkload(host?: string): Promise<WorkloadEndpoint> {
  return tcpWorkload((socket) => socket.pipe(socket), host);
}

/** Says `name` to everybody and waits for the caller to be done. */
export function namingWorkload(name: string): Promise<WorkloadEndpoint> {
  return tcpWorkload((socket) => {
    socket.resume();
    socket.end(name);
  });
}

export async function httpWorkload(
  handler: RequestListener,
): Promise<WorkloadEndpoint & { readonly server: HttpServer }> {
  const server = createHttpServer(handler);
  return { ...(await listening(server, "127.0.0.1")), server };
}

/** An address on which nobody listens. */
export async function deadEndpoint(): Promise<WorkloadEndpoint> {
  const server = createServer();
  const endpoint = await listening(server, "127.0.0.1");
  server.close();
  await once(server, "close");
  return endpoint;
}

/** A TCP client that may half-close. */
export async function dial({ address, port }: WorkloadEndpoint): Promise<Socket> {
  const socket = connectTcp({ host: address, port, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  watch(socket);
  await firstOf(socket, "connect", "close");
  return socket;
}

function firstOf(socket: Socket, ...events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    for (const event of events) socket.once(event, () => resolve());
  });
}

/**
 * How a connection ends that was broken off with `resetAndDestroy`. Node 22 shuts a connection that can be written to
 * down first, so that its other side sees an orderly end and the reset comes too late.
 */
export const BROKEN_OFF: "reset" | "end" = Number(process.versions.node.split(".")[0]) >= 24 ? "reset" : "end";

export interface TlsOutcome {
  readonly socket: TLSSocket;
  /** Everything that came until the end. */
  readonly received: string;
  /** `end`: orderly; `reset`: broken off; otherwise an OpenSSL code. */
  readonly ended: string;
}

/** Opens TLS, sends `text`, half-closes, and waits for the end of the connection. */
export async function tlsExchange(options: ConnectionOptions, text = "hello"): Promise<TlsOutcome> {
  const socket = await dialTls(options);
  if (!socket.destroyed) socket.end(text);
  return { socket, ...(await drained(socket)) };
}

/** A TLS client that may half-close; resolves when its side of the handshake is done or has failed. */
export async function dialTls(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({ host: "127.0.0.1", checkServerIdentity: () => undefined, ...options });
  socket.allowHalfOpen = true;
  onTestFinished(() => void socket.destroy());
  watch(socket);
  await firstOf(socket, "secureConnect", "close");
  return socket;
}

const outcomes = new WeakMap<Readable, { received: Buffer[]; ended: string }>();

function watch(socket: Socket): void {
  const outcome = { received: [] as Buffer[], ended: "closed" };
  outcomes.set(socket, outcome);
  socket.on("data", (chunk: Buffer) => outcome.received.push(chunk));
  socket.once("end", () => {
    outcome.ended = "end";
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    outcome.ended = error.code === "ECONNRESET" || error.code === "EPIPE" ? "reset" : (error.code ?? error.message);
  });
}

/** What came until the socket closed, and how it ended. Says that it is done as soon as the other side has. */
export async function drained(socket: Socket): Promise<{ readonly received: string; readonly ended: string }> {
  if (!outcomes.has(socket)) watch(socket);
  if (socket.readableEnded) socket.end();
  else socket.once("end", () => socket.end());
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  const outcome = outcomes.get(socket);
  return { received: Buffer.concat(outcome?.received ?? []).toString(), ended: outcome?.ended ?? "unknown" };
}

/** Waits until `condition` holds. */
export async function eventually(condition: () => void, timeoutMs = 10_000): Promise<void> {
  await vi.waitFor(condition, { timeout: timeoutMs, interval: 5 });
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: readonly string[];
  readonly trailers: IncomingMessage["trailers"];
  readonly body: string;
}

export interface HttpQuestion {
  readonly host: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
}

/** One request to an outbound listener, on a connection of its own. */
export function ask({ address, port }: WorkloadEndpoint, question: HttpQuestion): Promise<HttpAnswer> {
  const { host, method = "GET", path = "/", headers = {}, body = "" } = question;
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: address, port, method, path, agent: false, headers: { ...headers, host } },
      (response) => {
        resolve(readAnswer(response));
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

export async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const { statusCode = 0, headers, rawHeaders, trailers } = response;
  return { status: statusCode, headers, rawHeaders, trailers, body: Buffer.concat(chunks).toString() };
}

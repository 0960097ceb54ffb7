/**
 * Serves what is exported to each peer over HTTP/1.1, on connections that the ingress has terminated and authorised. The
 * caller cannot choose a mesh: the peer is fixed by the ingress through which its connection came.
 *
 * | request | answer |
 * | --- | --- |
 * | GET, HEAD `/v1/services/` | the list; with an ETag, 304 if `If-None-Match` has it |
 * | GET, HEAD `/v1/watch` | 200 at once, then each change of the list as one JSON object and CR LF |
 * | another method | 405 (the reference takes any) |
 * | another path | 404 |
 * | anything, for a peer that is not served | 400, empty |
 *
 * Nobody waits for a slow reader: what it has not read is queued up to a limit, then its connection is destroyed, and it
 * will fetch the list when it comes back. All readers share the bytes that are queued.
 * @see reference §4.2 to §4.4; faults 10.4, 10.5, 10.14, 10.29, 10.38, 10.43, 10.47
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock, TimerHandle } from "../clock.js";
import type { RemoteStatus } from "../discovery/discovery-status.js";
import { type ExportChange, Exporter } from "../discovery/exporter.js";
import { RemoteWatches, requestSource } from "../discovery/remote-watches.js";
import { FederationError } from "../errors.js";
import { systemClock } from "./clock.js";

export interface DiscoveryServerLimits {
  /** Watches that one peer may hold open; more are answered with 503. Defaults to 64. */
  readonly maxWatchesPerPeer: number;
  /** Connections that one peer may hold open; more are destroyed. Defaults to 128. */
  readonly maxConnectionsPerPeer: number;
  /** Bytes of events that a watch may leave unread. Defaults to 8 MiB. */
  readonly maxQueuedBytes: number;
  /** Defaults to 16 KiB. */
  readonly maxHeaderBytes: number;
  /** Until the first request of a connection has its headers. Defaults to 10 s. */
  readonly requestTimeoutMs: number;
  /** Between two requests of a connection. Defaults to 75 s. */
  readonly idleTimeoutMs: number;
  /** For a reader to take a list. Defaults to 2 minutes. */
  readonly listTimeoutMs: number;
  /** After which a silent connection is probed by TCP. Defaults to 30 s. */
  readonly tcpKeepAliveMs: number;
  /** How long a stream that ends may take to deliver what is queued. Defaults to 1 s. */
  readonly closeTimeoutMs: number;
}

export const DEFAULT_DISCOVERY_SERVER_LIMITS: DiscoveryServerLimits = {
  maxWatchesPerPeer: 64,
  maxConnectionsPerPeer: 128,
  maxQueuedBytes: 8 * 1024 * 1024,
  maxHeaderBytes: 16 * 1024,
  requestTimeoutMs: 10_000,
  idleTimeoutMs: 75_000,
  listTimeoutMs: 120_000,
  tcpKeepAliveMs: 30_000,
  closeTimeoutMs: 1_000,
};

/** A watch that was ended because its reader was too slow. */
export interface DroppedWatch {
  readonly peer: string;
  readonly source: string;
  readonly queuedBytes: number;
}

export interface DiscoveryServerOptions {
  /** Defaults to the machine's. */
  readonly clock?: Clock;
  readonly limits?: Partial<DiscoveryServerLimits>;
  /** What `remotes` returns for the peer is different now. Not called for `lastEvent`. */
  readonly onRemotesChanged?: (peer: string) => void;
  readonly onWatchDropped?: (watch: DroppedWatch) => void;
}

export interface DiscoveryServer {
  /** From now on the peer is served, with nothing exported to it yet. Does nothing if it is served already. */
  addPeer(peer: string): void;
  /** Changes what is exported to the peer and tells its watches. Throws NOT_FOUND for a peer that is not served. */
  publish(peer: string, change: ExportChange): void;
  /** Withdraws everything from the peer, ends its watches and closes its connections. */
  removePeer(peer: string): void;
  /**
   * Takes over an established connection that has been found to come from the peer. It must speak HTTP/1.1: a terminator
   * that offers ALPN must not select `h2`.
   */
  handle(peer: string, connection: Duplex): void;
  /** Who watches, as seen from here; empty for a peer that is not served. */
  remotes(peer: string): readonly RemoteStatus[];
  /** Ends all streams and closes all connections, withdrawing nothing. Resolves when the last one is closed. */
  close(): Promise<void>;
}

export function createDiscoveryServer(options: DiscoveryServerOptions = {}): DiscoveryServer {
  return new HttpDiscoveryServer(options);
}

interface ServedPeer {
  readonly name: string;
  readonly exporter: Exporter;
  readonly remotes: RemoteWatches;
  readonly watches: Set<OpenWatch>;
  /** The list as last asked for. */
  list: { readonly entityTag: string; readonly bytes: Buffer };
}

interface OpenWatch {
  readonly id: number;
  readonly source: string;
  readonly response: ServerResponse;
}

/** `timer` runs while no request is being answered. */
interface Connection {
  readonly peer: string;
  readonly stream: Duplex;
  requests: number;
  isClosing: boolean;
  timer: TimerHandle | undefined;
}

const LINE_END = "\r\n";

class HttpDiscoveryServer implements DiscoveryServer {
  readonly #options: DiscoveryServerOptions;
  readonly #limits: DiscoveryServerLimits;
  readonly #clock: Clock;
  readonly #peers: Map<string, ServedPeer> = new Map();
  readonly #connections: Map<Duplex, Connection> = new Map();
  /** Never listens: it is handed connections. */
  readonly #http;
  #isClosed = false;
  #whenEmpty: (() => void)[] = [];

  constructor(options: DiscoveryServerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_DISCOVERY_SERVER_LIMITS, ...options.limits };
    this.#clock = options.clock ?? systemClock;
    this.#http = createServer({ maxHeaderSize: this.#limits.maxHeaderBytes }, (request, response) =>
      this.#answer(request, response),
    );
    // Idle connections are timed by the injected clock.
    this.#http.keepAliveTimeout = 0;
  }

  addPeer(peer: string): void {
    if (this.#peers.has(peer)) return;
    this.#peers.set(peer, {
      name: peer,
      exporter: new Exporter(randomUUID()),
      remotes: new RemoteWatches(),
      watches: new Set(),
      list: { entityTag: "", bytes: Buffer.alloc(0) },
    });
  }

  publish(peer: string, change: ExportChange): void {
    const served = this.#peers.get(peer);
    if (served === undefined) {
      throw new FederationError("NOT_FOUND", `peer "${peer}" is not served; add it before publishing to it`);
    }
    this.#publish(served, change);
  }

  removePeer(peer: string): void {
    const served = this.#peers.get(peer);
    if (served === undefined) return;
    const removed = served.exporter.list().services.map(({ hostname }) => hostname);
    this.#publish(served, { upserted: [], removed });
    this.#peers.delete(peer);
    this.#endPeer(served);
  }

  handle(peer: string, stream: Duplex): void {
    if (stream.destroyed) return;
    if (this.#isClosed || this.#connectionsOf(peer).length >= this.#limits.maxConnectionsPerPeer) {
      stream.destroy();
      return;
    }
    const connection: Connection = { peer, stream, requests: 0, isClosing: false, timer: undefined };
    this.#connections.set(stream, connection);
    stream.once("close", () => this.#connectionClosed(connection));
    if (stream instanceof Socket) {
      stream.setNoDelay(true);
      stream.setKeepAlive(true, this.#limits.tcpKeepAliveMs);
    }
    this.#expectRequest(connection, this.#limits.requestTimeoutMs);
    this.#http.emit("connection", stream);
  }

  remotes(peer: string): readonly RemoteStatus[] {
    return this.#peers.get(peer)?.remotes.statuses(this.#clock.now()) ?? [];
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const served of this.#peers.values()) this.#endPeer(served);
    for (const connection of this.#connections.values()) this.#closeConnection(connection);
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  // Connections.

  #connectionsOf(peer: string): Connection[] {
    return [...this.#connections.values()].filter((connection) => connection.peer === peer);
  }

  #connectionClosed(connection: Connection): void {
    this.#clearTimer(connection);
    this.#connections.delete(connection.stream);
    if (this.#connections.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #expectRequest(connection: Connection, timeoutMs: number): void {
    this.#clearTimer(connection);
    connection.timer = this.#clock.setTimeout(() => connection.stream.destroy(), timeoutMs);
  }

  #clearTimer(connection: Connection): void {
    if (connection.timer !== undefined) this.#clock.clearTimeout(connection.timer);
    connection.timer = undefined;
  }

  /** Once what is being answered is answered; at the latest when the time for that is over. */
  #closeConnection(connection: Connection): void {
    if (connection.isClosing) return;
    connection.isClosing = true;
    if (connection.requests === 0) connection.stream.destroy();
    else this.#expectRequest(connection, this.#limits.closeTimeoutMs);
  }

  #endPeer(served: ServedPeer): void {
    for (const { response } of served.watches) response.end();
    served.watches.clear();
    for (const connection of this.#connectionsOf(served.name)) this.#closeConnection(connection);
  }

  // Requests.

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.get(request.socket);
    if (connection === undefined || connection.isClosing) {
      response.destroy();
      return;
    }
    this.#clearTimer(connection);
    connection.requests++;
    response.once("close", () => this.#answered(connection));
    // Something was written to a connection that had just broken off; its end is told by "close".
    response.on("error", () => {});
    const served = this.#peers.get(connection.peer);
    if (served === undefined) response.writeHead(400).end();
    else this.#route(served, request, response);
  }

  #answered(connection: Connection): void {
    connection.requests--;
    if (connection.requests > 0) return;
    if (connection.isClosing) connection.stream.end();
    else if (!connection.stream.destroyed) this.#expectRequest(connection, this.#limits.idleTimeoutMs);
  }

  #route(served: ServedPeer, request: IncomingMessage, response: ServerResponse): void {
    const path = request.url?.split("?", 1)[0];
    if (path !== "/v1/services/" && path !== "/v1/watch") {
      response.writeHead(404).end();
    } else if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
    } else if (path === "/v1/services/") {
      this.#sendList(served, request, response);
    } else {
      this.#openWatch(served, request, response);
    }
  }

  #sendList(served: ServedPeer, request: IncomingMessage, response: ServerResponse): void {
    const timer = this.#clock.setTimeout(() => response.destroy(), this.#limits.listTimeoutMs);
    response.once("close", () => this.#clock.clearTimeout(timer));
    const etag = served.exporter.entityTag;
    if (request.method === "GET") {
      // A caller that has all of its answer may be gone when it is finished here, and its address with it.
      const source = sourceOf(request);
      response.once("finish", () => {
        served.remotes.listSent(source, this.#clock.now());
        this.#options.onRemotesChanged?.(served.name);
      });
    }
    if (request.headers["if-none-match"] === etag) {
      response.writeHead(304, { etag }).end();
      return;
    }
    const bytes = listBytes(served);
    response.writeHead(200, { "content-type": "application/json", "content-length": bytes.length, etag });
    response.end(request.method === "HEAD" ? undefined : bytes);
  }

  #openWatch(served: ServedPeer, request: IncomingMessage, response: ServerResponse): void {
    if (served.watches.size >= this.#limits.maxWatchesPerPeer) {
      response.writeHead(503).end();
      return;
    }
    response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    response.flushHeaders();
    const source = sourceOf(request);
    const watch: OpenWatch = { id: served.remotes.opened(source, this.#clock.now()), source, response };
    served.watches.add(watch);
    response.once("close", () => {
      served.watches.delete(watch);
      served.remotes.closed(watch.id, this.#clock.now());
      this.#options.onRemotesChanged?.(served.name);
    });
    this.#options.onRemotesChanged?.(served.name);
  }

  #publish(served: ServedPeer, change: ExportChange): void {
    const events = served.exporter.apply(change);
    if (events.length === 0 || served.watches.size === 0) return;
    const bytes = Buffer.from(events.map(({ json }) => json + LINE_END).join(""));
    for (const watch of [...served.watches]) this.#send(served, watch, bytes);
  }

  #send(served: ServedPeer, watch: OpenWatch, bytes: Buffer): void {
    const { id, source, response } = watch;
    const queuedBytes = response.writableLength + bytes.length;
    if (queuedBytes <= this.#limits.maxQueuedBytes) {
      response.write(bytes);
      served.remotes.eventSent(id, this.#clock.now());
      return;
    }
    served.watches.delete(watch);
    response.destroy();
    this.#options.onWatchDropped?.({ peer: served.name, source, queuedBytes });
  }
}

function listBytes(served: ServedPeer): Buffer {
  const { entityTag } = served.exporter;
  if (served.list.entityTag !== entityTag) {
    served.list = { entityTag, bytes: Buffer.from(served.exporter.encodeList()) };
  }
  return served.list.bytes;
}

function sourceOf(request: IncomingMessage): string {
  const forwardedFor = request.headers["x-forwarded-for"];
  return requestSource(
    Array.isArray(forwardedFor) ? forwardedFor[0] : forwardedFor,
    request.socket.remoteAddress ?? undefined,
  );
}

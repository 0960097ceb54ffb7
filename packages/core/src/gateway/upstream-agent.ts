import { Agent, type ClientRequestArgs } from "node:http";
import type { Duplex } from "node:stream";
import type { UpstreamConnection } from "./proxied-connection.js";
import type { Upstream } from "./upstream-picker.js";

export interface UpstreamAgentOptions {
  readonly connect: (signal: AbortSignal) => Promise<UpstreamConnection>;
  /** Connections that are kept for the next request. */
  readonly maxIdle: number;
  readonly idleTimeoutMs: number;
}

/** Keeps the HTTP connections over one way to one service. What fails to connect fails with the HopError that says why. */
export class UpstreamAgent extends Agent {
  readonly upstream: Upstream;
  readonly #connect: UpstreamAgentOptions["connect"];
  readonly #retired = new AbortController();
  readonly #endpoints = new WeakMap<Duplex, string>();

  constructor(upstream: Upstream, { connect, maxIdle, idleTimeoutMs }: UpstreamAgentOptions) {
    super({ keepAlive: true, maxFreeSockets: maxIdle, timeout: idleTimeoutMs, scheduling: "lifo" });
    this.upstream = upstream;
    this.#connect = connect;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    // The declared type has no form for a failure, which has no stream.
    const done = callback as ((error: Error | null, stream?: Duplex) => void) | undefined;
    this.#connect(this.#retired.signal).then(
      ({ proxy: { stream }, endpoint }) => {
        // HTTP says itself where messages end; a connection that the other side ended must not be used again.
        stream.allowHalfOpen = false;
        this.#endpoints.set(stream, endpoint);
        done?.(null, stream);
      },
      (error: unknown) => done?.(error instanceof Error ? error : new Error(String(error))),
    );
    return undefined;
  }

  /** `address:port` at the other end of one of this agent's connections. */
  endpointOf(stream: Duplex): string | undefined {
    return this.#endpoints.get(stream);
  }

  closeIdle(): void {
    for (const sockets of Object.values(this.freeSockets)) for (const socket of [...(sockets ?? [])]) socket.destroy();
  }

  /** No new connections, none kept; those in use finish. */
  retire(): void {
    this.maxFreeSockets = 0;
    this.closeIdle();
    this.#retired.abort(new Error("the service is not imported any more"));
  }
}

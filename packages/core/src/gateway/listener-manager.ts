/**
 * The sockets that the engine listens on. What is wanted is set per resource. A listener that is not wanted any more stops
 * accepting at once, and what it has accepted lives on. One that could not be opened is tried
 * again at each `reconcile`, so an address that another gateway gives up is taken over in the same change.
 */
import type { Server, Socket } from "node:net";
import type { GatewayResourceKey, SocketAddress } from "../plan/gateway-resource.js";
import type { GatewayProblem, ListenerRole } from "./gateway-events.js";
import { formatEndpoint } from "./proxy-stream.js";
import type { ListenerState, Telemetry } from "./telemetry.js";

export interface ListenerDefinition {
  readonly role: ListenerRole;
  readonly address: SocketAddress;
  /** A server that does not listen yet; called when the listener is opened, never for one that is open. */
  readonly createServer: () => Server;
}

export interface ListenerManager {
  /** Replaces what is wanted of `resource`. What is not wanted any more stops at once, what is new starts with `reconcile`. */
  want(resource: GatewayResourceKey, listeners: readonly ListenerDefinition[]): void;
  reconcile(): Promise<void>;
  /** Every listener that is wanted and does not run. */
  problems(): readonly GatewayProblem[];
  /** Where the resource really listens: with port 0, the port that the system chose. */
  addresses(resource: GatewayResourceKey): readonly SocketAddress[];
  states(): readonly ListenerState[];
  /** Stops accepting, everywhere. */
  stop(): void;
  /** Breaks off every connection that any listener ever accepted, and resolves when all of them are closed. */
  closeConnections(): Promise<void>;
}

interface Listener {
  readonly resource: GatewayResourceKey;
  readonly definition: ListenerDefinition;
  readonly server: Server;
  readonly connections: Set<Socket>;
  bound: SocketAddress;
}

interface Wanted {
  readonly resource: GatewayResourceKey;
  readonly definition: ListenerDefinition;
}

export interface ListenerManagerOptions {
  readonly telemetry: Telemetry;
  readonly maxConnections: number;
}

const BACKLOG = 4_096;

export function createListenerManager({ telemetry, maxConnections }: ListenerManagerOptions): ListenerManager {
  const wanted = new Map<GatewayResourceKey, ReadonlyMap<string, Wanted>>();
  const running = new Map<string, Listener>();
  /** Wanted and not running: not opened yet, or not possible. */
  const missing = new Map<string, Wanted>();
  const failed = new Map<string, GatewayProblem>();
  const sockets = new Set<Socket>();
  let stopped = false;

  const isWanted = (id: string, { resource, definition }: Wanted) =>
    !stopped && wanted.get(resource)?.get(id)?.definition === definition;

  const stop = (id: string) => {
    running.get(id)?.server.close();
    running.delete(id);
    missing.delete(id);
    failed.delete(id);
  };

  const start = async (id: string, want: Wanted): Promise<void> => {
    const { resource, definition } = want;
    const server = definition.createServer();
    const connections = new Set<Socket>();
    server.maxConnections = maxConnections;
    // Before the server's own listener, so that a connection is known when it is handled.
    server.prependListener("connection", (socket: Socket) => {
      for (const set of [connections, sockets]) {
        set.add(socket);
        socket.once("close", () => set.delete(socket));
      }
    });
    server.on("drop", (drop) => telemetry.connectionRefused(connectionLimit(resource, definition, drop)));
    try {
      const bound = await listen(server, definition.address);
      const listener: Listener = { resource, definition, server, connections, bound };
      server.on("error", (error) => telemetry.problem(listenProblem(resource, definition, error, undefined)));
      failed.delete(id);
      // While it was opened, it may have been withdrawn, or wanted anew with another server behind it.
      if (!isWanted(id, want)) {
        server.close();
        return;
      }
      missing.delete(id);
      running.set(id, listener);
    } catch (error) {
      if (!isWanted(id, want)) return;
      const { address } = definition;
      const holder = [...running.values()].find((other) => holdsAddress(other, address))?.resource;
      failed.set(id, listenProblem(resource, definition, error, holder));
    }
  };

  return {
    want(resource, listeners) {
      const byId = new Map(listeners.map((definition) => [listenerId(resource, definition), { resource, definition }]));
      for (const id of wanted.get(resource)?.keys() ?? []) if (!byId.has(id)) stop(id);
      if (byId.size === 0) wanted.delete(resource);
      else wanted.set(resource, byId);
      for (const [id, want] of byId) if (!running.has(id)) missing.set(id, want);
    },
    async reconcile() {
      // One after the other: of two resources that want one address the first to be wanted gets it.
      for (const [id, want] of [...missing]) if (isWanted(id, want)) await start(id, want);
    },
    problems: () => [...failed.values()],
    addresses: (resource) => [...(wanted.get(resource)?.keys() ?? [])].flatMap((id) => running.get(id)?.bound ?? []),
    states: () =>
      [...running.values()].map(({ resource, definition, bound, connections }) => ({
        resource,
        role: definition.role,
        address: bound,
        connections: connections.size,
      })),
    stop() {
      stopped = true;
      for (const id of [...running.keys()]) stop(id);
    },
    async closeConnections() {
      const closed = [...sockets].map(
        (socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())),
      );
      // In a turn of its own, and not by a reset: there may be TLS on top, see resetTlsSocket.
      setImmediate(() => {
        for (const socket of sockets) socket.destroy();
      });
      await Promise.all(closed);
    },
  };
}

function listenerId(resource: GatewayResourceKey, { role, address }: ListenerDefinition): string {
  return `${resource} ${role} ${formatEndpoint(address.address, address.port)}`;
}

function holdsAddress({ definition, bound }: Listener, { address, port }: SocketAddress): boolean {
  return port !== 0 && bound.port === port && definition.address.address === address;
}

function listen(server: Server, { address, port }: SocketAddress): Promise<SocketAddress> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port, backlog: BACKLOG, exclusive: true }, () => {
      server.off("error", reject);
      const bound = server.address();
      resolve(
        bound !== null && typeof bound === "object" ? { address: bound.address, port: bound.port } : { address, port },
      );
    });
  });
}

function connectionLimit(
  resource: GatewayResourceKey,
  { role, address }: ListenerDefinition,
  drop: { readonly remoteAddress?: string; readonly remotePort?: number } | undefined,
) {
  return {
    role,
    resource,
    reason: "ConnectionLimit",
    downstream: formatEndpoint(drop?.remoteAddress ?? "unknown", drop?.remotePort ?? 0),
    message: `the listener ${formatEndpoint(address.address, address.port)} has as many connections as it may have`,
  } as const;
}

function listenProblem(
  resource: GatewayResourceKey,
  { address }: ListenerDefinition,
  error: unknown,
  holder: GatewayResourceKey | undefined,
): GatewayProblem {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  const where = formatEndpoint(address.address, address.port);
  const problem = { resource, listener: address };
  switch (code) {
    case "EADDRINUSE":
      return {
        ...problem,
        reason: "AddressInUse",
        message: `${where} is already in use by ${holder === undefined ? "another program" : `"${holder}"`}`,
        remedy:
          holder === undefined
            ? "stop the other program, or give the gateway's Service another address or port"
            : "give each gateway's Service an address or port of its own",
      };
    case "EADDRNOTAVAIL":
      return {
        ...problem,
        reason: "AddressNotAvailable",
        message: `${where} is not an address of this machine`,
        remedy: "use an address pool of this machine's addresses; only Linux has all of 127.0.0.0/8",
      };
    case "EACCES":
      return {
        ...problem,
        reason: "PermissionDenied",
        message: `the operating system does not allow this process to listen on ${where}`,
        remedy: "use a port from 1024, or allow the process to bind privileged ports",
      };
    default:
      return {
        ...problem,
        reason: "ListenFailed",
        message: `cannot listen on ${where}: ${code}`,
        remedy: "correct what the operating system complains about, then apply the configuration again",
      };
  }
}

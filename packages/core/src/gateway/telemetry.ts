/** Counts everything that happens in the engine and passes it on to its observer. */
import type { GatewayResourceKey, SocketAddress } from "../plan/gateway-resource.js";
import type {
  CloseReason,
  ConnectionClosed,
  ConnectionOpened,
  ConnectionRefused,
  GatewayObserver,
  GatewayProblem,
  ListenerRole,
  PeerFailed,
  RefusalReason,
  RequestCompleted,
} from "./gateway-events.js";
import type { HopFailureReason } from "./hop-error.js";

export interface ConnectionCounters {
  readonly role: ListenerRole;
  /** Empty when a local endpoint was called. */
  readonly peer: string;
  readonly host: string;
  readonly opened: number;
  readonly active: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly closed: Readonly<Partial<Record<CloseReason, number>>>;
}

export interface RefusalCounter {
  readonly role: ListenerRole;
  /** Empty on outbound listeners before a peer was chosen. */
  readonly peer: string;
  readonly reason: RefusalReason;
  readonly count: number;
}

export interface RequestCounter {
  /** Empty for requests that named no imported service, so that callers cannot make up series. */
  readonly host: string;
  readonly status: number;
  /** Why this gateway answered instead of the upstream; empty when the upstream answered. */
  readonly failure: HopFailureReason | "";
  readonly count: number;
}

export interface PeerFailureCounter {
  readonly peer: string;
  readonly reason: HopFailureReason;
  readonly count: number;
}

export interface ListenerState {
  readonly resource: GatewayResourceKey;
  readonly role: ListenerRole;
  readonly address: SocketAddress;
  /** Connections that are open now. */
  readonly connections: number;
}

/** A snapshot; counters only grow while the engine lives. */
export interface GatewayCounters {
  readonly connections: readonly ConnectionCounters[];
  readonly refusals: readonly RefusalCounter[];
  readonly requests: readonly RequestCounter[];
  readonly peerFailures: readonly PeerFailureCounter[];
  readonly listeners: readonly ListenerState[];
  /** Callbacks of the observer that threw. */
  readonly observerFailures: number;
}

export interface Telemetry extends Required<GatewayObserver> {
  counters(): Omit<GatewayCounters, "listeners">;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export function createTelemetry(observer: GatewayObserver): Telemetry {
  const connections = new CounterTable<
    Writable<ConnectionCounters> & { closed: Partial<Record<CloseReason, number>> }
  >();
  const refusals = new CounterTable<Writable<RefusalCounter>>();
  const requests = new CounterTable<Writable<RequestCounter>>();
  const peerFailures = new CounterTable<Writable<PeerFailureCounter>>();
  let observerFailures = 0;

  const tell = (callback: () => void) => {
    try {
      callback();
    } catch {
      observerFailures += 1;
    }
  };
  const connectionCounters = ({ role, peer = "", host }: ConnectionOpened) =>
    connections.row([role, peer, host], () => ({
      role,
      peer,
      host,
      opened: 0,
      active: 0,
      bytesSent: 0,
      bytesReceived: 0,
      closed: {},
    }));

  return {
    connectionOpened(event) {
      const counters = connectionCounters(event);
      counters.opened += 1;
      counters.active += 1;
      tell(() => observer.connectionOpened?.(event));
    },
    connectionClosed(event: ConnectionClosed) {
      const counters = connectionCounters(event);
      counters.active -= 1;
      counters.bytesSent += event.bytesSent;
      counters.bytesReceived += event.bytesReceived;
      counters.closed[event.reason] = (counters.closed[event.reason] ?? 0) + 1;
      tell(() => observer.connectionClosed?.(event));
    },
    connectionRefused(event: ConnectionRefused) {
      const { role, reason, peer = "" } = event;
      refusals.row([role, peer, reason], () => ({ role, peer, reason, count: 0 })).count += 1;
      tell(() => observer.connectionRefused?.(event));
    },
    requestCompleted(event: RequestCompleted) {
      const { host = "", status } = event;
      const failure = event.failure?.reason ?? "";
      requests.row([host, String(status), failure], () => ({ host, status, failure, count: 0 })).count += 1;
      tell(() => observer.requestCompleted?.(event));
    },
    peerFailed(event: PeerFailed) {
      const { peer, reason } = event;
      peerFailures.row([peer, reason], () => ({ peer, reason, count: 0 })).count += 1;
      tell(() => observer.peerFailed?.(event));
    },
    problem: (problem: GatewayProblem) => tell(() => observer.problem?.(problem)),
    counters: () => ({
      connections: connections.snapshot().map((row) => ({ ...row, closed: { ...row.closed } })),
      refusals: refusals.snapshot(),
      requests: requests.snapshot(),
      peerFailures: peerFailures.snapshot(),
      observerFailures,
    }),
  };
}

/** Rows of counters under labels. */
class CounterTable<Row extends object> {
  readonly #rows = new Map<string, Row>();

  row(labels: readonly string[], create: () => Row): Row {
    const key = labels.join("\n");
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = create();
      this.#rows.set(key, row);
    }
    return row;
  }

  snapshot(): Row[] {
    return [...this.#rows.values()].map((row) => ({ ...row }));
  }
}

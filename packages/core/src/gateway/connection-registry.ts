/**
 * The established connections, by what allowed them. A change of the configuration asks those that it could concern
 * whether they are still allowed; all others are not touched.
 */
import type { Clock, TimerHandle } from "../clock.js";
import type { CloseReason } from "./gateway-events.js";

/** `now`: close at once. `drained`: may finish, for at most the drain timeout. */
export interface Withdrawal {
  readonly reason: CloseReason;
  readonly when: "now" | "drained";
}

export interface RegisteredConnection {
  /** Names under which a change finds this connection, for example `ingress/green-mesh`. */
  readonly groups: readonly string[];
  /** Why the connection has to end under the configuration of this moment; undefined when it may stay. */
  reauthorize(): Withdrawal | undefined;
  /** Ends the connection at once. Called at most once by the registry. */
  close(reason: CloseReason): void;
}

export interface ConnectionRegistry {
  /** Returns what takes the connection out again; idempotent. */
  add(connection: RegisteredConnection): () => void;
  /** Asks every connection of the group. A connection that is allowed again while it drains stays. */
  reauthorize(group: string): void;
  readonly size: number;
  /** Resolves when there is no connection, at once if there is none now. */
  empty(): Promise<void>;
  closeAll(reason: CloseReason): void;
}

export interface ConnectionRegistryOptions {
  readonly clock: Clock;
  readonly drainTimeoutMs: number;
}

export function createConnectionRegistry({ clock, drainTimeoutMs }: ConnectionRegistryOptions): ConnectionRegistry {
  const connections = new Set<RegisteredConnection>();
  const groups = new Map<string, Set<RegisteredConnection>>();
  const draining = new Map<RegisteredConnection, TimerHandle>();
  let waiting: (() => void)[] = [];

  const stopDraining = (connection: RegisteredConnection) => {
    const timer = draining.get(connection);
    if (timer === undefined) return;
    clock.clearTimeout(timer);
    draining.delete(connection);
  };

  const remove = (connection: RegisteredConnection) => {
    if (!connections.delete(connection)) return;
    stopDraining(connection);
    for (const name of connection.groups) {
      const group = groups.get(name);
      group?.delete(connection);
      if (group?.size === 0) groups.delete(name);
    }
    if (connections.size > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  };

  const close = (connection: RegisteredConnection, reason: CloseReason) => {
    remove(connection);
    connection.close(reason);
  };

  const drain = (connection: RegisteredConnection, reason: CloseReason) => {
    if (draining.has(connection)) return;
    draining.set(
      connection,
      clock.setTimeout(() => {
        draining.delete(connection);
        close(connection, reason);
      }, drainTimeoutMs),
    );
  };

  return {
    add(connection) {
      connections.add(connection);
      for (const name of connection.groups) {
        const group = groups.get(name) ?? new Set();
        groups.set(name, group.add(connection));
      }
      return () => remove(connection);
    },
    reauthorize(group) {
      for (const connection of [...(groups.get(group) ?? [])]) {
        const withdrawal = connection.reauthorize();
        if (withdrawal === undefined) stopDraining(connection);
        else if (withdrawal.when === "now") close(connection, withdrawal.reason);
        else drain(connection, withdrawal.reason);
      }
    },
    get size() {
      return connections.size;
    },
    empty() {
      if (connections.size === 0) return Promise.resolve();
      return new Promise((resolve) => waiting.push(resolve));
    },
    closeAll(reason) {
      for (const connection of [...connections]) close(connection, reason);
    },
  };
}

import type { DiscoveryStatus } from "../discovery/discovery-status.js";
import type { ServiceMessage } from "../discovery/message.js";
import { type FieldViolation, formatViolations } from "../result.js";
import { compareText } from "./compare-text.js";
import { MOST_DIAGNOSTICS } from "./diagnostics.js";
import type { Diagnostic, PeerObservation, SnapshotChange } from "./mesh-plan.js";
import { isStructurallyEqual } from "./structural-equality.js";

/** Changes that tell of a peer rather than of an object. */
export type ObservationChange = Exclude<SnapshotChange, { readonly type: "upsert" | "delete" | "gatewayProblems" }>;

interface Observation {
  readonly services: Map<string, ServiceMessage>;
  readonly rejected: Map<string, readonly FieldViolation[]>;
  discoveryStatus: DiscoveryStatus;
  lastConfirmed: number | undefined;
}

/** What is known of each peer over discovery. It is kept whether the mesh has such a ServiceMeshPeer or not. */
export class ObservationTable {
  readonly #peers = new Map<string, Observation>();

  /** By exported host. */
  services(peer: string): ReadonlyMap<string, ServiceMessage> {
    return this.#peers.get(peer)?.services ?? NO_SERVICES;
  }

  /** What is wrong with an announcement that was not believed. */
  rejection(peer: string, hostname: string): readonly FieldViolation[] | undefined {
    return this.#peers.get(peer)?.rejected.get(hostname);
  }

  /** Empty before discovery has been tried. */
  discoveryStatus(peer: string): DiscoveryStatus {
    return this.#peers.get(peer)?.discoveryStatus ?? {};
  }

  /** Epoch milliseconds; undefined: never. */
  lastConfirmed(peer: string): number | undefined {
    return this.#peers.get(peer)?.lastConfirmed;
  }

  /** Returns the exported hosts whose offer is another than before. */
  apply(change: ObservationChange): Iterable<string> {
    switch (change.type) {
      case "peerSync":
        return this.#replace(change.observation);
      case "peerServices":
        return this.#patch(change);
      case "peerStatus": {
        const observation = this.#of(change.peer);
        observation.discoveryStatus = change.discoveryStatus;
        observation.lastConfirmed = change.lastConfirmed ?? observation.lastConfirmed;
        return [];
      }
      case "peerForgotten": {
        const hostnames = this.services(change.peer).keys();
        this.#peers.delete(change.peer);
        return hostnames;
      }
    }
  }

  /** What to tell about announcements that were not believed. */
  diagnostics(peer: string, controlPlaneNamespace: string): readonly Diagnostic[] {
    const rejected = [...(this.#peers.get(peer)?.rejected ?? [])].sort(([a], [b]) => compareText(a, b));
    const shown = rejected.slice(0, MOST_DIAGNOSTICS);
    const diagnostic = (message: string): Diagnostic => ({
      severity: "warning",
      reason: "AnnouncementRejected",
      object: { kind: "ServiceMeshPeer", namespace: controlPlaneNamespace, name: peer },
      path: "",
      message,
      remedy: "ask the administrator of the peer; the service cannot be imported",
    });
    return [
      ...shown.map(([hostname, violations]) =>
        diagnostic(`the announcement of "${hostname}" is not believed: ${formatViolations(violations)}`),
      ),
      ...(rejected.length > shown.length
        ? [diagnostic(`${rejected.length - shown.length} more announcements are not believed`)]
        : []),
    ];
  }

  #replace({ peer, services, rejected, discoveryStatus, lastConfirmed }: PeerObservation): Iterable<string> {
    const before = this.services(peer);
    this.#peers.set(peer, {
      services: new Map(services),
      rejected: new Map(rejected),
      discoveryStatus,
      lastConfirmed,
    });
    const gone = [...before.keys()].filter((hostname) => !services.has(hostname));
    const changed = [...services.entries()].filter(
      ([hostname, message]) => !isStructurallyEqual(before.get(hostname), message),
    );
    return [...gone, ...changed.map(([hostname]) => hostname)];
  }

  #patch(change: Extract<ObservationChange, { readonly type: "peerServices" }>): Iterable<string> {
    const observation = this.#of(change.peer);
    const { services, rejected } = observation;
    observation.lastConfirmed = change.lastConfirmed ?? observation.lastConfirmed;
    const touched = new Set<string>();
    for (const hostname of change.removed) {
      rejected.delete(hostname);
      if (services.delete(hostname)) touched.add(hostname);
    }
    for (const message of change.upserted) {
      rejected.delete(message.hostname);
      if (isStructurallyEqual(services.get(message.hostname), message)) continue;
      services.set(message.hostname, message);
      touched.add(message.hostname);
    }
    for (const [hostname, violations] of change.rejected ?? []) {
      rejected.set(hostname, violations);
      if (services.delete(hostname)) touched.add(hostname);
    }
    return touched;
  }

  #of(peer: string): Observation {
    let observation = this.#peers.get(peer);
    if (observation === undefined) {
      observation = { services: new Map(), rejected: new Map(), discoveryStatus: {}, lastConfirmed: undefined };
      this.#peers.set(peer, observation);
    }
    return observation;
  }
}

const NO_SERVICES: ReadonlyMap<string, ServiceMessage> = new Map();

/**
 * Discovery of one mesh: serves what it exports to each peer, and watches what each peer exports. Which peers there are,
 * and with what settings, is read from the plan's changes; what is learned goes back to the planner.
 */
import type { Duplex } from "node:stream";
import {
  buildDiscoveryStatus,
  type Clock,
  type EgressGateway,
  type GatewayResource,
  type MeshPlan,
  type MeshPlanChange,
  type SnapshotChange,
  type WatchStatus,
} from "@meshfed/core";
import {
  createDiscoveryClient,
  createDiscoveryServer,
  type DiscoveryClient,
  type DiscoveryPeer,
} from "@meshfed/core/gateway";
import type { Logger } from "pino";

export interface PeerDiscoveryOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Name under which this process appears in `status.discoveryStatus`. */
  readonly pod: string;
  readonly plan: () => MeshPlan;
  /** A connection to the peer's discovery port through this mesh's egress gateway. */
  readonly connect: (peer: string, signal: AbortSignal) => Promise<Duplex>;
  readonly onObservation: (change: SnapshotChange) => void;
}

export interface PeerDiscovery {
  /** Takes over a connection that the ingress gateway of `peer` has authorised. */
  accept(peer: string, connection: Duplex): void;
  /** To be called before the gateways change: tells peers what is withdrawn. */
  withdraw(change: MeshPlanChange): void;
  /** To be called when the gateways have changed: follows peers that came or changed, and tells them what is new. */
  publish(change: MeshPlanChange): void;
  /** Ends all connections, and reports that they have ended. */
  close(): Promise<void>;
}

const INGRESS_KEY = /^IngressGateway\/(.+)$/;
const EGRESS_KEY = /^EgressGateway\/(.+)$/;
const NEVER_CONNECTED: WatchStatus = { connected: false };

export function createPeerDiscovery(options: PeerDiscoveryOptions): PeerDiscovery {
  const { clock, logger } = options;
  const served = new Set<string>();
  const clients = new Map<string, DiscoveryClient>();
  const server = createDiscoveryServer({
    clock,
    onRemotesChanged: reportStatus,
    onWatchDropped: (watch) => logger.warn(watch, "dropped a discovery watch whose reader was too slow"),
  });

  /** What is known of a peer that is neither served nor watched any more is forgotten. */
  function reportStatus(peer: string): void {
    const client = clients.get(peer);
    if (client === undefined && !served.has(peer)) {
      options.onObservation({ type: "peerForgotten", peer });
      return;
    }
    const discoveryStatus = buildDiscoveryStatus({
      pod: options.pod,
      watch: client?.status ?? NEVER_CONNECTED,
      remotes: server.remotes(peer),
    });
    const lastConfirmed = client?.lastConfirmed;
    options.onObservation({
      type: "peerStatus",
      peer,
      discoveryStatus,
      ...(lastConfirmed !== undefined && { lastConfirmed }),
    });
  }

  function startClient(egress: EgressGateway): void {
    const { peer } = egress;
    const client = createDiscoveryClient({
      peer: discoveryPeer(egress),
      clock,
      random: options.random,
      onChanges: ({ upserted, removed, rejected }, lastConfirmed) =>
        options.onObservation({
          type: "peerServices",
          peer,
          upserted,
          removed,
          rejected,
          ...(lastConfirmed !== undefined && { lastConfirmed }),
        }),
      onStatus: () => reportStatus(peer),
      onProblem: (problem) => logger.warn({ peer, ...problem }, "discovery of a peer has a problem"),
    });
    clients.set(peer, client);
    client.start();
  }

  function discoveryPeer(egress: EgressGateway): DiscoveryPeer {
    return {
      trustDomain: egress.trust.trustDomain,
      target: {
        discoveryHost: egress.discoveryHost,
        remoteChecksum: egress.remoteChecksum,
        createConnection: (signal) => options.connect(egress.peer, signal),
      },
    };
  }

  function stopServing(peer: string): void {
    if (!served.has(peer)) return;
    server.removePeer(peer);
    served.delete(peer);
    reportStatus(peer);
  }

  function stopWatching(peer: string): void {
    const client = clients.get(peer);
    if (client === undefined) return;
    clients.delete(peer);
    client.stop();
    options.onObservation({ type: "peerForgotten", peer });
    if (served.has(peer)) reportStatus(peer);
  }

  function follow(resource: GatewayResource): void {
    if (resource.kind === "IngressGateway" && !served.has(resource.peer)) {
      served.add(resource.peer);
      server.addPeer(resource.peer);
      const exports = options.plan().exports.get(resource.peer)?.values() ?? [];
      server.publish(resource.peer, { upserted: [...exports].map(({ message }) => message), removed: [] });
    } else if (resource.kind === "EgressGateway") {
      const client = clients.get(resource.peer);
      if (client === undefined) startClient(resource);
      else client.configure(discoveryPeer(resource));
    }
  }

  return {
    accept(peer, connection) {
      server.handle(peer, connection);
    },
    withdraw({ gateway, exports }) {
      for (const [peer, { removed }] of exports) {
        if (served.has(peer)) server.publish(peer, { upserted: [], removed });
      }
      for (const key of gateway.removed) {
        const ingressPeer = INGRESS_KEY.exec(key)?.[1];
        if (ingressPeer !== undefined) stopServing(ingressPeer);
        const egressPeer = EGRESS_KEY.exec(key)?.[1];
        if (egressPeer !== undefined) stopWatching(egressPeer);
      }
    },
    publish({ gateway, exports }) {
      for (const resource of gateway.upserted) follow(resource);
      for (const [peer, { upserted }] of exports) {
        if (served.has(peer)) server.publish(peer, { upserted, removed: [] });
      }
    },
    async close() {
      for (const client of clients.values()) client.stop();
      await server.close();
    },
  };
}

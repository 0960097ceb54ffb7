/**
 * What is exported to each peer.
 *
 * Every Service that a peer's rules would export claims a name. Of several claims to one name the one of the lowest rule
 * wins, then the first by namespace, then by name (reference 10.16); the others are told. When the winner goes, the next
 * takes the name over.
 */
import type { ServiceMessage } from "../discovery/message.js";
import { serviceHost } from "../naming/host-names.js";
import type { SpiffeId } from "../naming/spiffe-id.js";
import type { Service } from "../resources/service.js";
import { Claimants } from "./claimants.js";
import type { DiagnosticTable } from "./diagnostics.js";
import { type ExportClaim, exportConflictMessage, exportConflicts, winningClaim } from "./export-claim.js";
import { decideExport, type ExportOffer, type ExportPeer } from "./export-decision.js";
import { exportedServiceMessage, exportRoute } from "./export-route.js";
import { type GatewayResource, gatewayResourceKey } from "./gateway-resource.js";
import type { MemberTable } from "./member-table.js";
import type { Decision, ExportedService } from "./mesh-plan.js";
import { type ServiceKey, type Snapshot, serviceKey } from "./snapshot.js";
import { isStructurallyEqual } from "./structural-equality.js";
import { type MapChange, TrackedMap } from "./tracked-map.js";

export interface ExportTableContext {
  readonly controlPlaneNamespace: string;
  readonly snapshot: Snapshot;
  readonly members: MemberTable;
  readonly resources: TrackedMap<GatewayResource>;
  readonly diagnostics: DiagnosticTable;
}

export interface ExportingPeer extends ExportPeer {
  /** Announced with every service. */
  readonly ingressIdentity: SpiffeId | undefined;
  readonly clusterDomain: string;
}

interface PeerExports {
  peer: ExportingPeer;
  readonly claims: Map<ServiceKey, ExportClaim>;
  /** By exported host. */
  readonly claimants: Claimants<ExportClaim>;
  readonly exported: Map<string, ExportedService>;
  readonly messages: TrackedMap<ServiceMessage>;
  /** Exported hosts to look at again. */
  readonly touched: Set<string>;
}

export class ExportTable {
  readonly #context: ExportTableContext;
  readonly #peers = new Map<string, PeerExports>();
  readonly #view = new Map<string, ReadonlyMap<string, ExportedService>>();
  /** Peers whose exports may be others than before. */
  #changedPeers = new Set<string>();
  /** What was withdrawn from peers that are gone. */
  readonly #withdrawn = new Map<string, MapChange<ServiceMessage>>();

  constructor(context: ExportTableContext) {
    this.#context = context;
  }

  /** By peer, then by exported host. A live view. */
  get exports(): ReadonlyMap<string, ReadonlyMap<string, ExportedService>> {
    return this.#view;
  }

  /** Puts in a peer, or what is known of it now. All its exports are decided again if that can change them. */
  setPeer(peer: ExportingPeer): void {
    const state = this.#peers.get(peer.name);
    if (state === undefined) {
      this.#reconsiderAll(this.#addPeer(peer));
      return;
    }
    const before = state.peer;
    state.peer = peer;
    if (
      isRefused(before) !== isRefused(peer) ||
      before.ingressGateway !== peer.ingressGateway ||
      before.rules !== peer.rules
    ) {
      this.#reconsiderAll(state);
    }
    if (before.ingressIdentity !== peer.ingressIdentity || before.clusterDomain !== peer.clusterDomain) {
      for (const hostname of state.claimants.names()) state.touched.add(hostname);
    }
  }

  removePeer(name: string): void {
    const state = this.#peers.get(name);
    if (state === undefined) return;
    for (const { namespace, name: service } of [...state.claims.values()]) this.#withdraw(state, namespace, service);
    this.#settlePeer(state);
    this.#withdrawn.set(name, state.messages.takeChange());
    this.#peers.delete(name);
    this.#view.delete(name);
  }

  /** A Service came, changed or went. */
  reconsider(namespace: string, name: string): void {
    const service = this.#context.snapshot.service(namespace, name);
    for (const state of this.#peers.values()) {
      if (service === undefined) this.#withdraw(state, namespace, name);
      else this.#decide(state, service);
      this.#touch(state, serviceKey(namespace, name));
    }
  }

  /** The workloads behind a Service changed. */
  reconsiderEndpoints(service: ServiceKey): void {
    for (const state of this.#peers.values()) this.#touch(state, service);
  }

  /** Brings everything up to date that was touched. */
  settle(): void {
    for (const state of this.#peers.values()) this.#settlePeer(state);
  }

  /** By peer; the net change since the last call. */
  takeChange(): ReadonlyMap<string, MapChange<ServiceMessage>> {
    const changes = new Map(this.#withdrawn);
    this.#withdrawn.clear();
    for (const [name, { messages }] of this.#peers) {
      const added = messages.takeChange();
      // A peer that went and came back within one update has both.
      const gone = (changes.get(name)?.removed ?? []).filter((hostname) => !messages.values.has(hostname));
      changes.set(name, { upserted: added.upserted, removed: [...gone, ...added.removed] });
    }
    for (const [name, change] of changes) {
      if (change.upserted.length === 0 && change.removed.length === 0) changes.delete(name);
    }
    return changes;
  }

  /** Peers whose exports may be others than at the last call. */
  takeChangedPeers(): ReadonlySet<string> {
    const changed = this.#changedPeers;
    this.#changedPeers = new Set();
    return changed;
  }

  /** Whether a Service has the name that it claims. */
  conflictDecision(peer: string, service: { readonly namespace: string; readonly name: string }): Decision | undefined {
    const state = this.#peers.get(peer);
    const claim = state?.claims.get(serviceKey(service.namespace, service.name));
    const winner = claim && winningClaim(state?.claimants.of(claim.hostname) ?? []);
    if (claim === undefined || winner === undefined) return undefined;
    const rule = { set: peer, index: claim.index };
    if (winner === claim) {
      return { test: "Conflict", outcome: "pass", rule, message: `no other service has the name "${claim.hostname}"` };
    }
    return { test: "Conflict", outcome: "fail", rule, message: exportConflictMessage(claim, winner) };
  }

  /** As decided for the peer of that name; undefined when there is none. */
  decide(peer: string, service: Service, trace: Decision[]): ExportOffer | undefined {
    const state = this.#peers.get(peer);
    return state && decideExport(service, state.peer, this.#surroundings(service), trace);
  }

  #addPeer(peer: ExportingPeer): PeerExports {
    const state: PeerExports = {
      peer,
      claims: new Map(),
      claimants: new Claimants(),
      exported: new Map(),
      messages: new TrackedMap(),
      touched: new Set(),
    };
    this.#peers.set(peer.name, state);
    this.#view.set(peer.name, state.exported);
    return state;
  }

  #surroundings(service: Service) {
    const { controlPlaneNamespace, members } = this.#context;
    return { controlPlaneNamespace, membership: members.of(service.metadata.namespace) };
  }

  #reconsiderAll(state: PeerExports): void {
    // A peer that is not let in, or has no rules, needs no pass over all Services to find that nothing is exported.
    if (isRefused(state.peer) || state.peer.rules === undefined) {
      for (const { namespace, name } of [...state.claims.values()]) this.#withdraw(state, namespace, name);
      return;
    }
    for (const service of this.#context.snapshot.services()) this.#decide(state, service);
  }

  #decide(state: PeerExports, service: Service): void {
    const { namespace, name } = service.metadata;
    const key = serviceKey(namespace, name);
    const before = state.claims.get(key);
    const offer = decideExport(service, state.peer, this.#surroundings(service));
    if (offer === undefined) {
      this.#withdraw(state, namespace, name);
    } else if (before?.hostname !== offer.hostname || before.index !== offer.index) {
      this.#withdraw(state, namespace, name);
      const claim = { ...offer, namespace, name };
      state.claims.set(key, claim);
      state.claimants.add(offer.hostname, claim);
      state.touched.add(offer.hostname);
    }
  }

  /** Has the host looked at again that a Service claims. */
  #touch(state: PeerExports, service: ServiceKey): void {
    const claim = state.claims.get(service);
    if (claim !== undefined) state.touched.add(claim.hostname);
  }

  #withdraw(state: PeerExports, namespace: string, name: string): void {
    const key = serviceKey(namespace, name);
    const claim = state.claims.get(key);
    if (claim === undefined) return;
    state.claims.delete(key);
    state.claimants.delete(claim.hostname, claim);
    state.touched.add(claim.hostname);
  }

  #settlePeer(state: PeerExports): void {
    if (state.touched.size > 0) this.#changedPeers.add(state.peer.name);
    for (const hostname of state.touched) this.#settleHost(state, hostname);
    state.touched.clear();
  }

  #settleHost(state: PeerExports, hostname: string): void {
    const { resources, diagnostics, controlPlaneNamespace: namespace } = this.#context;
    const claims = state.claimants.of(hostname);
    const winner = winningClaim(claims);
    const conflicts = exportConflicts(claims, { namespace, name: state.peer.name });
    diagnostics.set(`export-conflict/${state.peer.name}/${hostname}`, conflicts);
    const service = winner && this.#context.snapshot.service(winner.namespace, winner.name);
    if (winner === undefined || service === undefined) {
      state.exported.delete(hostname);
      state.messages.delete(hostname);
      resources.delete(gatewayResourceKey({ kind: "ExportRoute", peer: state.peer.name, exportedHost: hostname }));
    } else {
      this.#export(state, winner, service);
    }
  }

  #export(state: PeerExports, claim: ExportClaim, service: Service): void {
    const { resources, snapshot } = this.#context;
    const { name: peer, ingressIdentity, clusterDomain } = state.peer;
    const { namespace, name, hostname, index } = claim;
    state.messages.set(hostname, exportedServiceMessage(service, claim, ingressIdentity));
    const localService = { name, namespace, hostname: serviceHost(name, namespace, clusterDomain) };
    const message = state.messages.values.get(hostname) ?? exportedServiceMessage(service, claim, ingressIdentity);
    const exported = { peer, rule: { set: peer, index }, localService, message };
    if (!isStructurallyEqual(state.exported.get(hostname), exported)) state.exported.set(hostname, exported);
    const slices = snapshot.endpointSlices(serviceKey(namespace, name));
    const route = exportRoute(peer, localService, hostname, { service, slices });
    resources.set(gatewayResourceKey(route), route);
  }
}

function isRefused({ refusal }: ExportPeer): boolean {
  return refusal !== undefined;
}

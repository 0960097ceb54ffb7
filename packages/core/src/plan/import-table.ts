/**
 * What is imported from each peer.
 *
 * Every offered service that a rule takes claims a local host. With importAsLocal each peer may have one claim to a host,
 * and their endpoints are joined; with any other name a host has one claim in all. Of several the first peer by name wins,
 * within a peer the lowest rule, then the first by exported namespace and name (reference 10.16); the others are told, and
 * are offered but not imported. When the winner goes, the next takes the host over.
 *
 * Services are kept apart by peer and exported host: two peers may well announce the same host (reference 10.22).
 */
import type { ServiceMessage } from "../discovery/message.js";
import { serviceHost } from "../naming/host-names.js";
import { isExternalName } from "../resources/service.js";
import type { ImportMatch } from "../rules/import-rules.js";
import { Claimants } from "./claimants.js";
import type { DiagnosticTable } from "./diagnostics.js";
import { type GatewayResource, gatewayResourceKey, type ImportedService, type Locality } from "./gateway-resource.js";
import {
  type ImportClaim,
  importConflictMessage,
  importConflicts,
  noVirtualAddress,
  unmatchedPort,
  winningClaims,
} from "./import-claim.js";
import { decideImport, type ImportPeer } from "./import-decision.js";
import { importedService, needsVirtualAddress } from "./imported-service.js";
import type { MemberTable } from "./member-table.js";
import type { Decision, OfferedService, PeerImports } from "./mesh-plan.js";
import { portsWithEndpoints, type ServicePortEndpoints } from "./service-endpoints.js";
import { type Snapshot, serviceKey } from "./snapshot.js";
import type { TrackedMap } from "./tracked-map.js";
import type { VirtualAddressPool } from "./virtual-address.js";

export interface ImportTableContext {
  readonly controlPlaneNamespace: string;
  readonly snapshot: Snapshot;
  readonly members: MemberTable;
  readonly resources: TrackedMap<GatewayResource>;
  readonly diagnostics: DiagnosticTable;
  readonly clusterDomain: () => string;
  /** What the peer offers, by exported host. */
  readonly offersOf: (peer: string) => ReadonlyMap<string, ServiceMessage>;
  /** Undefined: no virtual addresses. */
  readonly virtualAddresses: VirtualAddressPool | undefined;
}

export interface ImportingPeer extends ImportPeer {
  /** Of what it offers; another one comes with other rules. */
  readonly locality: Locality | undefined;
}

interface PeerState {
  peer: ImportingPeer;
  /** By exported host. */
  readonly claims: Map<string, ImportClaim>;
  /** By exported host. */
  readonly services: Map<string, OfferedService>;
}

export class ImportTable {
  readonly #context: ImportTableContext;
  readonly #peers = new Map<string, PeerState>();
  readonly #view = new Map<string, PeerImports>();
  /** By local host. */
  readonly #claimants = new Claimants<ImportClaim>();
  /** Without virtual addresses, by local host. */
  readonly #services = new Map<string, ImportedService>();
  /** Peers whose imports may be others than before. */
  #changedPeers = new Set<string>();
  /** Local hosts to look at again. */
  readonly #touched = new Set<string>();

  constructor(context: ImportTableContext) {
    this.#context = context;
  }

  /** By peer. A live view. */
  get imports(): ReadonlyMap<string, PeerImports> {
    return this.#view;
  }

  /** Puts in a peer, or what is known of it now. All its offers are decided again if that can change them. */
  setPeer(peer: ImportingPeer): void {
    const state = this.#peers.get(peer.name);
    if (state === undefined) {
      this.#addPeer(peer);
      return;
    }
    const before = state.peer;
    state.peer = peer;
    const isRefusedAlike = (before.refusal === undefined) === (peer.refusal === undefined);
    if (!isRefusedAlike || before.rules !== peer.rules) this.#reconsiderAll(peer.name);
  }

  removePeer(name: string): void {
    const state = this.#peers.get(name);
    if (state === undefined) return;
    for (const hostname of [...state.claims.keys()]) this.#withdraw(state, hostname);
    this.#changedPeers.add(name);
    this.#peers.delete(name);
    this.#view.delete(name);
  }

  /** When the offer was last confirmed; undefined: never. */
  confirm(peer: string, lastConfirmed: number | undefined): void {
    const state = this.#peers.get(peer);
    if (state === undefined) return;
    this.#view.set(peer, { ...(lastConfirmed !== undefined && { lastConfirmed }), services: state.services });
  }

  /** An offer of a peer came, changed or went. */
  reconsider(peer: string, hostname: string): void {
    const state = this.#peers.get(peer);
    if (state === undefined) return;
    const message = this.#context.offersOf(peer).get(hostname);
    this.#changedPeers.add(peer);
    this.#withdraw(state, hostname);
    if (message === undefined) {
      state.services.delete(hostname);
      return;
    }
    state.services.set(hostname, { peer, message });
    const match = decideImport(message, state.peer);
    if (match !== undefined) this.#claim(state, { peer, message, match });
  }

  /** The mesh's own Service of that name, its workloads or its membership changed. */
  reconsiderLocal(namespace: string, name: string): void {
    const localHost = serviceHost(name, namespace, this.#context.clusterDomain());
    if (this.#claimants.has(localHost)) this.#touched.add(localHost);
  }

  /** Brings everything up to date that was touched. */
  settle(): void {
    const changed = new Set(this.#touched);
    for (const localHost of this.#touched) this.#settleHost(localHost);
    this.#touched.clear();
    for (const localHost of this.#context.virtualAddresses?.takeMoved() ?? []) changed.add(localHost);
    for (const localHost of changed) this.#publish(localHost);
  }

  /** Peers whose imports may be others than at the last call. */
  takeChangedPeers(): ReadonlySet<string> {
    const changed = this.#changedPeers;
    this.#changedPeers = new Set();
    return changed;
  }

  /** Where the raw TCP ports of the imported service of that host are reached; undefined when it has none, or no address. */
  virtualAddressOf(localHost: string): string | undefined {
    const service = this.#context.resources.values.get(gatewayResourceKey({ kind: "ImportedService", localHost }));
    return service?.kind === "ImportedService" ? service.virtualAddress : undefined;
  }

  /** The peer of that name as offers are decided for it; undefined when there is none. */
  peer(name: string): ImportingPeer | undefined {
    return this.#peers.get(name)?.peer;
  }

  /** Whether an offered service has the local host that it claims. */
  conflictDecision(peer: string, hostname: string): Decision | undefined {
    const claim = this.#peers.get(peer)?.claims.get(hostname);
    if (claim === undefined) return undefined;
    const { localHost, index } = claim.match;
    const winners = winningClaims(this.#claimants.of(localHost));
    const rule = { set: peer, index };
    if (!winners.has(claim)) {
      return { test: "Conflict", outcome: "fail", rule, message: importConflictMessage(claim, winners) };
    }
    const others = [...winners].filter((other) => other !== claim).map((other) => `"${other.peer}"`);
    const message =
      others.length === 0
        ? `no other service has the host "${localHost}"`
        : `its endpoints join those of ${others.join(", ")} under "${localHost}"`;
    return { test: "Conflict", outcome: "pass", rule, message };
  }

  #addPeer(peer: ImportingPeer): void {
    const state: PeerState = { peer, claims: new Map(), services: new Map() };
    this.#peers.set(peer.name, state);
    this.#view.set(peer.name, { services: state.services });
    this.#reconsiderAll(peer.name);
  }

  #reconsiderAll(peer: string): void {
    for (const hostname of this.#context.offersOf(peer).keys()) this.reconsider(peer, hostname);
  }

  #claim(state: PeerState, claim: ImportClaim): void {
    const { localHost } = claim.match;
    state.claims.set(claim.message.hostname, claim);
    this.#claimants.add(localHost, claim);
    this.#touched.add(localHost);
  }

  #withdraw(state: PeerState, hostname: string): void {
    const claim = state.claims.get(hostname);
    if (claim === undefined) return;
    state.claims.delete(hostname);
    const { localHost } = claim.match;
    this.#claimants.delete(localHost, claim);
    this.#touched.add(localHost);
  }

  #settleHost(localHost: string): void {
    const { diagnostics, virtualAddresses, controlPlaneNamespace } = this.#context;
    const claims = this.#claimants.of(localHost);
    const winners = winningClaims(claims);
    diagnostics.set(`import-conflict/${localHost}`, importConflicts(claims, winners, controlPlaneNamespace));
    for (const claim of claims) this.#offer(claim, winners.has(claim));
    const [first] = winners;
    if (first === undefined) {
      diagnostics.set(`import-ports/${localHost}`, []);
      this.#services.delete(localHost);
      virtualAddresses?.remove(localHost);
      return;
    }
    const offers = [...winners].map((claim) => ({
      claim,
      ...claim,
      locality: this.#peers.get(claim.peer)?.peer.locality,
    }));
    const { service, unmatched } = importedService(localHost, offers, this.#localPorts(first.match));
    diagnostics.set(
      `import-ports/${localHost}`,
      unmatched.map((port) => unmatchedPort(port.offer.claim, port, controlPlaneNamespace)),
    );
    this.#services.set(localHost, service);
    if (needsVirtualAddress(service.ports)) virtualAddresses?.add(localHost);
    else virtualAddresses?.remove(localHost);
  }

  #offer({ peer, message, match }: ImportClaim, isImported: boolean): void {
    const services = this.#peers.get(peer)?.services;
    const known = services?.get(message.hostname);
    // What was decided again is shown as not imported until here.
    if ((known?.imported !== undefined) === isImported) return;
    const { index, importAsLocal, localName, localNamespace, localHost } = match;
    const imported = {
      rule: { set: peer, index },
      localService: { name: localName, namespace: localNamespace, hostname: localHost },
      importAsLocal,
    };
    this.#changedPeers.add(peer);
    services?.set(message.hostname, { peer, message, ...(isImported && { imported }) });
  }

  /** The ports of the mesh's own Service of that name, which it knows in its member namespaces only. */
  #localPorts({ importAsLocal, localNamespace, localName }: ImportMatch): readonly ServicePortEndpoints[] | undefined {
    const { snapshot, members } = this.#context;
    if (!importAsLocal || !members.of(localNamespace).inMesh) return undefined;
    const service = snapshot.service(localNamespace, localName);
    if (service === undefined || isExternalName(service)) return undefined;
    return portsWithEndpoints(service, snapshot.endpointSlices(serviceKey(localNamespace, localName)));
  }

  #publish(localHost: string): void {
    const { resources, virtualAddresses, diagnostics, controlPlaneNamespace } = this.#context;
    const service = this.#services.get(localHost);
    if (service === undefined) {
      resources.delete(gatewayResourceKey({ kind: "ImportedService", localHost }));
      diagnostics.set(`virtual-address/${localHost}`, []);
      return;
    }
    const virtualAddress = virtualAddresses?.addressOf(localHost);
    const winners = winningClaims(this.#claimants.of(localHost));
    if (virtualAddress !== this.virtualAddressOf(localHost)) {
      for (const { peer } of winners) this.#changedPeers.add(peer);
    }
    resources.set(gatewayResourceKey(service), { ...service, ...(virtualAddress !== undefined && { virtualAddress }) });
    const isMissing =
      virtualAddresses !== undefined && virtualAddress === undefined && needsVirtualAddress(service.ports);
    const [claim] = winners;
    diagnostics.set(
      `virtual-address/${localHost}`,
      isMissing && claim !== undefined ? [noVirtualAddress(claim, controlPlaneNamespace)] : [],
    );
  }
}

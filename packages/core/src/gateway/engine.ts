/**
 * The embedded gateway engine: runs a mesh's gateway configuration in this process.
 *
 *     workload -> outbound listener -> egress of a peer ==mutual TLS==> ingress of the peer's mesh -> workload
 *
 * A change is applied resource by resource. What it does not concern is not touched: no listener is opened again, no
 * established connection is closed. What it withdraws is closed at once where trust is gone (a peer, its roots, its
 * clientID), and drains where only the offer is gone (an export, an import, a listener).
 */
import type { TLSSocket } from "node:tls";
import type { Clock } from "../clock.js";
import { FederationError } from "../errors.js";
import {
  type EgressGateway,
  type ExportRoute,
  type GatewayConfigurationChange,
  type GatewayResource,
  type GatewayResourceKey,
  gatewayResourceKey,
  type ImportedService,
  type IngressGateway,
  type OutboundListener,
  type SocketAddress,
} from "../plan/gateway-resource.js";
import { createAddressResolver, type ResolveHost } from "./address-resolver.js";
import type { CertificateSource } from "./certificate-source.js";
import { createConnectionRegistry } from "./connection-registry.js";
import { Egress } from "./egress.js";
import { connectionGroup, type GatewayContext } from "./gateway-context.js";
import type { GatewayObserver, GatewayProblem } from "./gateway-events.js";
import { HopError } from "./hop-error.js";
import { ImportedServices } from "./imported-services.js";
import { Ingress } from "./ingress.js";
import { type GatewayLimits, resolveGatewayLimits } from "./limits.js";
import { createListenerManager, type ListenerManager } from "./listener-manager.js";
import { outboundHttpListeners } from "./outbound-http.js";
import { outboundTcpListeners } from "./outbound-tcp.js";
import { createTelemetry, type GatewayCounters } from "./telemetry.js";

export interface GatewayEngineOptions {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly certificates: CertificateSource;
  /** For DNS names in `spec.remote.addresses` and in EndpointSlices; names of the cluster are the owner's to answer. */
  readonly resolveHost: ResolveHost;
  /** Takes over each authenticated connection to an ingress's discovery port. Must not throw. */
  readonly discovery: (peer: string, socket: TLSSocket) => void;
  readonly limits?: Partial<GatewayLimits>;
  readonly events?: GatewayObserver;
}

export interface GatewayEngine {
  /**
   * Carries a change out. Resolves with everything of the whole configuration that does not run, each with its remedy; what
   * does run is not affected by it. Idempotent; applying anything, even nothing, tries again what did not run. Changes
   * that are applied at the same time are carried out one after the other.
   * @throws FederationError `FAILED_PRECONDITION` after `close`
   */
  apply(change: GatewayConfigurationChange): Promise<readonly GatewayProblem[]>;
  /**
   * A mutual TLS connection to the peer's discovery port, whose server has been verified. The caller closes it; the engine
   * does when the peer is removed or its trust changes.
   * @throws HopError naming the peer and why it cannot be reached; the signal's reason when aborted
   */
  connectDiscovery(peer: string, signal: AbortSignal): Promise<TLSSocket>;
  counters(): GatewayCounters;
  /** Where a resource's listeners really listen, in the order of the configuration: with port 0, the port they got. */
  addresses(key: GatewayResourceKey): readonly SocketAddress[];
  /**
   * Stops accepting, lets what is under way finish for at most `drainTimeoutMs` (default: the limit of that name), then
   * breaks off the rest. Resolves when every socket is closed. Idempotent.
   */
  close(options?: { readonly drainTimeoutMs?: number }): Promise<void>;
}

/** @throws FederationError `INVALID_ARGUMENT` for limits out of range */
export function createGatewayEngine(options: GatewayEngineOptions): GatewayEngine {
  return new EmbeddedEngine(options);
}

class EmbeddedEngine implements GatewayEngine {
  readonly #context: GatewayContext;
  readonly #onDiscovery: GatewayEngineOptions["discovery"];
  readonly #listeners: ListenerManager;
  readonly #resources = new Map<GatewayResourceKey, GatewayResource>();
  readonly #ingresses = new Map<string, Ingress>();
  readonly #egresses = new Map<string, Egress>();
  /** By peer, then exported host: two peers may be shown the same name (reference 10.22). */
  readonly #exports = new Map<string, Map<string, ExportRoute>>();
  readonly #services: ImportedServices;
  /** Ends of `apply` calls, one after the other. */
  #applied: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor({
    clock,
    random,
    certificates,
    resolveHost,
    discovery,
    limits: given,
    events = {},
  }: GatewayEngineOptions) {
    const limits = resolveGatewayLimits(given);
    const telemetry = createTelemetry(events);
    const registry = { clock, drainTimeoutMs: limits.drainTimeoutMs };
    let connectionId = 0;
    this.#context = {
      clock,
      random,
      limits,
      certificates,
      telemetry,
      resolver: createAddressResolver({
        clock,
        resolveHost,
        ttlMs: limits.resolveTtlMs,
        timeoutMs: limits.connectTimeoutMs,
      }),
      traffic: createConnectionRegistry(registry),
      sessions: createConnectionRegistry(registry),
      nextConnectionId: () => ++connectionId,
    };
    this.#onDiscovery = discovery;
    this.#listeners = createListenerManager({ telemetry, maxConnections: limits.maxConnections });
    this.#services = new ImportedServices({
      context: this.#context,
      findEgress: (peer) => this.#egresses.get(peer),
    });
  }

  async apply({ upserted, removed }: GatewayConfigurationChange): Promise<readonly GatewayProblem[]> {
    if (this.#closed !== undefined) throw new FederationError("FAILED_PRECONDITION", "the gateway engine is closed");
    const upserts = new Map(upserted.map((resource) => [gatewayResourceKey(resource), resource]));
    // What is allowed changes in this turn, whatever an earlier change still waits for.
    for (const key of removed) if (!upserts.has(key)) this.#remove(key);
    for (const [key, resource] of upserts) this.#upsert(key, resource);
    return await this.#reconcile();
  }

  async connectDiscovery(peer: string, signal: AbortSignal): Promise<TLSSocket> {
    const egress = this.#egresses.get(peer);
    if (egress !== undefined) return await egress.connectDiscovery(signal);
    const hop = { kind: "EgressGateway", gateway: "none", peer } as const;
    throw new HopError("PeerNotConfigured", hop, `there is no egress gateway for peer "${peer}"`);
  }

  counters(): GatewayCounters {
    return { ...this.#context.telemetry.counters(), listeners: this.#listeners.states() };
  }

  addresses(key: GatewayResourceKey): readonly SocketAddress[] {
    return this.#listeners.addresses(key);
  }

  close({
    drainTimeoutMs = this.#context.limits.drainTimeoutMs,
  }: {
    readonly drainTimeoutMs?: number;
  } = {}): Promise<void> {
    this.#closed ??= this.#close(drainTimeoutMs);
    return this.#closed;
  }

  async #close(drainTimeoutMs: number): Promise<void> {
    const { clock, traffic, sessions } = this.#context;
    this.#listeners.stop();
    const deadline = new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, drainTimeoutMs);
      void traffic.empty().then(() => {
        clock.clearTimeout(timer);
        resolve();
      });
    });
    await Promise.all([deadline, this.#applied]);
    traffic.closeAll("EngineClosed");
    sessions.closeAll("EngineClosed");
    this.#services.close();
    for (const gateway of [...this.#ingresses.values(), ...this.#egresses.values()]) gateway.close();
    await this.#listeners.closeConnections();
  }

  #reconcile(): Promise<readonly GatewayProblem[]> {
    const reconciled = this.#applied.then(async () => {
      await this.#listeners.reconcile();
      return this.#problems();
    });
    // A listener that cannot be opened is a problem, not a failure; what fails here is told to the caller of apply.
    this.#applied = reconciled.catch(() => undefined);
    return reconciled;
  }

  #problems(): readonly GatewayProblem[] {
    const gateways = [...this.#ingresses.values(), ...this.#egresses.values()];
    return [...gateways.flatMap(({ problem }) => problem ?? []), ...this.#listeners.problems()];
  }

  #upsert(key: GatewayResourceKey, resource: GatewayResource): void {
    this.#resources.set(key, resource);
    switch (resource.kind) {
      case "IngressGateway":
        this.#upsertIngress(key, resource);
        break;
      case "ExportRoute":
        this.#upsertExport(resource);
        break;
      case "EgressGateway":
        this.#upsertEgress(key, resource);
        break;
      case "ImportedService":
        this.#upsertImport(key, resource);
        break;
      case "OutboundListener":
        this.#upsertOutbound(key, resource);
        break;
    }
  }

  #upsertIngress(key: GatewayResourceKey, gateway: IngressGateway): void {
    const { peer } = gateway;
    const ingress =
      this.#ingresses.get(peer) ??
      new Ingress({
        context: this.#context,
        resource: key,
        peer,
        findRoute: (host) => this.#exports.get(peer)?.get(host),
        onDiscovery: this.#onDiscovery,
        onRotated: () => this.#onIngressRotated(key, peer),
      });
    this.#ingresses.set(peer, ingress);
    ingress.update(gateway);
    this.#listeners.want(key, ingress.listeners());
    this.#reauthorizeIngress(peer);
  }

  /** A gateway that waited for its certificate starts now. */
  #onIngressRotated(key: GatewayResourceKey, peer: string): void {
    if (this.#closed !== undefined) return;
    this.#listeners.want(key, this.#ingresses.get(peer)?.listeners() ?? []);
    void this.#reconcile();
  }

  #upsertExport(route: ExportRoute): void {
    const routes = this.#exports.get(route.peer) ?? new Map<string, ExportRoute>();
    this.#exports.set(route.peer, routes.set(route.exportedHost, route));
    this.#context.traffic.reauthorize(connectionGroup.exportRoute(route.peer, route.exportedHost));
  }

  #upsertEgress(key: GatewayResourceKey, gateway: EgressGateway): void {
    const { peer } = gateway;
    const egress = this.#egresses.get(peer) ?? new Egress({ context: this.#context, resource: key, peer });
    this.#egresses.set(peer, egress);
    egress.update(gateway);
    this.#context.sessions.reauthorize(connectionGroup.egress(peer));
    this.#services.closeIdle(peer);
  }

  #upsertImport(key: GatewayResourceKey, service: ImportedService): void {
    this.#services.set(service);
    this.#listeners.want(key, outboundTcpListeners(service, { context: this.#context, services: this.#services }));
    this.#context.traffic.reauthorize(connectionGroup.importedService(service.localHost));
  }

  #upsertOutbound(key: GatewayResourceKey, listener: OutboundListener): void {
    const isWanted = () => this.#closed === undefined && this.#resources.has(key);
    this.#listeners.want(
      key,
      outboundHttpListeners(listener, { context: this.#context, services: this.#services, isWanted }),
    );
    this.#context.traffic.reauthorize(connectionGroup.outboundListener(listener.mesh));
  }

  #remove(key: GatewayResourceKey): void {
    const resource = this.#resources.get(key);
    if (resource === undefined) return;
    this.#resources.delete(key);
    this.#listeners.want(key, []);
    const { traffic, sessions } = this.#context;
    switch (resource.kind) {
      case "IngressGateway":
        this.#ingresses.get(resource.peer)?.close();
        this.#ingresses.delete(resource.peer);
        this.#reauthorizeIngress(resource.peer);
        break;
      case "ExportRoute":
        this.#removeExport(resource);
        traffic.reauthorize(connectionGroup.exportRoute(resource.peer, resource.exportedHost));
        break;
      case "EgressGateway":
        this.#egresses.get(resource.peer)?.close();
        this.#egresses.delete(resource.peer);
        sessions.reauthorize(connectionGroup.egress(resource.peer));
        this.#services.closeIdle(resource.peer);
        break;
      case "ImportedService":
        this.#services.remove(resource.localHost);
        traffic.reauthorize(connectionGroup.importedService(resource.localHost));
        break;
      case "OutboundListener":
        traffic.reauthorize(connectionGroup.outboundListener(resource.mesh));
        break;
    }
  }

  #removeExport({ peer, exportedHost }: ExportRoute): void {
    const routes = this.#exports.get(peer);
    routes?.delete(exportedHost);
    if (routes?.size === 0) this.#exports.delete(peer);
    this.#ingresses.get(peer)?.forgetRoute(exportedHost);
  }

  #reauthorizeIngress(peer: string): void {
    this.#context.traffic.reauthorize(connectionGroup.ingress(peer));
    this.#context.sessions.reauthorize(connectionGroup.ingress(peer));
  }
}

/** The imported services of a mesh, and the ways to them. */
import type { GatewayResourceKey, ImportedService, ImportedServicePort } from "../plan/gateway-resource.js";
import { type AddressHealth, createAddressHealth } from "./address-health.js";
import { connectAny } from "./connect-any.js";
import type { Withdrawal } from "./connection-registry.js";
import type { Egress } from "./egress.js";
import { connectEndpoint, noEndpoint } from "./endpoint-connector.js";
import type { GatewayContext } from "./gateway-context.js";
import { HopError } from "./hop-error.js";
import type { UpstreamConnection } from "./proxied-connection.js";
import { UpstreamAgent } from "./upstream-agent.js";
import { type Upstream, upstreamsOf } from "./upstream-picker.js";

export interface ImportedServicesOptions {
  readonly context: GatewayContext;
  readonly findEgress: (peer: string) => Egress | undefined;
}

interface Entry {
  readonly service: ImportedService;
  /** By port. */
  readonly health: Map<number, AddressHealth>;
  /** By upstream key. */
  readonly agents: Map<string, UpstreamAgent>;
}

export class ImportedServices {
  readonly #context: GatewayContext;
  readonly #findEgress: (peer: string) => Egress | undefined;
  readonly #entries = new Map<string, Entry>();

  constructor({ context, findEgress }: ImportedServicesOptions) {
    this.#context = context;
    this.#findEgress = findEgress;
  }

  /** `host` in lower case. */
  find(host: string): ImportedService | undefined {
    return this.#entries.get(host)?.service;
  }

  set(service: ImportedService): void {
    const { health = new Map(), agents = new Map() } = this.#entries.get(service.localHost) ?? {};
    this.#entries.set(service.localHost, { service, health, agents });
    const keys = new Set(service.ports.flatMap(upstreamsOf).map(({ key }) => key));
    for (const [key, agent] of agents) if (!keys.has(key) && agents.delete(key)) agent.retire();
  }

  remove(host: string): void {
    for (const agent of this.#entries.get(host)?.agents.values() ?? []) agent.retire();
    this.#entries.delete(host);
  }

  /** Closes pooled connections to the peer that carry nothing: its addresses may be others now. */
  closeIdle(peer: string): void {
    for (const { agents } of this.#entries.values()) {
      for (const agent of agents.values()) {
        if (agent.upstream.kind === "Remote" && agent.upstream.remote.peer === peer) agent.closeIdle();
      }
    }
  }

  /** The ways to a port, best first; moves the round robin on. */
  order(service: ImportedService, port: ImportedServicePort): readonly Upstream[] {
    const ordered = this.health(service, port).order(upstreamsOf(port), ({ key }) => key, this.#context.clock.now());
    return ordered.slice(0, this.#context.limits.maxConnectAttempts);
  }

  health({ localHost }: ImportedService, { port }: ImportedServicePort): AddressHealth {
    const { limits, random } = this.#context;
    const ports = this.#entries.get(localHost)?.health;
    const health = ports?.get(port) ?? createAddressHealth({ ...limits, random });
    ports?.set(port, health);
    return health;
  }

  /** A connection of its own to the service. @throws HopError of the last way that was tried */
  connect(service: ImportedService, port: ImportedServicePort, signal: AbortSignal): Promise<UpstreamConnection> {
    return connectAny({
      candidates: upstreamsOf(port),
      keyOf: ({ key }) => key,
      health: this.health(service, port),
      clock: this.#context.clock,
      maxAttempts: this.#context.limits.maxConnectAttempts,
      signal,
      connect: (upstream) => this.connectUpstream(service.localHost, upstream, signal),
      none: () => noEndpoint(service.localHost),
    });
  }

  /** A connection of its own over one of the ways. */
  connectUpstream(localHost: string, upstream: Upstream, signal: AbortSignal): Promise<UpstreamConnection> {
    if (upstream.kind === "Endpoint") {
      return connectEndpoint(upstream.endpoint, { host: localHost, signal, context: this.#context });
    }
    const { peer } = upstream.remote;
    const egress = this.#findEgress(peer);
    if (egress !== undefined) return egress.connect(upstream.remote, signal);
    const hop = { kind: "EgressGateway", gateway: "none", peer } as const;
    return Promise.reject(new HopError("PeerNotConfigured", hop, `there is no egress gateway for peer "${peer}"`));
  }

  /** The pool of HTTP connections over one of the ways; undefined when the service has gone. */
  agent(localHost: string, upstream: Upstream): UpstreamAgent | undefined {
    const agents = this.#entries.get(localHost)?.agents;
    if (agents === undefined) return undefined;
    const { keepAliveTimeoutMs, maxIdleUpstreamConnections } = this.#context.limits;
    const agent =
      agents.get(upstream.key) ??
      new UpstreamAgent(upstream, {
        idleTimeoutMs: keepAliveTimeoutMs,
        maxIdle: maxIdleUpstreamConnections,
        connect: (signal) => this.connectUpstream(localHost, upstream, signal),
      });
    agents.set(upstream.key, agent);
    return agent;
  }

  /** Why an exchange with this upstream has to end: the service, or this way to it, is not imported any more. */
  findWithdrawal(localHost: string, port: number, peer: string | undefined): Withdrawal | undefined {
    const configured = this.find(localHost)?.ports.find((candidate) => candidate.port === port);
    const allowed =
      configured !== undefined && (peer === undefined || configured.remotes.some((remote) => remote.peer === peer));
    return allowed ? undefined : { reason: "ImportRemoved", when: "drained" };
  }

  close(): void {
    for (const host of [...this.#entries.keys()]) this.remove(host);
  }

  /** Key of the resource, as listeners name their owner. */
  static resourceKey(localHost: string): GatewayResourceKey {
    return `ImportedService/${localHost}`;
  }
}

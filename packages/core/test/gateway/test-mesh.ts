/** Real meshes in one process: engines, certificate authorities, workloads on loopback. */
import type { TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import type { Clock } from "../../src/clock.js";
import {
  type CertificateSource,
  createGatewayEngine,
  type GatewayCertificate,
  type GatewayEngine,
  type GatewayEngineOptions,
  type GatewayLimits,
  type GatewayProblem,
  systemClock,
} from "../../src/gateway/index.js";
import { gatewaySpiffeId } from "../../src/naming/gateway-identity.js";
import type { SpiffeId, TrustDomain } from "../../src/naming/spiffe-id.js";
import {
  type EgressGateway,
  type ExportRoute,
  type GatewayResource,
  gatewayResourceKey,
  type ImportedService,
  type IngressGateway,
  type OutboundListener,
  type PeerTrust,
  type SocketAddress,
} from "../../src/plan/gateway-resource.js";
import { type CertificateAuthority, createCertificateAuthority } from "../../src/trust/index.js";
import { type Recorded, recorder } from "./recorder.js";

/** Certificates of one mesh that change when the test says so. */
export class TestCertificates implements CertificateSource {
  readonly #authority: CertificateAuthority;
  readonly #issued = new Map<SpiffeId, GatewayCertificate>();
  readonly #listeners = new Map<SpiffeId, Set<() => void>>();
  readonly missing = new Set<SpiffeId>();

  constructor(authority: CertificateAuthority) {
    this.#authority = authority;
  }

  get(id: SpiffeId): GatewayCertificate | undefined {
    if (this.missing.has(id)) return undefined;
    const issued = this.#issued.get(id) ?? this.#authority.issue({ id, now: Date.now() });
    this.#issued.set(id, issued);
    return issued;
  }

  subscribe(id: SpiffeId, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  rotate(id: SpiffeId): void {
    this.#issued.delete(id);
    for (const listener of this.#listeners.get(id) ?? []) listener();
  }

  get subscriptions(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

export interface TestMeshOptions {
  readonly limits?: Partial<GatewayLimits>;
  readonly clock?: Clock;
  readonly resolveHost?: GatewayEngineOptions["resolveHost"];
  readonly trustDomain?: string;
  readonly authority?: CertificateAuthority;
}

export interface TestMesh {
  readonly name: string;
  readonly trustDomain: TrustDomain;
  readonly authority: CertificateAuthority;
  readonly certificates: TestCertificates;
  readonly engine: GatewayEngine;
  readonly events: Recorded;
  /** Discovery connections that were handed over. */
  readonly discovery: { readonly peer: string; readonly socket: TLSSocket }[];
  /** What others are given. */
  readonly trust: PeerTrust;
  identity(gateway: string): SpiffeId;
  /** What is applied now. */
  readonly applied: ReadonlyMap<string, GatewayResource>;
  apply(...upserted: readonly GatewayResource[]): Promise<readonly GatewayProblem[]>;
  remove(...keys: readonly string[]): Promise<readonly GatewayProblem[]>;
  /** The first address of a resource, as it listens. */
  address(key: string): SocketAddress;
}

/** `red` is mesh `red-mesh` with trust domain `red-mesh.local`. Closed when the test ends. */
export function startMesh(color: string, options: TestMeshOptions = {}): TestMesh {
  const name = `${color}-mesh`;
  const trustDomain = (options.trustDomain ?? `${name}.local`) as TrustDomain;
  const authority = options.authority ?? createCertificateAuthority({ trustDomain, now: Date.now() });
  const certificates = new TestCertificates(authority);
  const events = recorder();
  const discovery: TestMesh["discovery"] = [];
  const applied = new Map<string, GatewayResource>();
  const engine = createGatewayEngine({
    clock: options.clock ?? systemClock,
    random: () => 0,
    certificates,
    resolveHost: options.resolveHost ?? ((host) => Promise.reject(new Error(`unknown host "${host}"`))),
    discovery: (peer, socket) => discovery.push({ peer, socket }),
    events: events.observer,
    ...(options.limits && { limits: options.limits }),
  });
  onTestFinished(() => engine.close({ drainTimeoutMs: 1 }));
  return {
    name,
    trustDomain,
    authority,
    certificates,
    engine,
    events: events.recorded,
    discovery,
    trust: { trustDomain, rootCertificates: authority.rootCertificates },
    identity: (gateway) => gatewaySpiffeId(trustDomain, `${name}-system`, gateway),
    applied,
    apply(...upserted) {
      for (const resource of upserted) applied.set(gatewayResourceKey(resource), resource);
      return engine.apply({ upserted, removed: [] });
    },
    remove(...removed) {
      for (const key of removed) applied.delete(key);
      return engine.apply({ upserted: [], removed });
    },
    address(key) {
      const [address] = engine.addresses(key);
      if (address === undefined) throw new Error(`"${key}" listens nowhere`);
      return address;
    },
  };
}

const LOOPBACK: SocketAddress = { address: "127.0.0.1", port: 0 };

/** `mesh` receives from `client`. */
export function ingressFor(mesh: TestMesh, client: TestMesh, overrides: Partial<IngressGateway> = {}): IngressGateway {
  const gateway = `ingress-${client.name}`;
  return {
    kind: "IngressGateway",
    peer: client.name,
    gateway,
    identity: mesh.identity(gateway),
    serviceListeners: [LOOPBACK],
    discoveryListeners: [],
    clientId: client.identity(`egress-${mesh.name}`),
    trust: client.trust,
    ...overrides,
  };
}

/** `mesh` sends to `server`, whose ingress listens already. */
export function egressTo(mesh: TestMesh, server: TestMesh, overrides: Partial<EgressGateway> = {}): EgressGateway {
  const gateway = `egress-${server.name}`;
  const [service] = server.engine.addresses(`IngressGateway/${mesh.name}`);
  return {
    kind: "EgressGateway",
    peer: server.name,
    gateway,
    identity: mesh.identity(gateway),
    addresses: ["127.0.0.1"],
    servicePort: service?.port ?? 15443,
    discoveryPort: 8188,
    trust: server.trust,
    discoveryHost: `discovery.${mesh.name}-system.svc.${server.name}.local`,
    remoteChecksum: "1",
    ...overrides,
  };
}

/** As red exports its service `name` to green. */
export function exportRoute(peer: string, name: string, ports: ExportRoute["ports"]): ExportRoute {
  return {
    kind: "ExportRoute",
    peer,
    exportedHost: exportedHost(name),
    localHost: `${name}.red-mesh-info.svc.cluster.local`,
    ports,
  };
}

export function exportedHost(name: string): string {
  return `${name}.info.svc.green-mesh-exports.local`;
}

export function importedHost(name: string): string {
  return `${name}.info.svc.red-mesh-imports.local`;
}

/** As green imports red's service `name`. */
export function importedService(
  name: string,
  ports: readonly Partial<ImportedService["ports"][number]>[],
  overrides: Partial<ImportedService> = {},
): ImportedService {
  return {
    kind: "ImportedService",
    localHost: importedHost(name),
    ports: ports.map(({ port = 9080, ...rest }) => ({
      name: "http",
      port,
      protocol: "HTTP",
      endpoints: [],
      remotes: [{ peer: "red-mesh", exportedHost: exportedHost(name), remotePort: port, serviceAccounts: [] }],
      ...rest,
    })),
    ...overrides,
  };
}

export function outboundListener(mesh: TestMesh): OutboundListener {
  return { kind: "OutboundListener", mesh: mesh.name, http: [LOOPBACK] };
}

/** Red exports to green: both engines run, red's ingress is up and green's egress leads to it. */
export async function startRedAndGreen(
  options: { readonly red?: TestMeshOptions; readonly green?: TestMeshOptions } = {},
): Promise<{ readonly red: TestMesh; readonly green: TestMesh }> {
  const red = startMesh("red", options.red);
  const green = startMesh("green", options.green);
  await red.apply(ingressFor(red, green));
  await green.apply(egressTo(green, red), outboundListener(green));
  return { red, green };
}

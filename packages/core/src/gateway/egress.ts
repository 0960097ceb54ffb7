/**
 * The egress gateway to one peer: from a service's name to a mutual TLS connection with the peer's ingress gateway.
 *
 *     addresses of spec.remote -> IP addresses -> round robin, dead ones last -> TCP -> TLS with this peer's roots
 *       -> SPIFFE identity: of the peer's trust domain, and one of the announced accounts if there are any
 *
 * Connections are registered for as long as they live, pooled ones too, and are held against the configuration again when
 * it changes. The DNS name or address of the other side proves nothing and is not looked at (reference 10.25).
 */
import type { TLSSocket } from "node:tls";
import { formatServerName } from "../naming/server-name.js";
import type { EgressGateway, GatewayResourceKey, RemoteService } from "../plan/gateway-resource.js";
import type { PeerVerification } from "../trust/peer-verification.js";
import { type TlsPeer, verifyTlsPeer } from "../trust/tls-peer.js";
import { type AddressHealth, createAddressHealth } from "./address-health.js";
import { connectAny } from "./connect-any.js";
import type { Withdrawal } from "./connection-registry.js";
import { connectionGroup, type GatewayContext } from "./gateway-context.js";
import type { GatewayProblem } from "./gateway-events.js";
import { createGatewayTls, type GatewayTls, type TlsState } from "./gateway-tls.js";
import { type Hop, HopError } from "./hop-error.js";
import type { UpstreamConnection } from "./proxied-connection.js";
import { formatEndpoint, tlsProxyStream } from "./proxy-stream.js";
import { connectTcp } from "./tcp-connect.js";
import { originateTls } from "./tls-originator.js";

export interface EgressOptions {
  readonly context: GatewayContext;
  readonly resource: GatewayResourceKey;
  readonly peer: string;
}

/** What is asked of the peer's ingress. */
interface Target {
  readonly port: number;
  readonly serverName: string;
  readonly alpnProtocols: readonly string[];
  /** Empty: any identity of the peer's trust domain. */
  readonly serviceAccounts: RemoteService["serviceAccounts"];
}

interface PeerConnection extends UpstreamConnection {
  readonly secure: TLSSocket;
}

/** The bytes are not looked into. `istio-peer-exchange` would promise metadata that we do not send (reference §7.4). */
const SERVICE_ALPN = ["istio"];
const DISCOVERY_ALPN = ["http/1.1"];

export class Egress {
  readonly #context: GatewayContext;
  readonly #peer: string;
  readonly #tls: GatewayTls;
  readonly #health: AddressHealth;
  #gateway: EgressGateway | undefined;

  constructor({ context, resource, peer }: EgressOptions) {
    this.#context = context;
    this.#peer = peer;
    this.#tls = createGatewayTls({ resource, context, onRotated: () => undefined });
    this.#health = createAddressHealth({ ...context.limits, random: context.random });
  }

  /** Configures connections from now on; established ones have to be asked again by their group. */
  update(gateway: EgressGateway): void {
    this.#gateway = gateway;
    this.#tls.configure(gateway.identity, gateway.trust);
  }

  get problem(): GatewayProblem | undefined {
    return this.#tls.problem;
  }

  close(): void {
    this.#gateway = undefined;
    this.#tls.close();
  }

  /**
   * A connection to one exported service of the peer, authenticated in both directions.
   * @throws HopError naming the peer's address; the signal's reason when aborted
   */
  async connect(remote: RemoteService, signal: AbortSignal): Promise<UpstreamConnection> {
    const gateway = this.#configured();
    return await this.#connect(
      {
        port: gateway.servicePort,
        serverName: formatServerName({ host: remote.exportedHost, port: remote.remotePort }),
        alpnProtocols: SERVICE_ALPN,
        serviceAccounts: remote.serviceAccounts,
      },
      signal,
    );
  }

  /** A connection to the peer's discovery port, authenticated in both directions. @throws as `connect` */
  async connectDiscovery(signal: AbortSignal): Promise<TLSSocket> {
    const { discoveryPort, discoveryHost } = this.#configured();
    const { secure } = await this.#connect(
      { port: discoveryPort, serverName: discoveryHost, alpnProtocols: DISCOVERY_ALPN, serviceAccounts: [] },
      signal,
    );
    secure.allowHalfOpen = false;
    return secure;
  }

  async #connect(target: Target, signal: AbortSignal): Promise<PeerConnection> {
    const { clock, limits } = this.#context;
    const addresses = await this.#resolve(signal);
    return await connectAny({
      candidates: addresses,
      keyOf: (address) => formatEndpoint(address, target.port),
      health: this.#health,
      clock,
      maxAttempts: limits.maxConnectAttempts,
      signal,
      connect: (address) => this.#attempt(address, target, signal),
      none: () => new HopError("NameNotResolved", this.#hop(), "spec.remote.addresses of the ServiceMeshPeer is empty"),
    });
  }

  /** Addresses of all names that are known by now, waiting for the first; a name that fails holds up nobody. */
  async #resolve(signal: AbortSignal): Promise<readonly string[]> {
    const names = this.#configured().addresses;
    if (names.length === 0) return [];
    const found = new Set<string>();
    const questions = names.map(async (name) => {
      for (const address of await this.#context.resolver.resolve(name, signal)) found.add(address);
    });
    try {
      await Promise.any(questions);
    } catch (error) {
      signal.throwIfAborted();
      const causes = error instanceof AggregateError ? error.errors.map(describe).join("; ") : describe(error);
      throw new HopError("NameNotResolved", this.#hop(), `no address could be resolved: ${causes}`, { cause: error });
    }
    return [...found];
  }

  async #attempt(address: string, target: Target, signal: AbortSignal): Promise<PeerConnection> {
    const { clock, limits, telemetry } = this.#context;
    const endpoint = formatEndpoint(address, target.port);
    const hop = this.#hop(endpoint);
    try {
      const { secureContext, roots } = this.#material(hop);
      const raw = await connectTcp({
        address,
        port: target.port,
        timeoutMs: limits.connectTimeoutMs,
        clock,
        hop,
        signal,
      });
      const { secure, certificates } = await originateTls(raw, {
        secureContext,
        roots,
        // Against the configuration at the end of the handshake, which may be newer than the one it began with.
        verify: (server) => this.#verify(server, target, this.#material(hop)),
        serverName: target.serverName,
        alpnProtocols: target.alpnProtocols,
        timeoutMs: limits.handshakeTimeoutMs,
        clock,
        hop,
        signal,
      });
      const connection = { proxy: tlsProxyStream(secure, raw), peer: this.#peer, endpoint, secure };
      this.#register(connection, certificates, target);
      return connection;
    } catch (error) {
      if (error instanceof HopError && !signal.aborted) {
        telemetry.peerFailed({ peer: this.#peer, address: endpoint, reason: error.reason, message: error.message });
      }
      throw error;
    }
  }

  #verify(server: TlsPeer, { serviceAccounts }: Target, { roots }: TlsState): PeerVerification {
    const { trustDomain } = this.#configured().trust;
    const allowedIds = serviceAccounts.length === 0 ? undefined : serviceAccounts;
    return verifyTlsPeer(server, { roots, trustDomain, allowedIds, role: "server" }, this.#context.clock.now());
  }

  #register({ proxy, secure }: PeerConnection, certificates: TlsPeer, target: Target): void {
    const remove = this.#context.sessions.add({
      groups: [connectionGroup.egress(this.#peer)],
      reauthorize: () => this.#findWithdrawal(certificates, target),
      close: () => proxy.reset(),
    });
    secure.once("close", remove);
  }

  #findWithdrawal(certificates: TlsPeer, target: Target): Withdrawal | undefined {
    if (this.#gateway === undefined) return { reason: "PeerRemoved", when: "now" };
    const state = this.#tls.current;
    const isAccepted = state !== undefined && this.#verify(certificates, target, state).ok;
    return isAccepted ? undefined : { reason: "TrustChanged", when: "now" };
  }

  #configured(): EgressGateway {
    if (this.#gateway !== undefined) return this.#gateway;
    throw new HopError("PeerNotConfigured", this.#hop(), "the ServiceMeshPeer was removed");
  }

  #material(hop: Hop): TlsState {
    const { current, problem } = this.#tls;
    if (current !== undefined) return current;
    throw new HopError("CertificateUnavailable", hop, problem?.message ?? "the gateway was removed");
  }

  #hop(address?: string): Hop {
    const gateway = this.#gateway?.gateway ?? "removed";
    return { kind: "EgressGateway", gateway, peer: this.#peer, ...(address === undefined ? {} : { address }) };
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

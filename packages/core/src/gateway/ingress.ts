/**
 * The ingress gateway of one peer. Both its ports read the same up to the identity:
 *
 *     TCP accept -> TLS with this peer's roots -> SPIFFE identity of the peer's trust domain
 *       15443: -> is it the client, and the server name exported to it? -> an endpoint of the service -> relay
 *       8188:  -> is it the client? -> the discovery server
 *
 * Nothing is opened towards a workload before the caller is authorised. What is authorised once is asked again when the
 * configuration changes: an identity that is no longer let in is cut off at once, a withdrawn export drains.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { invariant } from "../errors.js";
import type {
  ExportRoute,
  ExportRoutePort,
  GatewayResourceKey,
  IngressGateway,
  SocketAddress,
} from "../plan/gateway-resource.js";
import type { PeerVerification } from "../trust/peer-verification.js";
import { type TlsPeer, verifyTlsPeer } from "../trust/tls-peer.js";
import { type AddressHealth, createAddressHealth } from "./address-health.js";
import { isClientOf } from "./authorization.js";
import type { Withdrawal } from "./connection-registry.js";
import type { GatewayContext } from "./gateway-context.js";
import type { GatewayProblem, ListenerRole, RefusalReason } from "./gateway-events.js";
import { createGatewayTls, type GatewayTls } from "./gateway-tls.js";
import type { IngressCaller, IngressGate } from "./ingress-caller.js";
import { serveDiscovery } from "./ingress-discovery.js";
import { serveTraffic } from "./ingress-traffic.js";
import type { ListenerDefinition } from "./listener-manager.js";
import { tlsProxyStream } from "./proxy-stream.js";
import { SOCKET_OPTIONS } from "./tcp-connect.js";
import { createTlsTerminator, type SecureConnection, type TlsTerminator } from "./tls-terminator.js";

export interface IngressOptions {
  readonly context: GatewayContext;
  readonly resource: GatewayResourceKey;
  readonly peer: string;
  /** The export of `host` to this peer. */
  readonly findRoute: (host: string) => ExportRoute | undefined;
  /** Takes over an authenticated discovery connection. */
  readonly onDiscovery: (peer: string, socket: TLSSocket) => void;
  /** The listeners may be others now, because a certificate came. */
  readonly onRotated: () => void;
}

type CallerHandler = (caller: IngressCaller, gateway: IngressGateway) => void;

export class Ingress {
  readonly #context: GatewayContext;
  readonly #resource: GatewayResourceKey;
  readonly #peer: string;
  readonly #tls: GatewayTls;
  readonly #gate: IngressGate;
  readonly #service: TlsPort;
  readonly #discovery: TlsPort;
  /** Under which trust each connection was last verified. */
  readonly #verifiedUnder = new WeakMap<TlsPeer, string>();
  /** By exported host, then port. */
  readonly #health = new Map<string, Map<number, AddressHealth>>();
  #gateway: IngressGateway | undefined;

  constructor({ context, resource, peer, findRoute, onDiscovery, onRotated }: IngressOptions) {
    this.#context = context;
    this.#resource = resource;
    this.#peer = peer;
    this.#tls = createGatewayTls({
      resource,
      context,
      onRotated: () => {
        this.#useNewContext();
        onRotated();
      },
    });
    const gate = this.#createGate();
    this.#gate = gate;
    this.#service = this.#port("IngressService", (caller, gateway) =>
      serveTraffic(caller, gateway, {
        gate,
        context,
        findRoute,
        healthOf: (route, port) => this.#healthOf(route, port),
      }),
    );
    this.#discovery = this.#port("IngressDiscovery", (caller, gateway) =>
      serveDiscovery(caller, gateway, { gate, context, onDiscovery }),
    );
  }

  /** Configures handshakes from now on; established connections have to be asked again by their group. */
  update(gateway: IngressGateway): void {
    this.#gateway = gateway;
    this.#tls.configure(gateway.identity, gateway.trust);
    this.#useNewContext();
  }

  /** What should be listened on; nothing while there is a problem. */
  listeners(): readonly ListenerDefinition[] {
    const gateway = this.#gateway;
    if (gateway === undefined || this.#tls.current === undefined) return [];
    return [
      ...this.#service.listeners(gateway.serviceListeners),
      ...this.#discovery.listeners(gateway.discoveryListeners),
    ];
  }

  get problem(): GatewayProblem | undefined {
    return this.#tls.problem;
  }

  /** The host is not exported any more: nothing about its endpoints has to be remembered. */
  forgetRoute(exportedHost: string): void {
    this.#health.delete(exportedHost);
  }

  close(): void {
    this.#gateway = undefined;
    this.#tls.close();
  }

  #createGate(): IngressGate {
    return {
      peer: this.#peer,
      currentGateway: () => this.#gateway,
      findTrustWithdrawal: (caller) => this.#findTrustWithdrawal(caller),
      refuse: (role, reason, message, { downstream, identity }) =>
        this.#context.telemetry.connectionRefused({
          role,
          resource: this.#resource,
          peer: this.#peer,
          reason,
          message,
          downstream,
          ...(identity && { identity }),
        }),
    };
  }

  #port(role: ListenerRole, handle: CallerHandler): TlsPort {
    const { clock, limits } = this.#context;
    return new TlsPort(role, () => {
      const state = this.#tls.current;
      invariant(state !== undefined, "an ingress without certificates has no listeners");
      return createTlsTerminator(state, {
        clock,
        handshakeTimeoutMs: limits.handshakeTimeoutMs,
        maxPendingHandshakes: limits.maxPendingHandshakes,
        onSecure: (connection) => this.#admit(connection, role, handle),
        onRefused: (reason, message, downstream) => this.#gate.refuse(role, reason, message, { downstream }),
      });
    });
  }

  /** From a finished handshake to a caller with an identity; held against the configuration of this moment. */
  #admit(connection: SecureConnection, role: ListenerRole, handle: CallerHandler): void {
    const { secure, raw, certificates } = connection;
    const gateway = this.#gateway;
    const verified = this.#verify(certificates);
    if (gateway !== undefined && verified?.ok) {
      this.#verifiedUnder.set(certificates, this.#trustKey());
      handle({ ...connection, identity: verified.id }, gateway);
      return;
    }
    tlsProxyStream(secure, raw).reset();
    const [reason, message] = describeRejection(verified);
    this.#gate.refuse(role, reason, message, connection);
  }

  #healthOf({ exportedHost }: ExportRoute, { port }: ExportRoutePort): AddressHealth {
    const ports = this.#health.get(exportedHost) ?? new Map<number, AddressHealth>();
    const health = ports.get(port) ?? createAddressHealth({ ...this.#context.limits, random: this.#context.random });
    this.#health.set(exportedHost, ports.set(port, health));
    return health;
  }

  #verify(certificates: TlsPeer): PeerVerification | undefined {
    const roots = this.#tls.current?.roots;
    const trustDomain = this.#gateway?.trust.trustDomain;
    if (roots === undefined || trustDomain === undefined) return undefined;
    return verifyTlsPeer(certificates, { roots, trustDomain, role: "client" }, this.#context.clock.now());
  }

  #findTrustWithdrawal({ certificates, identity }: IngressCaller): Withdrawal | undefined {
    if (this.#gateway === undefined) return { reason: "PeerRemoved", when: "now" };
    const withdrawal: Withdrawal = { reason: "TrustChanged", when: "now" };
    if (!isClientOf(this.#gateway, identity)) return withdrawal;
    // Verifying a chain costs too much to do it again, for every connection, when only an export has changed.
    const trustKey = this.#trustKey();
    if (this.#verifiedUnder.get(certificates) === trustKey) return undefined;
    if (this.#verify(certificates)?.ok !== true) return withdrawal;
    this.#verifiedUnder.set(certificates, trustKey);
    return undefined;
  }

  #trustKey(): string {
    return `${this.#gateway?.trust.trustDomain} ${this.#tls.current?.roots.digest}`;
  }

  #useNewContext(): void {
    const state = this.#tls.current;
    if (state === undefined) return;
    this.#service.terminator?.setState(state);
    this.#discovery.terminator?.setState(state);
  }
}

function describeRejection(verified: PeerVerification | undefined): readonly [RefusalReason, string] {
  if (verified?.ok !== false) return ["EngineDraining", "the gateway was removed during the handshake"];
  return [verified.reason === "NoCertificate" ? "CertificateMissing" : "CertificateInvalid", verified.message];
}

/** One of the two ports, on however many addresses. */
class TlsPort {
  readonly #role: ListenerRole;
  readonly #createTerminator: () => TlsTerminator;
  terminator: TlsTerminator | undefined;

  constructor(role: ListenerRole, createTerminator: () => TlsTerminator) {
    this.#role = role;
    this.#createTerminator = createTerminator;
  }

  listeners(addresses: readonly SocketAddress[]): readonly ListenerDefinition[] {
    return addresses.map((address) => ({ role: this.#role, address, createServer: () => this.#createServer() }));
  }

  #createServer(): Server {
    this.terminator ??= this.#createTerminator();
    const terminator = this.terminator;
    return createServer({ ...SOCKET_OPTIONS, allowHalfOpen: false }, (socket: Socket) => terminator.accept(socket));
  }
}

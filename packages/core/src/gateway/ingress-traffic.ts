/** Port 15443 of an ingress gateway: server name -> is that host and port exported to this peer? -> an endpoint -> relay. */
import type { ExportRoute, ExportRoutePort, IngressGateway } from "../plan/gateway-resource.js";
import type { AddressHealth } from "./address-health.js";
import { authorizeIngress, type IngressVerdict } from "./authorization.js";
import { connectAny } from "./connect-any.js";
import type { Withdrawal } from "./connection-registry.js";
import { connectEndpoint, endpointKey, noEndpoint } from "./endpoint-connector.js";
import { connectionGroup, type GatewayContext } from "./gateway-context.js";
import type { IngressCaller, IngressGate } from "./ingress-caller.js";
import { proxyConnection, type UpstreamConnection } from "./proxied-connection.js";
import { tlsProxyStream } from "./proxy-stream.js";

export interface IngressTraffic {
  readonly gate: IngressGate;
  readonly context: GatewayContext;
  /** Of the endpoints behind one port of one export. */
  readonly healthOf: (route: ExportRoute, port: ExportRoutePort) => AddressHealth;
  /** The export of `host` to the gate's peer. */
  readonly findRoute: (host: string) => ExportRoute | undefined;
}

/** Lets an authenticated caller through to what it asks for, or breaks its connection off. */
export function serveTraffic(caller: IngressCaller, gateway: IngressGateway, traffic: IngressTraffic): void {
  const { gate, context, findRoute } = traffic;
  const proxy = tlsProxyStream(caller.secure, caller.raw);
  const verdict = authorize(caller, gateway, findRoute);
  if (!verdict.allowed) {
    proxy.reset();
    gate.refuse("IngressService", verdict.reason, verdict.message, caller);
    return;
  }
  const { route, port } = verdict;
  const { downstream, identity } = caller;
  void proxyConnection(
    {
      downstream: proxy,
      about: {
        role: "IngressService",
        peer: gate.peer,
        host: route.exportedHost,
        port: port.port,
        downstream,
        identity,
      },
      groups: [connectionGroup.ingress(gate.peer), connectionGroup.exportRoute(gate.peer, route.exportedHost)],
      reauthorize: () => gate.findTrustWithdrawal(caller) ?? findExportWithdrawal(caller, traffic),
      connect: (signal) => connectRoute(route, port, traffic, signal),
      onFailed: (error) => {
        proxy.reset();
        gate.refuse("IngressService", error.reason, error.message, caller);
      },
    },
    context,
  );
}

function authorize(
  caller: IngressCaller,
  gateway: IngressGateway,
  findRoute: IngressTraffic["findRoute"],
): IngressVerdict {
  const serverName = caller.secure.servername || undefined;
  return authorizeIngress({ gateway, identity: caller.identity, serverName, findRoute });
}

function findExportWithdrawal(caller: IngressCaller, { gate, findRoute }: IngressTraffic): Withdrawal | undefined {
  const gateway = gate.currentGateway();
  const allowed = gateway !== undefined && authorize(caller, gateway, findRoute).allowed;
  return allowed ? undefined : { reason: "ExportWithdrawn", when: "drained" };
}

function connectRoute(
  route: ExportRoute,
  port: ExportRoutePort,
  { context, healthOf }: IngressTraffic,
  signal: AbortSignal,
): Promise<UpstreamConnection> {
  const host = route.localHost;
  return connectAny({
    candidates: port.endpoints,
    keyOf: endpointKey,
    health: healthOf(route, port),
    clock: context.clock,
    maxAttempts: context.limits.maxConnectAttempts,
    signal,
    connect: (endpoint) => connectEndpoint(endpoint, { host, signal, context }),
    none: () => noEndpoint(host),
  });
}

/** What CONNECT and upgrades share: an HTTP exchange that turns into a connection. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { ImportedService, ImportedServicePort } from "../plan/gateway-resource.js";
import { answerFailureOnSocket } from "./failure-answer.js";
import { connectionGroup } from "./gateway-context.js";
import { HopError, type HopFailureReason } from "./hop-error.js";
import type { OutboundHttp } from "./outbound-http.js";
import { proxyConnection, type UpstreamConnection } from "./proxied-connection.js";
import { remoteEndpoint, tcpProxyStream } from "./proxy-stream.js";

export interface TunnelOptions {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly outbound: OutboundHttp;
  readonly service: ImportedService;
  readonly port: ImportedServicePort;
  /** Undefined: the caller was answered, and its connection ended, without a tunnel. */
  readonly connect: (signal: AbortSignal) => Promise<UpstreamConnection | undefined>;
  /** Answers the caller, before the first byte is relayed. */
  readonly onConnected: (upstream: UpstreamConnection) => void;
  /** Of the answer that opens the tunnel. */
  readonly status: number;
}

/** Relays between the caller's connection and one of its own to the service, until both sides are done. */
export function serveTunnel(options: TunnelOptions): void {
  const { request, socket, outbound, service, port, connect, onConnected, status } = options;
  const { context, services, group, findWithdrawal } = outbound;
  const { localHost } = service;
  const downstream = remoteEndpoint(socket);
  const startedAt = context.clock.now();
  let peer: string | undefined;
  const report = (answered: number, failure?: HopError) =>
    reportRequest(request, downstream, outbound, {
      status: answered,
      durationMs: context.clock.now() - startedAt,
      host: localHost,
      port: port.port,
      ...(peer !== undefined && { peer }),
      ...(failure && { failure: { reason: failure.reason, message: failure.message } }),
    });
  void proxyConnection(
    {
      downstream: tcpProxyStream(socket),
      about: { role: "OutboundHttp", host: localHost, port: port.port, downstream },
      groups: [group, connectionGroup.importedService(localHost)],
      reauthorize: () => findWithdrawal() ?? services.findWithdrawal(localHost, port.port, peer),
      connect: async (signal) => {
        const upstream = await connect(signal);
        peer = upstream?.peer;
        return upstream;
      },
      onConnected: (upstream) => {
        onConnected(upstream);
        report(status);
      },
      onFailed: (error) => report(answerFailureOnSocket(error, socket), error),
    },
    context,
  );
}

/** Answers a request that names nothing to connect to. */
export function refuseTunnel(
  request: IncomingMessage,
  socket: Socket,
  outbound: OutboundHttp,
  { reason, message }: { readonly reason: HopFailureReason; readonly message: string },
): void {
  const failure = new HopError(reason, { kind: "OutboundListener" }, message);
  const downstream = remoteEndpoint(socket);
  const status = answerFailureOnSocket(failure, socket);
  reportRequest(request, downstream, outbound, {
    status,
    durationMs: 0,
    failure: { reason, message: failure.message },
  });
}

type Reported = Parameters<OutboundHttp["context"]["telemetry"]["requestCompleted"]>[0];

export function reportRequest(
  { method = "", url = "" }: IncomingMessage,
  downstream: string,
  { context }: OutboundHttp,
  rest: Omit<Reported, "method" | "path" | "downstream">,
): void {
  context.telemetry.requestCompleted({ method, path: url.split("?", 1)[0] ?? "", downstream, ...rest });
}

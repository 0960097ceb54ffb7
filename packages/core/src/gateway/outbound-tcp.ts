/** Raw TCP ports of imported services, each on the service's virtual address: accept -> a way to the service -> relay. */
import { createServer, type Socket } from "node:net";
import type { ImportedService, ImportedServicePort } from "../plan/gateway-resource.js";
import { connectionGroup, type GatewayContext } from "./gateway-context.js";
import type { RefusalReason } from "./gateway-events.js";
import { ImportedServices } from "./imported-services.js";
import type { ListenerDefinition } from "./listener-manager.js";
import { isTcpProtocol } from "./outbound-route.js";
import { proxyConnection } from "./proxied-connection.js";
import { remoteEndpoint, tcpProxyStream } from "./proxy-stream.js";
import { SOCKET_OPTIONS } from "./tcp-connect.js";

export interface OutboundTcpOptions {
  readonly context: GatewayContext;
  readonly services: ImportedServices;
}

/** One listener for each port that is not HTTP; none for a service without virtual address. */
export function outboundTcpListeners(
  { localHost, virtualAddress, ports }: ImportedService,
  options: OutboundTcpOptions,
): readonly ListenerDefinition[] {
  if (virtualAddress === undefined) return [];
  return ports
    .filter(({ protocol }) => isTcpProtocol(protocol))
    .map(({ port }) => ({
      role: "OutboundTcp",
      address: { address: virtualAddress, port },
      createServer: () => createServer(SOCKET_OPTIONS, (socket) => serveConnection(socket, localHost, port, options)),
    }));
}

/** The listener outlives changes of the service: what it leads to is looked up for each connection. */
function serveConnection(
  socket: Socket,
  localHost: string,
  port: number,
  { context, services }: OutboundTcpOptions,
): void {
  const downstream = remoteEndpoint(socket);
  const proxy = tcpProxyStream(socket);
  socket.on("error", () => undefined);
  const refuse = (reason: RefusalReason, message: string) => {
    proxy.reset();
    const resource = ImportedServices.resourceKey(localHost);
    context.telemetry.connectionRefused({ role: "OutboundTcp", resource, reason, message, downstream });
  };
  const service = services.find(localHost);
  const servicePort: ImportedServicePort | undefined = service?.ports.find((candidate) => candidate.port === port);
  if (service === undefined || servicePort === undefined) {
    refuse("PortUnknown", `"${localHost}" has no port ${port} any more`);
    return;
  }
  let peer: string | undefined;
  void proxyConnection(
    {
      downstream: proxy,
      about: { role: "OutboundTcp", host: localHost, port, downstream },
      groups: [connectionGroup.importedService(localHost)],
      reauthorize: () => services.findWithdrawal(localHost, port, peer),
      connect: async (signal) => {
        const upstream = await services.connect(service, servicePort, signal);
        peer = upstream.peer;
        return upstream;
      },
      onFailed: ({ reason, message }) => refuse(reason, message),
    },
    context,
  );
}

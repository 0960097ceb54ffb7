import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { readConnectTarget } from "./http-target.js";
import { refuseTunnel, serveTunnel } from "./http-tunnel.js";
import type { OutboundHttp } from "./outbound-http.js";
import { routeConnect } from "./outbound-route.js";

const ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";

/** `CONNECT host:port`: a raw connection to any port of an imported service. @see RFC 9110 §9.3.6 */
export function serveConnect(request: IncomingMessage, socket: Socket, head: Buffer, outbound: OutboundHttp): void {
  const target = readConnectTarget(request.url ?? "");
  if (!target.ok) {
    refuseTunnel(request, socket, outbound, { reason: "RequestInvalid", message: target.message });
    return;
  }
  const { services } = outbound;
  const route = routeConnect(target.authority, { findService: (host) => services.find(host) });
  if (!route.ok) {
    refuseTunnel(request, socket, outbound, route);
    return;
  }
  const { service, port } = route;
  // What the caller sent without waiting for the answer is the first of what is relayed. Before its end can arrive.
  if (head.length > 0) socket.unshift(head);
  serveTunnel({
    request,
    socket,
    outbound,
    service,
    port,
    status: 200,
    connect: (signal) => services.connect(service, port, signal),
    onConnected: () => void socket.write(ESTABLISHED),
  });
}

/** Port 8188 of an ingress gateway: hands the peer's client to the discovery server, tells anybody else 403. */
import type { TLSSocket } from "node:tls";
import type { IngressGateway } from "../plan/gateway-resource.js";
import { identityNotClient, isClientOf } from "./authorization.js";
import { answerForbidden } from "./forbidden-answer.js";
import { connectionGroup, type GatewayContext } from "./gateway-context.js";
import type { CloseReason, ConnectionOpened } from "./gateway-events.js";
import type { IngressCaller, IngressGate } from "./ingress-caller.js";
import { tlsProxyStream } from "./proxy-stream.js";

export interface IngressDiscovery {
  readonly gate: IngressGate;
  readonly context: GatewayContext;
  /** Takes over an authenticated connection; the engine only closes it when the peer loses its right to it. */
  readonly onDiscovery: (peer: string, socket: TLSSocket) => void;
}

export function serveDiscovery(caller: IngressCaller, gateway: IngressGateway, discovery: IngressDiscovery): void {
  const { gate, context, onDiscovery } = discovery;
  const { secure, raw, downstream, identity } = caller;
  const { clock, limits, sessions, telemetry } = context;
  if (!isClientOf(gateway, identity)) {
    gate.refuse("IngressDiscovery", "IdentityNotClient", identityNotClient(gateway, identity), caller);
    answerForbidden(secure, { clock, timeoutMs: limits.handshakeTimeoutMs });
    return;
  }
  let reason: CloseReason = "Completed";
  const remove = sessions.add({
    groups: [connectionGroup.ingress(gate.peer)],
    reauthorize: () => gate.findTrustWithdrawal(caller),
    close: (why) => {
      reason = why;
      tlsProxyStream(secure, raw).reset();
    },
  });
  const openedAt = clock.now();
  const opened: ConnectionOpened = {
    id: context.nextConnectionId(),
    role: "IngressDiscovery",
    peer: gate.peer,
    host: "",
    port: raw.localPort ?? 0,
    downstream,
    upstream: "",
    identity,
  };
  telemetry.connectionOpened(opened);
  secure.once("close", () => {
    remove();
    // Of the TCP connection, so TLS included.
    const { bytesRead: bytesSent, bytesWritten: bytesReceived } = raw;
    telemetry.connectionClosed({ ...opened, reason, bytesSent, bytesReceived, durationMs: clock.now() - openedAt });
  });
  onDiscovery(gate.peer, secure);
}

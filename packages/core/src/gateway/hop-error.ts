/**
 * What can go wrong between a workload and an imported service, and at which hop. An error keeps its identity from where
 * it happens to where it is answered; FAILURES is the only place that turns a reason into a status.
 */
import { FederationError } from "../errors.js";

/** One section of the way of a request. */
export type Hop =
  | { readonly kind: "OutboundListener" }
  | { readonly kind: "EgressGateway"; readonly gateway: string; readonly peer: string; readonly address?: string }
  | { readonly kind: "RemoteIngress"; readonly peer: string; readonly address: string }
  | { readonly kind: "Endpoint"; readonly host: string; readonly address?: string };

export type HopFailureReason =
  | "RequestInvalid"
  | "HostUnknown"
  | "PortUnknown"
  | "ProtocolMismatch"
  | "Draining"
  | "NoUpstream"
  | "PeerNotConfigured"
  | "CertificateUnavailable"
  | "NameNotResolved"
  | "ConnectRefused"
  | "ConnectTimeout"
  | "ConnectFailed"
  | "HandshakeTimeout"
  | "HandshakeFailed"
  | "ServerCertificateInvalid"
  | "ServerIdentityRejected"
  | "ClientCertificateRefused"
  | "ClosedBeforeResponse"
  | "ResponseInvalid"
  | "ResponseTimeout"
  | "ConnectionLost";

/** Something remote failed, or the way there. Its message names the hop, the cause and nothing secret. */
export class HopError extends FederationError {
  override readonly name: string = "FederationError";
  readonly reason: HopFailureReason;
  readonly hop: Hop;

  constructor(reason: HopFailureReason, hop: Hop, message: string, options: { readonly cause?: unknown } = {}) {
    super("UNAVAILABLE", `${formatHop(hop)}: ${message}`, options);
    this.reason = reason;
    this.hop = hop;
  }
}

/** `egress gateway "egress-red-mesh" -> peer "red-mesh" at 192.0.2.7:15443` */
export function formatHop(hop: Hop): string {
  switch (hop.kind) {
    case "OutboundListener":
      return "outbound listener";
    case "EgressGateway":
      return `egress gateway "${hop.gateway}" -> peer "${hop.peer}"${hop.address === undefined ? "" : ` at ${hop.address}`}`;
    case "RemoteIngress":
      return `remote ingress of peer "${hop.peer}" at ${hop.address}`;
    case "Endpoint":
      return `local endpoint ${hop.address === undefined ? "" : `${hop.address} `}of "${hop.host}"`;
  }
}

export interface FailureAnswer {
  /** HTTP status. */
  readonly status: 400 | 404 | 502 | 503 | 504;
  /** 3 INVALID_ARGUMENT, 12 UNIMPLEMENTED, 14 UNAVAILABLE, 4 DEADLINE_EXCEEDED. */
  readonly grpcStatus: 3 | 4 | 12 | 14;
  /** Whether the caller's connection ends with the answer: where its request ends cannot be known any more. */
  readonly close: boolean;
  /** What most likely has to be done, by whom. */
  readonly remedy: string;
}

/** 503: a later attempt may work as things are. 502: somebody has to correct a configuration. 504: it took too long. */
export const FAILURES: Readonly<Record<HopFailureReason, FailureAnswer>> = {
  RequestInvalid: answer(400, 3, "send a request that is valid HTTP/1.1", true),
  HostUnknown: answer(
    404,
    12,
    "add a rule to the ImportedServiceSet of the peer that exports the service, and use the name in its status (localService.hostname) as Host",
  ),
  PortUnknown: answer(404, 12, "name one of the service's ports in the Host header, as in HOST:PORT"),
  ProtocolMismatch: answer(
    404,
    12,
    "use the service's virtual address, or CONNECT HOST:PORT, for a port that is not HTTP",
  ),
  Draining: answer(503, 14, "send the request again: this gateway is shutting down", true),
  NoUpstream: answer(503, 14, "wait until the peer exports the service again, or start a local endpoint"),
  PeerNotConfigured: answer(
    503,
    14,
    "create the ServiceMeshPeer, with its egress gateway, that the service comes from",
  ),
  CertificateUnavailable: answer(503, 14, "check the mesh's certificate authority: the gateway has no certificate"),
  NameNotResolved: answer(503, 14, "check spec.remote.addresses of the ServiceMeshPeer, and the name server"),
  ConnectRefused: answer(
    503,
    14,
    "check that the remote ingress gateway runs and that spec.remote names its address and ports",
  ),
  ConnectTimeout: answer(504, 4, "check the network path and firewalls to the addresses in spec.remote"),
  ConnectFailed: answer(503, 14, "check the network path to the addresses in spec.remote"),
  HandshakeTimeout: answer(
    504,
    4,
    "check that spec.remote points at the peer's ingress gateway and that only L4 devices are in between",
  ),
  HandshakeFailed: answer(
    502,
    14,
    "check that spec.remote points at the peer's ingress gateway and that only L4 devices are in between",
  ),
  ServerCertificateInvalid: answer(
    502,
    14,
    "compare the ConfigMap in spec.security.certificateChain with the peer's root certificate",
  ),
  ServerIdentityRejected: answer(
    502,
    14,
    "compare spec.security.trustDomain, and the accounts that the peer announces, with what its ingress presents",
  ),
  ClientCertificateRefused: answer(
    502,
    14,
    "the peer's administrator compares the root certificate that it holds of this mesh with istio-ca-root-cert",
  ),
  ClosedBeforeResponse: answer(
    502,
    14,
    "at the peer: check that the service is still exported to this mesh, that it has ready endpoints and that clientID names this egress gateway",
  ),
  ResponseInvalid: answer(502, 14, "check that the service speaks HTTP/1.1 on this port"),
  ResponseTimeout: answer(504, 4, "the service took too long to answer"),
  ConnectionLost: answer(502, 14, "the connection broke in the middle of the exchange; check the service's own log"),
};

function answer(
  status: FailureAnswer["status"],
  grpcStatus: FailureAnswer["grpcStatus"],
  remedy: string,
  close = false,
): FailureAnswer {
  return { status, grpcStatus, remedy, close };
}

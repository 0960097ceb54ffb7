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
  /** 3 INVALID_ARGUMENT, 4 DEADLINE_EXCEEDED, 12 UNIMPLEMENTED, 14 UNAVAILABLE. */
  readonly grpcStatus: 3 | 4 | 12 | 14;
  /** Whether the caller's connection ends with the answer: where its request ends cannot be known any more. */
  readonly close: boolean;
  /** What most likely has to be done, by whom. */
  readonly remedy: string;
  /** The same, where the hop that failed is a workload of this mesh. */
  readonly endpointRemedy?: string;
}

const INVALID = { status: 400, grpcStatus: 3, close: true } as const;
const NOT_FOUND = { status: 404, grpcStatus: 12, close: false } as const;
/** Somebody has to correct a configuration, or a service. */
const BAD_GATEWAY = { status: 502, grpcStatus: 14, close: false } as const;
/** A later attempt may work as things are. */
const UNAVAILABLE = { status: 503, grpcStatus: 14, close: false } as const;
/** It took too long. */
const TIMEOUT = { status: 504, grpcStatus: 14, close: false } as const;

const CHECK_GATEWAY =
  "check that spec.remote points at the peer's ingress gateway and that only L4 devices are in between";
const CHECK_WORKLOAD = "check that the workload runs and listens where the Service's EndpointSlice says";
const CHECK_WORKLOAD_LOG = "check the log of the workload";

export const FAILURES: Readonly<Record<HopFailureReason, FailureAnswer>> = {
  RequestInvalid: { ...INVALID, remedy: "send a request that is valid HTTP/1.1" },
  HostUnknown: {
    ...NOT_FOUND,
    remedy:
      "add a rule to the ImportedServiceSet of the peer that exports the service, and use the name in its status (localService.hostname) as Host",
  },
  PortUnknown: { ...NOT_FOUND, remedy: "name one of the service's ports in the Host header, as in HOST:PORT" },
  ProtocolMismatch: {
    ...NOT_FOUND,
    remedy: "use the service's virtual address, or CONNECT HOST:PORT, for a port that is not HTTP",
  },
  Draining: { ...UNAVAILABLE, close: true, remedy: "send the request again: what served it is being removed" },
  NoUpstream: { ...UNAVAILABLE, remedy: "wait until the peer exports the service again, or start a local endpoint" },
  PeerNotConfigured: {
    ...UNAVAILABLE,
    remedy: "create the ServiceMeshPeer that the service comes from, with its egress gateway",
  },
  CertificateUnavailable: {
    ...UNAVAILABLE,
    remedy: "check the mesh's certificate authority: the gateway has no certificate",
  },
  NameNotResolved: {
    ...UNAVAILABLE,
    remedy: "check spec.remote.addresses of the ServiceMeshPeer, and the name server",
    endpointRemedy: "check the addresses in the Service's EndpointSlice, and the name server",
  },
  ConnectRefused: {
    ...UNAVAILABLE,
    remedy: "check that the remote ingress gateway runs and that spec.remote names its address and ports",
    endpointRemedy: CHECK_WORKLOAD,
  },
  ConnectTimeout: {
    ...TIMEOUT,
    remedy: "check the network path and firewalls to the addresses in spec.remote",
    endpointRemedy: CHECK_WORKLOAD,
  },
  ConnectFailed: {
    ...UNAVAILABLE,
    remedy: "check the network path to the addresses in spec.remote",
    endpointRemedy: CHECK_WORKLOAD,
  },
  HandshakeTimeout: { ...TIMEOUT, remedy: CHECK_GATEWAY },
  HandshakeFailed: { ...BAD_GATEWAY, remedy: CHECK_GATEWAY },
  ServerCertificateInvalid: {
    ...BAD_GATEWAY,
    remedy: "compare the ConfigMap in spec.security.certificateChain with the peer's root certificate",
  },
  ServerIdentityRejected: {
    ...BAD_GATEWAY,
    remedy:
      "compare spec.security.trustDomain, and the accounts that the peer announces, with what its ingress presents",
  },
  ClientCertificateRefused: {
    ...BAD_GATEWAY,
    remedy: "the peer's administrator compares the root certificate that it holds of this mesh with istio-ca-root-cert",
  },
  ClosedBeforeResponse: {
    ...BAD_GATEWAY,
    remedy:
      "at the peer: check that the service is still exported to this mesh, that it has ready endpoints and that clientID names this egress gateway",
    endpointRemedy: CHECK_WORKLOAD_LOG,
  },
  ResponseInvalid: { ...BAD_GATEWAY, remedy: "check that the service speaks HTTP/1.1 on this port" },
  ResponseTimeout: { ...TIMEOUT, grpcStatus: 4, remedy: "check why the service takes so long to answer" },
  ConnectionLost: {
    ...BAD_GATEWAY,
    remedy: "check the log of the service, and the gateways in between, at the time of the break",
  },
};

/** What most likely has to be done about the failure. */
export function remedyOf({ reason, hop }: HopError): string {
  const { remedy, endpointRemedy = remedy } = FAILURES[reason];
  return hop.kind === "Endpoint" ? endpointRemedy : remedy;
}

/**
 * What the engine tells its owner, for logs, metrics and conditions. Callbacks are called synchronously; one that throws
 * is counted in `GatewayCounters.observerFailures` and changes nothing else.
 */
import type { SpiffeId } from "../naming/spiffe-id.js";
import type { GatewayProblem } from "../plan/gateway-problem.js";
import type { GatewayResourceKey } from "../plan/gateway-resource.js";
import type { DenyReason } from "./authorization.js";
import type { HopFailureReason } from "./hop-error.js";

export type { GatewayProblem };

/** `IngressService` is port 15443, `IngressDiscovery` port 8188 of an ingress gateway. */
export type ListenerRole = "IngressService" | "IngressDiscovery" | "OutboundHttp" | "OutboundTcp";

/**
 * Why a connection was not let in, or not let through.
 * - `ConnectionLimit`, `HandshakeLimit`, `HandshakeTimeout`: see GatewayLimits
 * - `NotTls`: something else than TLS was spoken
 * - `HandshakeFailed`: TLS, but no agreement, or the caller went away
 * - `CertificateMissing`, `CertificateInvalid`: no client certificate; one that does not verify against the peer's roots
 * - `EngineDraining`: accepted in the moment of closing
 * - any `HopFailureReason`: let in, but nothing behind it could be reached
 */
export type RefusalReason =
  | DenyReason
  | HopFailureReason
  | "ConnectionLimit"
  | "HandshakeLimit"
  | "HandshakeTimeout"
  | "HandshakeFailed"
  | "NotTls"
  | "CertificateMissing"
  | "CertificateInvalid"
  | "EngineDraining";

/**
 * Why an established connection ended.
 * - `Completed`: both sides had said that they were done
 * - `Reset`: one side broke off, and so the other was broken off
 * - `IdleTimeout`: see GatewayLimits
 * - `TrustChanged`: the certificate is no longer accepted (roots, trust domain or clientID changed)
 * - `PeerRemoved`, `ExportWithdrawn`, `ImportRemoved`, `ListenerRemoved`, `EngineClosed`: the configuration ended it
 */
export type CloseReason =
  | "Completed"
  | "Reset"
  | "IdleTimeout"
  | "TrustChanged"
  | "PeerRemoved"
  | "ExportWithdrawn"
  | "ImportRemoved"
  | "ListenerRemoved"
  | "EngineClosed";

export interface ConnectionOpened {
  /** Unique within one engine. */
  readonly id: number;
  readonly role: ListenerRole;
  /** The peer that called (ingress) or is called (outbound); absent when a local endpoint is called. */
  readonly peer?: string;
  /** The exported host (ingress) or the imported service's local host (outbound); empty for discovery. */
  readonly host: string;
  readonly port: number;
  /** The caller's `address:port`. */
  readonly downstream: string;
  /** The called endpoint's or gateway's `address:port`; empty for discovery. */
  readonly upstream: string;
  /** Of the caller, where it has one. */
  readonly identity?: SpiffeId;
}

export interface ConnectionClosed extends ConnectionOpened {
  readonly reason: CloseReason;
  readonly durationMs: number;
  /** From the caller to the called. */
  readonly bytesSent: number;
  /** From the called to the caller. */
  readonly bytesReceived: number;
}

export interface ConnectionRefused {
  readonly role: ListenerRole;
  readonly reason: RefusalReason;
  /** Owner of the listener. */
  readonly resource: GatewayResourceKey;
  readonly peer?: string;
  readonly downstream: string;
  readonly message: string;
  readonly identity?: SpiffeId;
}

/** One HTTP exchange through an outbound listener. */
export interface RequestCompleted {
  readonly method: string;
  /** The imported service's local host; absent when the request named none. */
  readonly host?: string;
  readonly port?: number;
  /** Without query: it may hold secrets. */
  readonly path: string;
  /** What the caller got; 0 when it went away before. */
  readonly status: number;
  readonly durationMs: number;
  readonly peer?: string;
  readonly upstream?: string;
  readonly downstream: string;
  /** Present when this gateway answered, or broke off, for the upstream. */
  readonly failure?: { readonly reason: HopFailureReason; readonly message: string };
}

/** One attempt to reach one address of a peer failed; the connection may still have succeeded with another. */
export interface PeerFailed {
  readonly peer: string;
  readonly address: string;
  readonly reason: HopFailureReason;
  readonly message: string;
}

export interface GatewayObserver {
  connectionOpened?(event: ConnectionOpened): void;
  connectionClosed?(event: ConnectionClosed): void;
  connectionRefused?(event: ConnectionRefused): void;
  requestCompleted?(event: RequestCompleted): void;
  peerFailed?(event: PeerFailed): void;
  /** Problems that arise between two calls of `apply`, for example when a certificate could not be used. */
  problem?(problem: GatewayProblem): void;
}

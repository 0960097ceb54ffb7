import { FederationError } from "../errors.js";
import type { FieldViolation } from "../result.js";

/** What the engine allows itself and its callers. Times in milliseconds. */
export interface GatewayLimits {
  /** To open a TCP connection to one address. Default 5 s. */
  readonly connectTimeoutMs: number;
  /** From an accepted (or opened) TCP connection to the end of its TLS handshake. Default 10 s. */
  readonly handshakeTimeoutMs: number;
  /** Without a byte in either direction, a relayed connection ends. Default 1 h, as Envoy's tcp_proxy `idle_timeout`. */
  readonly idleTimeoutMs: number;
  /** Without a byte in either direction, an HTTP request ends. Default 5 min, as Envoy's `stream_idle_timeout`. */
  readonly requestIdleTimeoutMs: number;
  /** For the head of an HTTP request, from its first byte. Default 30 s. */
  readonly requestHeadersTimeoutMs: number;
  /** An HTTP connection without a request ends after this. Default 60 s. */
  readonly keepAliveTimeoutMs: number;
  /** What is withdrawn (an export, a listener, the engine) lets its connections finish for so long. Default 30 s. */
  readonly drainTimeoutMs: number;
  /** How long the addresses of a DNS name are used before it is resolved again. Default 30 s. */
  readonly resolveTtlMs: number;
  /** First penalty of an address that failed; doubles with each failure in a row. Default 1 s. */
  readonly penaltyBaseMs: number;
  /** Longest penalty. Default 60 s. */
  readonly penaltyMaxMs: number;
  /** Addresses tried for one connection. Default 5. */
  readonly maxConnectAttempts: number;
  /** Connections per listener; more are closed at once. Default 10,000. */
  readonly maxConnections: number;
  /** Connections of one port of an ingress gateway in their TLS handshake; more are closed at once. Default 1,000. */
  readonly maxPendingHandshakes: number;
  /** Idle upstream HTTP connections kept per upstream. Default 64. */
  readonly maxIdleUpstreamConnections: number;
  /** Bytes of a request's or response's head. Default 60 KiB, as Envoy. */
  readonly maxHeaderBytes: number;
}

const DEFAULTS: GatewayLimits = {
  connectTimeoutMs: 5_000,
  handshakeTimeoutMs: 10_000,
  idleTimeoutMs: 3_600_000,
  requestIdleTimeoutMs: 300_000,
  requestHeadersTimeoutMs: 30_000,
  keepAliveTimeoutMs: 60_000,
  drainTimeoutMs: 30_000,
  resolveTtlMs: 30_000,
  penaltyBaseMs: 1_000,
  penaltyMaxMs: 60_000,
  maxConnectAttempts: 5,
  maxConnections: 10_000,
  maxPendingHandshakes: 1_000,
  maxIdleUpstreamConnections: 64,
  maxHeaderBytes: 60 * 1024,
};

/** Complete limits. @throws FederationError `INVALID_ARGUMENT` naming every value that is not a whole number from 1 */
export function resolveGatewayLimits(limits: Partial<GatewayLimits> = {}): GatewayLimits {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  const violations: FieldViolation[] = given
    .filter(([, value]) => !Number.isSafeInteger(value) || value < 1)
    .map(([name, value]) => ({
      path: `limits.${name}`,
      reason: "Invalid",
      message: `found ${String(value)}, expected a whole number from 1`,
    }));
  if (violations.length > 0) {
    throw new FederationError("INVALID_ARGUMENT", "gateway limits are whole numbers from 1", { violations });
  }
  return { ...DEFAULTS, ...Object.fromEntries(given) };
}

/** `@meshfed/core/gateway`: the embedded gateway engine, and discovery over its connections. Needs Node. */

export type { ResolveHost } from "./address-resolver.js";
export type { DenyReason } from "./authorization.js";
export type { CertificateSource, GatewayCertificate } from "./certificate-source.js";
export * from "./clock.js";
export * from "./discovery-client.js";
export {
  DEFAULT_DISCOVERY_TIMEOUTS,
  type DiscoveryTarget,
  type DiscoveryTimeouts,
} from "./discovery-request.js";
export * from "./discovery-server.js";
export { createGatewayEngine, type GatewayEngine, type GatewayEngineOptions } from "./engine.js";
export type {
  CloseReason,
  ConnectionClosed,
  ConnectionOpened,
  ConnectionRefused,
  GatewayObserver,
  GatewayProblem,
  ListenerRole,
  PeerFailed,
  RefusalReason,
  RequestCompleted,
} from "./gateway-events.js";
export {
  FAILURES,
  type FailureAnswer,
  formatHop,
  type Hop,
  HopError,
  type HopFailureReason,
  remedyOf,
} from "./hop-error.js";
export { type GatewayLimits, resolveGatewayLimits } from "./limits.js";
export type {
  ConnectionCounters,
  GatewayCounters,
  ListenerState,
  PeerFailureCounter,
  RefusalCounter,
  RequestCounter,
} from "./telemetry.js";

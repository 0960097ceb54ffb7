/** @meshfed/core/gateway: the proxy engine and the discovery adapters. Needs Node. */
export * from "./clock.js";
export * from "./discovery-client.js";
export {
  DEFAULT_DISCOVERY_TIMEOUTS,
  type DiscoveryTarget,
  type DiscoveryTimeouts,
} from "./discovery-request.js";
export * from "./discovery-server.js";

import type { Clock, KubernetesObject, ObjectReference } from "@meshfed/core";
import { createGatewayEngine, type GatewayEngineOptions } from "@meshfed/core/gateway";
import type { Logger } from "pino";
import { createGatewayLog } from "../../observability/gateway-log.js";
import type { DataPlane } from "../data-plane.js";
import { resolveClusterName } from "./cluster-name-resolver.js";

export interface EmbeddedDataPlaneOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly certificates: GatewayEngineOptions["certificates"];
  readonly clusterDomain: string;
  /** For names of the cluster's own Services among the peers' addresses. */
  readonly findObject: (reference: ObjectReference) => KubernetesObject | undefined;
  readonly onDiscoveryConnection: GatewayEngineOptions["discovery"];
  readonly logger: Logger;
}

/** The mesh's gateways in this process. */
export function createEmbeddedDataPlane(options: EmbeddedDataPlaneOptions): DataPlane {
  const engine = createGatewayEngine({
    clock: options.clock,
    random: options.random,
    certificates: options.certificates,
    resolveHost: (host) => resolveClusterName(host, options.clusterDomain, options.findObject),
    discovery: options.onDiscoveryConnection,
    events: createGatewayLog(options),
  });
  return {
    apply: (change) => engine.apply(change),
    connectDiscovery: (peer, signal) => engine.connectDiscovery(peer, signal),
    close: (drainTimeoutMs) => engine.close({ drainTimeoutMs }),
  };
}

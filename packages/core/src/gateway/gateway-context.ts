import type { Clock } from "../clock.js";
import type { AddressResolver } from "./address-resolver.js";
import type { CertificateSource } from "./certificate-source.js";
import type { ConnectionRegistry } from "./connection-registry.js";
import type { GatewayLimits } from "./limits.js";
import type { Telemetry } from "./telemetry.js";

/** What all parts of one engine share. */
export interface GatewayContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly limits: GatewayLimits;
  readonly certificates: CertificateSource;
  readonly resolver: AddressResolver;
  readonly telemetry: Telemetry;
  /** Exchanges of callers: a closing engine waits for them. */
  readonly traffic: ConnectionRegistry;
  /** Connections between gateways that outlive exchanges: pooled ones and those of discovery. */
  readonly sessions: ConnectionRegistry;
  readonly nextConnectionId: () => number;
}

/** The groups of `traffic` and `sessions`. */
export const connectionGroup = {
  ingress: (peer: string) => `ingress/${peer}`,
  exportRoute: (peer: string, exportedHost: string) => `export/${peer}/${exportedHost}`,
  egress: (peer: string) => `egress/${peer}`,
  importedService: (localHost: string) => `import/${localHost}`,
  outboundListener: (mesh: string) => `outbound/${mesh}`,
} as const;

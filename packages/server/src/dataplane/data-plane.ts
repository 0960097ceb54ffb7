import type { Duplex } from "node:stream";
import type { GatewayConfigurationChange } from "@meshfed/core";
import type { GatewayProblem } from "@meshfed/core/gateway";

/** Carries out the gateway configuration of one mesh. It decides nothing. */
export interface DataPlane {
  /** Settles when the change is in effect; what could not be carried out comes back, the rest is done. */
  apply(change: GatewayConfigurationChange): Promise<readonly GatewayProblem[]>;
  /** A connection to the peer's discovery port through this mesh's egress gateway. */
  connectDiscovery(peer: string, signal: AbortSignal): Promise<Duplex>;
  /** Stops accepting, lets what is under way finish for at most `drainTimeoutMs`, then ends it. */
  close(drainTimeoutMs: number): Promise<void>;
}

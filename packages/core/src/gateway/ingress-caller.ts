import type { SpiffeId } from "../naming/spiffe-id.js";
import type { IngressGateway } from "../plan/gateway-resource.js";
import type { Withdrawal } from "./connection-registry.js";
import type { ListenerRole, RefusalReason } from "./gateway-events.js";
import type { SecureConnection } from "./tls-terminator.js";

/** Somebody of the peer's mesh: the certificate has been verified, nothing else yet. */
export interface IngressCaller extends SecureConnection {
  readonly identity: SpiffeId;
}

/** What the two ports of an ingress gateway share. */
export interface IngressGate {
  readonly peer: string;
  /** The configuration of this moment; undefined once the peer is removed. */
  currentGateway(): IngressGateway | undefined;
  /** Why the caller's certificate does not let it in any more; undefined while it does. */
  findTrustWithdrawal(caller: IngressCaller): Withdrawal | undefined;
  /** Counts and tells; the connection is ended by whoever refuses. */
  refuse(
    role: ListenerRole,
    reason: RefusalReason,
    message: string,
    caller: { readonly downstream: string; readonly identity?: SpiffeId },
  ): void;
}

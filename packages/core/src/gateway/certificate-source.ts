import type { SpiffeId } from "../naming/spiffe-id.js";

/** What a gateway presents. */
export interface GatewayCertificate {
  /** PEM: the leaf first, then its intermediates. */
  readonly certificateChain: string;
  readonly privateKey: { exportPem(): string };
}

/** Where gateways get their certificates from, for as long as they run. `createCertificateRotation` of trust/ is one. */
export interface CertificateSource {
  /** The newest certificate of the identity; undefined while there is none. */
  get(id: SpiffeId): GatewayCertificate | undefined;
  /** Calls `listener` whenever `get(id)` has something new; the result ends that. */
  subscribe(id: SpiffeId, listener: () => void): () => void;
}

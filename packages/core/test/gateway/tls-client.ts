import type { SpiffeId } from "../../src/naming/spiffe-id.js";
import type { CertificateAuthority } from "../../src/trust/index.js";
import type { TestMesh } from "./test-mesh.js";

export interface Credentials {
  readonly cert: string;
  readonly key: string;
  /** The roots by which the other side is verified. */
  readonly ca: string;
}

/** For a TLS client that presents `identity`, signed by `authority`, and verifies `server` by its root. */
export function credentials(
  authority: CertificateAuthority,
  identity: SpiffeId,
  server: TestMesh,
  { now = Date.now(), validityMs = 3_600_000 }: { readonly now?: number; readonly validityMs?: number } = {},
): Credentials {
  const issued = authority.issue({ id: identity, now, validityMs });
  return { cert: issued.certificateChain, key: issued.privateKey.exportPem(), ca: server.authority.rootCertificates };
}

/** What `client`'s egress to `server` presents, and the port of `server`'s ingress. */
export function clientOf(server: TestMesh, client: TestMesh): Credentials & { readonly port: number } {
  return {
    port: server.address(`IngressGateway/${client.name}`).port,
    ...credentials(client.authority, client.identity(`egress-${server.name}`), server),
  };
}

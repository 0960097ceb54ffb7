import type { ConnectionOptions } from "node:tls";
import type { SpiffeId } from "../../src/naming/spiffe-id.js";
import type { CertificateAuthority } from "../../src/trust/index.js";
import type { TestMesh } from "./test-mesh.js";

/** For a TLS client that presents `identity`, signed by `authority`, and verifies `server` by its root. */
export function credentials(
  authority: CertificateAuthority,
  identity: SpiffeId,
  server: TestMesh,
  { now = Date.now(), validityMs = 3_600_000 }: { readonly now?: number; readonly validityMs?: number } = {},
): ConnectionOptions {
  const issued = authority.issue({ id: identity, now, validityMs });
  return { cert: issued.certificateChain, key: issued.privateKey.exportPem(), ca: server.authority.rootCertificates };
}

/** What `client`'s egress to `server` presents, and the port of `server`'s ingress. */
export function clientOf(server: TestMesh, client: TestMesh): ConnectionOptions {
  return {
    port: server.address(`IngressGateway/${client.name}`).port,
    ...credentials(client.authority, client.identity(`egress-${server.name}`), server),
  };
}

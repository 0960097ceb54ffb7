/**
 * The certificate authority of one mesh, as objects of the store: the administrator's own in Secret `cacerts` (Istio's
 * layout), otherwise one that is generated once and kept in Secret `istio-ca-secret`. Its root is published as ConfigMap
 * `istio-ca-root-cert`, key `root-cert.pem`: what the other administrator is given (reference §1.5).
 */
import {
  type ConfigMap,
  FederationError,
  findResourceType,
  formatViolations,
  type KubernetesObject,
  type ObjectMeta,
  type OwnerReference,
  type Secret,
} from "@meshfed/core";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  loadCertificateAuthority,
  toSecretData,
} from "@meshfed/core/trust";
import type { ResourceStore } from "../store/resource-store.js";

/** Secret of an authority that the administrator brings. */
export const PLUGGED_IN_SECRET = "cacerts";
/** Secret of an authority that meshfed generated. */
export const GENERATED_SECRET = "istio-ca-secret";
export const ROOT_CONFIG_MAP = "istio-ca-root-cert";
export const ROOT_KEY = "root-cert.pem";

export interface MeshAuthorityOptions {
  readonly store: ResourceStore;
  /** The control plane that owns what is generated; its deletion takes it along. */
  readonly owner: OwnerReference;
  readonly namespace: string;
  readonly trustDomain: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * Loads the mesh's authority, generating it on first use, and publishes its root.
 * @throws FederationError FAILED_PRECONDITION when Secret `cacerts` does not hold a usable authority: a broken one is
 *   never replaced by a generated one, which would change what peers trust.
 */
export async function ensureMeshAuthority(options: MeshAuthorityOptions): Promise<CertificateAuthority> {
  const authority =
    (await loadAuthority(options, PLUGGED_IN_SECRET)) ??
    (await loadAuthority(options, GENERATED_SECRET)) ??
    (await generateAuthority(options));
  await publishRoot(options, authority.rootCertificates);
  return authority;
}

async function loadAuthority(options: MeshAuthorityOptions, name: string): Promise<CertificateAuthority | undefined> {
  const { store, namespace, now } = options;
  const secret = (await store.get(secretType(), { namespace, name })) as Secret | undefined;
  if (secret === undefined) return undefined;
  const loaded = loadCertificateAuthority(secretText(secret), now);
  if (loaded.ok) return loaded.value;
  throw new FederationError(
    "FAILED_PRECONDITION",
    `Secret "${namespace}/${name}" does not hold a usable certificate authority: ${formatViolations(loaded.violations)}`,
    { violations: loaded.violations },
  );
}

async function generateAuthority(options: MeshAuthorityOptions): Promise<CertificateAuthority> {
  const authority = await createCertificateAuthority({ trustDomain: options.trustDomain, now: options.now });
  const data = Object.fromEntries(
    Object.entries(toSecretData(authority)).map(([key, text]) => [key, Buffer.from(text).toString("base64")]),
  );
  await options.store.create({
    apiVersion: "v1",
    kind: "Secret",
    metadata: ownedMetadata(options, GENERATED_SECRET),
    type: "istio.io/ca-root",
    data,
  } as KubernetesObject);
  return authority;
}

async function publishRoot(options: MeshAuthorityOptions, rootCertificates: string): Promise<void> {
  const { store, namespace } = options;
  const type = findResourceType({ group: "", kind: "ConfigMap" });
  const current = (await store.get(type, { namespace, name: ROOT_CONFIG_MAP })) as ConfigMap | undefined;
  if (current === undefined) {
    await store.create({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: ownedMetadata(options, ROOT_CONFIG_MAP),
      data: { [ROOT_KEY]: rootCertificates },
    } as KubernetesObject);
  } else if (current.data?.[ROOT_KEY] !== rootCertificates) {
    await store.update({ ...current, data: { ...current.data, [ROOT_KEY]: rootCertificates } } as KubernetesObject);
  }
}

function ownedMetadata(options: MeshAuthorityOptions, name: string): ObjectMeta {
  return {
    name,
    namespace: options.namespace,
    labels: { "app.kubernetes.io/managed-by": "meshfed" },
    ownerReferences: [options.owner],
  };
}

function secretText(secret: Secret): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, base64]) => [key, Buffer.from(base64, "base64").toString("utf8")]),
  );
}

function secretType() {
  return findResourceType({ group: "", kind: "Secret" });
}

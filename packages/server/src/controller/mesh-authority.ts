/**
 * The certificate authority of one mesh, as objects of the store: the administrator's own in Secret `cacerts` (Istio's
 * layout), otherwise one that is generated once and kept in Secret `istio-ca-secret`. Its root is published as ConfigMap
 * `istio-ca-root-cert`, key `root-cert.pem`: what the other administrator is given (reference §1.5).
 */
import {
  apiVersionOf,
  configMapType,
  FederationError,
  formatViolations,
  invariant,
  isKind,
  type KubernetesObject,
  type ObjectReference,
  ownerLabels,
  ROOT_CERTIFICATE_KEY,
  type ServiceMeshControlPlane,
  secretType,
  serviceMeshControlPlaneType,
  trustDomainOf,
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

export interface MeshAuthorityOptions {
  readonly store: ResourceStore;
  /** Owns what is generated: its deletion takes it along. */
  readonly controlPlane: ServiceMeshControlPlane;
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

/** Whether the object is one that the authority is read from or published in. */
export function isAuthorityObject({ kind, namespace, name }: ObjectReference, meshNamespace: string): boolean {
  if (namespace !== meshNamespace) return false;
  if (kind === "ConfigMap") return name === ROOT_CONFIG_MAP;
  return kind === "Secret" && (name === PLUGGED_IN_SECRET || name === GENERATED_SECRET);
}

async function loadAuthority(options: MeshAuthorityOptions, name: string): Promise<CertificateAuthority | undefined> {
  const { store, controlPlane, now } = options;
  const { namespace } = controlPlane.metadata;
  const secret = await store.get(secretType, { namespace, name });
  if (secret === undefined || !isKind(secret, "Secret")) return undefined;
  const loaded = loadCertificateAuthority(decodeData(secret.data), { trustDomain: trustDomainOf(controlPlane), now });
  if (loaded.ok) return loaded.value;
  throw new FederationError(
    "FAILED_PRECONDITION",
    `Secret "${namespace}/${name}" does not hold a usable certificate authority: ${formatViolations(loaded.violations)}`,
    { violations: loaded.violations },
  );
}

async function generateAuthority(options: MeshAuthorityOptions): Promise<CertificateAuthority> {
  const { store, controlPlane, now } = options;
  const authority = createCertificateAuthority({ trustDomain: trustDomainOf(controlPlane), now });
  const data = Object.entries(toSecretData(authority)).map(([key, text]) => [key, encodeBase64(text)]);
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: GENERATED_SECRET },
    type: "istio.io/ca-root",
    data: Object.fromEntries(data),
  };
  await store.create(owned(options, secret));
  return authority;
}

async function publishRoot(options: MeshAuthorityOptions, rootCertificates: string): Promise<void> {
  const { namespace } = options.controlPlane.metadata;
  const current = await options.store.get(configMapType, { namespace, name: ROOT_CONFIG_MAP });
  if (current === undefined) {
    const metadata = { name: ROOT_CONFIG_MAP };
    const data = { [ROOT_CERTIFICATE_KEY]: rootCertificates };
    await options.store.create(owned(options, { apiVersion: "v1", kind: "ConfigMap", metadata, data }));
  } else if (isKind(current, "ConfigMap") && current.data?.[ROOT_CERTIFICATE_KEY] !== rootCertificates) {
    const data = { ...current.data, [ROOT_CERTIFICATE_KEY]: rootCertificates };
    await options.store.update(Object.assign({}, current, { data }));
  }
}

/** The object in the control plane's namespace, marked as its own. */
function owned<T extends KubernetesObject>({ controlPlane }: MeshAuthorityOptions, object: T): T {
  const { name, namespace, uid } = controlPlane.metadata;
  invariant(uid !== undefined, "an object of the store has a uid");
  const owner = { apiVersion: apiVersionOf(serviceMeshControlPlaneType), kind: controlPlane.kind, name, uid };
  const labels = ownerLabels({ name, namespace });
  return { ...object, metadata: { ...object.metadata, namespace, labels, ownerReferences: [owner] } };
}

function decodeData(data: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, base64]) => [key, Buffer.from(base64, "base64").toString("utf8")]),
  );
}

function encodeBase64(text: string): string {
  return Buffer.from(text).toString("base64");
}

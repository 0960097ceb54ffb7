/**
 * The certificate with which the API serves, and the authority that signed it, in files of their own (`DIR/pki/`, mode
 * 0600). The authority is made once and lives long: clients have it in their kubeconfig. The serving certificate is renewed
 * well before it ends, also while the server runs.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import { type Clock, FederationError, formatViolations, type TrustDomain } from "@meshfed/core";
import {
  CaSecretKey,
  type CertificateAuthority,
  createCertificateAuthority,
  createServingCertificate,
  loadCertificateAuthority,
  toSecretData,
} from "@meshfed/core/trust";
import { ensurePrivateDirectory, readOptionalFile, writePrivateFile } from "./private-file.js";

/** Organization in the subject of the API's own authority; no mesh's trust domain. */
const AUTHORITY_NAME = "meshfed-api" as TrustDomain;

const VALIDITY_MS = 90 * 24 * 60 * 60 * 1000;
/** Renewed when less than this is left. */
const RENEWAL_MS = VALIDITY_MS / 3;

export interface ServingIdentity {
  /** PEM of the authority, for clients. */
  readonly certificateAuthority: string;
  /** PEM: the certificate and what leads to the authority. */
  readonly certificate: string;
  /** PEM; for a TLS context, never for a log. */
  readonly privateKey: string;
}

/**
 * The identity in the directory; what is missing, does not fit the names, or ends soon is made anew.
 *
 * @throws FederationError FAILED_PRECONDITION when the authority's files are damaged: they are never replaced silently,
 *   every kubeconfig that was handed out holds that authority
 */
export async function ensureServingIdentity(options: {
  /** For example `DIR/pki`. */
  readonly directory: string;
  /** DNS names and IP addresses by which clients reach the server. */
  readonly names: readonly string[];
  readonly clock: Clock;
}): Promise<ServingIdentity> {
  const { directory, names, clock } = options;
  await ensurePrivateDirectory(directory);
  const now = clock.now();
  const authority = await ensureAuthority(directory, now);
  const certificatePath = join(directory, "server.crt");
  const keyPath = join(directory, "server.key");
  const certificateAuthority = authority.rootCertificates;
  const certificate = await readOptionalFile(certificatePath);
  const privateKey = await readOptionalFile(keyPath);
  if (certificate !== undefined && privateKey !== undefined) {
    const current = { certificateAuthority, certificate, privateKey };
    if (isFit(current, names, now)) return current;
  }
  const issued = createServingCertificate({ ca: authority, names, now, validityMs: VALIDITY_MS });
  const renewed = { certificate: issued.certificateChain, privateKey: issued.privateKey.exportPem() };
  await writePrivateFile(keyPath, renewed.privateKey);
  await writePrivateFile(certificatePath, renewed.certificate);
  return { certificateAuthority, ...renewed };
}

async function ensureAuthority(directory: string, now: number): Promise<CertificateAuthority> {
  const certificatePath = join(directory, "ca.crt");
  const keyPath = join(directory, "ca.key");
  const [certificate, privateKey] = [await readOptionalFile(certificatePath), await readOptionalFile(keyPath)];
  if (certificate === undefined && privateKey === undefined) {
    const created = createCertificateAuthority({ trustDomain: AUTHORITY_NAME, now });
    await writePrivateFile(keyPath, toSecretData(created)[CaSecretKey.privateKey] ?? "");
    await writePrivateFile(certificatePath, created.rootCertificates);
    return created;
  }
  const data = { [CaSecretKey.certificate]: certificate, [CaSecretKey.privateKey]: privateKey };
  const loaded = loadCertificateAuthority(data, { trustDomain: AUTHORITY_NAME, now });
  if (loaded.ok) return loaded.value;
  throw new FederationError(
    "FAILED_PRECONDITION",
    `"${certificatePath}" and "${keyPath}" are not a usable certificate authority (${formatViolations(loaded.violations)}); restore them, or remove both: then a new one is made and every kubeconfig has to be handed out again`,
  );
}

/** Anything wrong with it, also that it cannot be read, is reason enough to issue another. */
function isFit(
  { certificateAuthority, certificate, privateKey }: ServingIdentity,
  names: readonly string[],
  now: number,
) {
  try {
    const leaf = new X509Certificate(certificate);
    const covers = (name: string) => (isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name)) !== undefined;
    return (
      leaf.validFromDate.getTime() <= now &&
      leaf.validToDate.getTime() - now > RENEWAL_MS &&
      leaf.verify(new X509Certificate(certificateAuthority).publicKey) &&
      isPair(leaf, privateKey) &&
      names.every(covers)
    );
  } catch {
    return false;
  }
}

function isPair(leaf: X509Certificate, privateKey: string): boolean {
  return leaf.checkPrivateKey(createPrivateKey(privateKey));
}

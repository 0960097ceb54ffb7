import type { SpiffeId, TrustDomain } from "../../src/naming/spiffe-id.js";
import { type Certificate, parseCertificate } from "../../src/trust/certificate.js";
import {
  authorityKeyIdentifier,
  basicConstraints,
  keyIdentifier,
  keyUsage,
  signCertificate,
  subjectKeyIdentifier,
} from "../../src/trust/certificate-builder.js";
import { encodeOrganization } from "../../src/trust/distinguished-name.js";
import {
  type CertificateAuthority,
  generatePrivateKeySync,
  type KeyType,
  loadCertificateAuthority,
  parseTrustBundle,
  type TrustBundle,
  toSecretData,
} from "../../src/trust/index.js";
import { encodeCertificatePem } from "../../src/trust/pem.js";

export const RED = "red-mesh.local" as TrustDomain;
export const GREEN = "green-mesh.local" as TrustDomain;
export const RED_INGRESS =
  "spiffe://red-mesh.local/ns/red-mesh-system/sa/ingress-green-mesh-service-account" as SpiffeId;
export const GREEN_EGRESS =
  "spiffe://green-mesh.local/ns/green-mesh-system/sa/egress-red-mesh-service-account" as SpiffeId;
export const GREEN_DEFAULT = "spiffe://green-mesh.local/ns/green-mesh-system/sa/default" as SpiffeId;

export function bundleOf(authority: CertificateAuthority, now: number): TrustBundle {
  const parsed = parseTrustBundle(authority.rootCertificates, { now });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  return parsed.value;
}

/** A `cacerts` Secret: an intermediate for `trustDomain` below the root of `parent`, as an administrator makes one. */
export function cacertsBelow(
  parent: CertificateAuthority,
  options: {
    readonly trustDomain: TrustDomain;
    readonly now: number;
    readonly keyType?: KeyType;
    readonly extensions?: readonly Uint8Array[];
  },
): Record<string, string> {
  const { trustDomain, now, keyType = "ECDSA-P256", extensions = [] } = options;
  const privateKey = generatePrivateKeySync(keyType);
  const der = signCertificate(
    {
      issuer: parent.certificate.subject.encoded,
      subject: encodeOrganization(
        `${trustDomain} intermediate ${Buffer.from(keyIdentifier(privateKey.publicKey)).toString("hex", 0, 4)}`,
      ),
      notBefore: now - 60_000,
      notAfter: now + 365 * 24 * 3_600_000,
      publicKey: privateKey.publicKey,
      extensions: [
        basicConstraints(true),
        keyUsage("keyCertSign"),
        subjectKeyIdentifier(keyIdentifier(privateKey.publicKey)),
        authorityKeyIdentifier(keyIdentifier(parent.certificate.publicKey)),
        ...extensions,
      ],
    },
    parent.privateKey,
  );
  return {
    "ca-cert.pem": encodeCertificatePem(der),
    "ca-key.pem": privateKey.exportPem(),
    "root-cert.pem": parent.rootCertificates,
    "cert-chain.pem": encodeCertificatePem(der) + toSecretData(parent)["cert-chain.pem"] + parent.rootCertificates,
  };
}

export function loaded(data: Record<string, string | undefined>, trustDomain: TrustDomain, now: number) {
  const result = loadCertificateAuthority(data, { trustDomain, now });
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return result.value;
}

/** The DER of each certificate of a PEM text. */
export function pemToDer(pem: string): readonly Buffer[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)].map(([, body = ""]) =>
    Buffer.from(body, "base64"),
  );
}

export function readLeaf(pem: string): Certificate {
  const parsed = parseCertificate(pemToDer(pem)[0] ?? new Uint8Array(), "");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  return parsed.value;
}

/** `@meshfed/core/trust`: certificate authorities, their certificates, and the verification of peers. Needs Node. */
export * from "./ca-secret.js";
export type { Certificate } from "./certificate.js";
export {
  type CertificateAuthority,
  type CreateCertificateAuthorityOptions,
  createCertificateAuthority,
  type IssuedCertificate,
  type IssueOptions,
} from "./certificate-authority.js";
export type { CertificateExtensions, KeyUsage, NameConstraints } from "./certificate-extensions.js";
export * from "./certificate-rotation.js";
export type { PathFailureReason } from "./certification-path.js";
export type { DistinguishedName } from "./distinguished-name.js";
export type { GeneralName } from "./general-name.js";
export type { KeyType } from "./key-algorithm.js";
export {
  type PeerExpectation,
  type PeerRejection,
  type PeerRejectionReason,
  type PeerVerification,
  type VerifiedPeer,
  type VerifyPeerCertificateOptions,
  verifyPeerCertificate,
} from "./peer-verification.js";
export { generatePrivateKey, generatePrivateKeySync, PrivateKey, parsePrivateKey } from "./private-key.js";
export {
  createServingCertificate,
  type ServingCertificate,
  type ServingCertificateOptions,
} from "./serving-certificate.js";
export * from "./tls-context.js";
export * from "./tls-peer.js";
export {
  checkTrustBundle,
  type ParseTrustBundleOptions,
  parseTrustBundle,
  type TrustBundle,
} from "./trust-bundle.js";
export * from "./trust-domain-bundles.js";

/** Certificates of servers that clients address by host name or IP address, such as the API. @see RFC 9110 §4.3.4 */
import { isIP, isIPv4 } from "node:net";
import { FederationError } from "../errors.js";
import type { CertificateAuthority } from "./certificate-authority.js";
import {
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  keyUsage,
  signCertificate,
} from "./certificate-builder.js";
import { derBoolean, derContextPrimitive, derObjectIdentifier, derOctetString, derSequence } from "./der-writer.js";
import { Oid } from "./object-identifiers.js";
import { encodeCertificatePem } from "./pem.js";
import { generatePrivateKeySync, type PrivateKey } from "./private-key.js";

export interface ServingCertificateOptions {
  readonly ca: CertificateAuthority;
  /** DNS names and IP addresses by which clients reach the server; at least one. */
  readonly names: readonly string[];
  /** Epoch milliseconds. */
  readonly now: number;
  /** The certificate never outlives the authority's own. */
  readonly validityMs: number;
}

export interface ServingCertificate {
  /** PEM: the leaf, then the authority's intermediates. */
  readonly certificateChain: string;
  readonly privateKey: PrivateKey;
  /** Epoch milliseconds, whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** For clients whose clocks are behind. */
const CLOCK_SKEW_ALLOWANCE_MS = 2 * 60_000;

const DNS_NAME = /^(?:\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/;

/**
 * Generates an ECDSA P-256 key and signs a certificate for it, for servers only.
 *
 * Throws INVALID_ARGUMENT for a name that is neither a DNS name in lower case nor an IP address, and FAILED_PRECONDITION
 * when the authority's own certificate is not valid at `now`.
 */
export function createServingCertificate({
  ca,
  names,
  now,
  validityMs,
}: ServingCertificateOptions): ServingCertificate {
  if (names.length === 0)
    throw new FederationError("INVALID_ARGUMENT", "a serving certificate needs at least one name");
  if (now < ca.certificate.notBefore || now >= ca.notAfter) {
    throw new FederationError(
      "FAILED_PRECONDITION",
      "the certificate authority is not valid now; replace it, or check the clock",
    );
  }
  const notBefore = wholeSeconds(Math.max(now - CLOCK_SKEW_ALLOWANCE_MS, ca.certificate.notBefore));
  const notAfter = wholeSeconds(Math.min(now + validityMs, ca.notAfter));
  const privateKey = generatePrivateKeySync("ECDSA-P256");
  const { subjectKeyId } = ca.certificate;
  const der = signCertificate(
    {
      issuer: ca.certificate.subject.encoded,
      // None: one that reads like the authority's own would make the certificate look self-signed.
      subject: derSequence(),
      notBefore,
      notAfter,
      publicKey: privateKey.publicKey,
      extensions: [
        keyUsage("digitalSignature"),
        extendedKeyUsage(Oid.serverAuth),
        basicConstraints(false),
        ...(subjectKeyId === undefined ? [] : [authorityKeyIdentifier(Buffer.from(subjectKeyId, "hex"))]),
        subjectAltNames(names),
      ],
    },
    ca.privateKey,
  );
  const intermediates = ca.intermediates.map((intermediate) => encodeCertificatePem(intermediate.der));
  return { certificateChain: [encodeCertificatePem(der), ...intermediates].join(""), privateKey, notBefore, notAfter };
}

/** Critical, because there is no subject. @see RFC 5280 §4.2.1.6 */
function subjectAltNames(names: readonly string[]): Uint8Array {
  const general = names.map((name) => {
    if (isIP(name) !== 0) return derContextPrimitive(7, addressBytes(name));
    if (name.length <= 253 && DNS_NAME.test(name)) return derContextPrimitive(2, Buffer.from(name, "latin1"));
    throw new FederationError("INVALID_ARGUMENT", `"${name}" is neither a DNS name in lower case nor an IP address`);
  });
  return derSequence(
    derObjectIdentifier(Oid.subjectAltName),
    derBoolean(true),
    derOctetString(derSequence(...general)),
  );
}

/** 4 or 16 bytes in network order. A zone ("%eth0") names nothing outside of the host and is left out. */
function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split("."), Number);
  const [head = "", tail = ""] = withoutEmbeddedIpv4(address.split("%")[0] ?? "").split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));
  const [left, right] = [groups(head), groups(tail)];
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  return Uint8Array.from([...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 0xff]));
}

/** `::ffff:192.0.2.1` -> `::ffff:c000:201` */
function withoutEmbeddedIpv4(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_match, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
}

function wholeSeconds(epochMs: number): number {
  return Math.floor(epochMs / 1000) * 1000;
}

/** Certificates in messages. What a stranger put into one is quoted, cut and stripped of anything but printable ASCII. */
import { formatTimestamp } from "../timestamp.js";
import type { Certificate } from "./certificate.js";
import { formatDistinguishedName } from "./distinguished-name.js";

const MAX_CHARACTERS = 160;

/** `"spiffe://red-mesh.local/ns/a/sa/b" (serial 0A1B)`; without a URI name the subject stands there. */
export function describeCertificate(certificate: Certificate): string {
  const uri = certificate.subjectAltNames.find((name) => name.type === "uri");
  const name = uri?.type === "uri" ? uri.value : formatDistinguishedName(certificate.subject);
  return `${quote(name)} (serial ${certificate.serialNumber})`;
}

/** `"O=red-mesh.local"` */
export function describeIssuer(certificate: Certificate): string {
  return quote(formatDistinguishedName(certificate.issuer));
}

/** `"O=red-mesh.local" (SHA-256 5F3A..., until 2036-01-01T00:00:00Z)` per root, at most three of them. */
export function describeRoots(roots: readonly Certificate[]): string {
  const shown = roots.slice(0, 3).map((root) => {
    const name = quote(formatDistinguishedName(root.subject));
    return `${name} (SHA-256 ${root.fingerprint.slice(0, 16)}..., until ${formatTimestamp(root.notAfter)})`;
  });
  return roots.length > 3 ? `${shown.join(", ")} and ${roots.length - 3} more` : shown.join(", ");
}

/** In double quotes, printable ASCII only, cut after 160 characters. */
export function quote(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, "?").replaceAll('"', "'");
  return `"${printable.length > MAX_CHARACTERS ? `${printable.slice(0, MAX_CHARACTERS)}...` : printable}"`;
}

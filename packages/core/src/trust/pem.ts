/** The textual form of certificates. @see RFC 7468 */
import { type FieldViolation, failure, type Result, success } from "../result.js";

/** Kubernetes keeps a ConfigMap or Secret below 1 MiB; no mesh needs that much. */
const MAX_PEM_CHARACTERS = 1024 * 1024;
const MAX_CERTIFICATES = 100;

const BLOCK = /-----BEGIN ([^\r\n-]*)-----([^-]*)(?:-----END ([^\r\n-]*)-----)?/g;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * PEM text -> the DER of each certificate, in order. Text around the blocks is skipped, as RFC 7468 §2 allows. A private
 * key among them is refused, and never repeated in the message. `path` names the field in violations.
 */
export function decodeCertificatePem(pem: string, path: string): Result<readonly Uint8Array[]> {
  if (pem.length > MAX_PEM_CHARACTERS) {
    return failure({ path, reason: "TooLong", message: `more than ${MAX_PEM_CHARACTERS} characters` });
  }
  const blocks = [...pem.matchAll(BLOCK)];
  const violations: FieldViolation[] = [];
  const certificates: Uint8Array[] = [];
  if (/PRIVATE KEY/.test(pem)) {
    violations.push({
      path,
      reason: "Forbidden",
      message:
        "holds a private key where only certificates belong; remove it, and replace the key if others could read it",
    });
  }
  for (const [index, [, label, body = "", endLabel]] of blocks.entries()) {
    if (label?.includes("PRIVATE KEY")) continue;
    const decoded = decodeBlock(label ?? "", body, endLabel);
    if (typeof decoded !== "string") certificates.push(decoded);
    else violations.push({ path, reason: "Invalid", message: `PEM block ${index + 1} ${decoded}` });
  }
  if (blocks.length === 0 && violations.length === 0) {
    const message = `no PEM certificate found; expected text that starts with -----BEGIN CERTIFICATE-----`;
    violations.push({ path, reason: pem.trim() === "" ? "Required" : "Invalid", message });
  }
  if (certificates.length > MAX_CERTIFICATES) {
    violations.push({ path, reason: "TooLong", message: `more than ${MAX_CERTIFICATES} certificates` });
  }
  return violations.length > 0 ? failure(...violations) : success(certificates);
}

export function encodeCertificatePem(der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString("base64")
    .replace(/.{64}(?!$)/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** The DER, or what is wrong with the block. */
function decodeBlock(label: string, body: string, endLabel: string | undefined): Uint8Array | string {
  if (endLabel === undefined) return "has no -----END----- line; the text is cut off";
  if (label !== endLabel) return "ends with another label than it begins with";
  if (label !== "CERTIFICATE") return "is not a CERTIFICATE; nothing else belongs here";
  const base64 = body.replace(/\s+/g, "");
  if (base64 === "" || !BASE64.test(base64)) return "is not base64";
  return Buffer.from(base64, "base64");
}

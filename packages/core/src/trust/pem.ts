/** The textual form of certificates. @see RFC 7468 */
import type { FieldViolation, ViolationReason } from "../result.js";

/** Kubernetes keeps a ConfigMap or Secret below 1 MiB; no mesh needs that much. */
const MAX_PEM_CHARACTERS = 1024 * 1024;
const MAX_CERTIFICATES = 100;

const BLOCK = /-----BEGIN ([^\r\n-]*)-----([^-]*)(?:-----END ([^\r\n-]*)-----)?/g;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export interface CertificatePem {
  /** The DER of each block that holds one, in order; `block` counts all blocks from 1. */
  readonly certificates: readonly { readonly block: number; readonly der: Uint8Array }[];
  /** Empty when the text is nothing but certificates, at least one. */
  readonly violations: readonly FieldViolation[];
}

/**
 * PEM text -> the certificates in it and what else is wrong with it. Text around the blocks is skipped, as RFC 7468 §2
 * allows. A private key among them is a violation, and never repeated in the message. `path` names the field.
 */
export function decodeCertificatePem(pem: string, path: string): CertificatePem {
  const violations: FieldViolation[] = [];
  const wrong = (reason: ViolationReason, message: string) => violations.push({ path, reason, message });
  if (pem.length > MAX_PEM_CHARACTERS) {
    wrong("TooLong", `more than ${MAX_PEM_CHARACTERS} characters`);
    return { certificates: [], violations };
  }
  const blocks = [...pem.matchAll(BLOCK)];
  if (blocks.length > MAX_CERTIFICATES) {
    wrong("TooLong", `more than ${MAX_CERTIFICATES} certificates`);
    return { certificates: [], violations };
  }
  if (/PRIVATE KEY/.test(pem)) {
    wrong(
      "Forbidden",
      "holds a private key where only certificates belong; remove it, and replace the key if others could read it",
    );
  } else if (blocks.length === 0) {
    const message = "no PEM certificate found; expected text that starts with -----BEGIN CERTIFICATE-----";
    wrong(pem.trim() === "" ? "Required" : "Invalid", message);
  }
  const certificates: { block: number; der: Uint8Array }[] = [];
  for (const [index, [, label = "", body = "", endLabel]] of blocks.entries()) {
    if (label.includes("PRIVATE KEY")) continue;
    const der = decodeBlock(label, body, endLabel);
    if (typeof der === "string") wrong("Invalid", `PEM block ${index + 1} ${der}`);
    else certificates.push({ block: index + 1, der });
  }
  return { certificates, violations };
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

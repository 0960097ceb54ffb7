/** The extensions that decide whether a certificate is believed. @see RFC 5280 §4.2 */
import { contextTag, DerError, DerReader, DerTag, decodeBitString, decodeBoolean } from "./der-reader.js";
import { type GeneralName, readGeneralName } from "./general-name.js";
import { Oid } from "./object-identifiers.js";

/** In the order of their bits. @see RFC 5280 §4.2.1.3 */
export const KEY_USAGES = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;

export type KeyUsage = (typeof KEY_USAGES)[number];

export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

export interface CertificateExtensions {
  /** False when the extension is absent. */
  readonly isCa: boolean;
  /** How many intermediates may follow below; absent: any number. */
  readonly pathLength?: number | undefined;
  /** Absent: the extension is absent, and any use is allowed. */
  readonly keyUsage?: ReadonlySet<KeyUsage> | undefined;
  /** Object identifiers. Absent: any use is allowed. */
  readonly extendedKeyUsage?: ReadonlySet<string> | undefined;
  readonly subjectAltNames: readonly GeneralName[];
  readonly nameConstraints?: NameConstraints | undefined;
  /** Upper-case hexadecimal. */
  readonly subjectKeyId?: string | undefined;
  readonly authorityKeyId?: string | undefined;
  /** Object identifiers of critical extensions that are not among the above. */
  readonly unknownCritical: readonly string[];
}

/** A certificate with more names than this is made to keep a validator busy. */
const MAX_NAMES = 256;

/** Reads `Extensions`, or nothing at all for a certificate without; throws DerError. */
export function readExtensions(extensions: DerReader | undefined): CertificateExtensions {
  const found = new Map<string, { readonly critical: boolean; readonly value: Uint8Array }>();
  while (extensions !== undefined && !extensions.atEnd) {
    const extension = extensions.readSequence();
    const oid = extension.readObjectIdentifier();
    const critical = extension.readOptional(DerTag.boolean);
    const value = extension.read(DerTag.octetString).content;
    extension.end();
    if (found.has(oid)) throw new DerError(`extension ${oid} occurs twice`);
    found.set(oid, { critical: critical !== undefined && decodeBoolean(critical.content), value });
  }
  const read = <T>(oid: string, decode: (value: DerReader) => T): T | undefined => {
    const extension = found.get(oid);
    return extension && decodeWhole(extension.value, decode);
  };
  const basicConstraints = read(Oid.basicConstraints, readBasicConstraints);
  return {
    isCa: basicConstraints?.isCa ?? false,
    pathLength: basicConstraints?.pathLength,
    keyUsage: read(Oid.keyUsage, readKeyUsage),
    extendedKeyUsage: read(Oid.extKeyUsage, readExtendedKeyUsage),
    subjectAltNames: read(Oid.subjectAltName, readSubjectAltNames) ?? [],
    nameConstraints: read(Oid.nameConstraints, readNameConstraints),
    subjectKeyId: read(Oid.subjectKeyIdentifier, (value) => hex(value.read(DerTag.octetString).content)),
    authorityKeyId: read(Oid.authorityKeyIdentifier, readAuthorityKeyId),
    unknownCritical: [...found].filter(([oid, { critical }]) => critical && !PROCESSED.has(oid)).map(([oid]) => oid),
  };
}

const PROCESSED: ReadonlySet<string> = new Set([
  Oid.basicConstraints,
  Oid.keyUsage,
  Oid.extKeyUsage,
  Oid.subjectAltName,
  Oid.nameConstraints,
  Oid.subjectKeyIdentifier,
  Oid.authorityKeyIdentifier,
]);

function decodeWhole<T>(bytes: Uint8Array, decode: (reader: DerReader) => T): T {
  const reader = new DerReader(bytes);
  const value = decode(reader);
  reader.end();
  return value;
}

function readBasicConstraints(value: DerReader): { isCa: boolean; pathLength: number | undefined } {
  const constraints = value.readSequence();
  const ca = constraints.readOptional(DerTag.boolean);
  const isCa = ca !== undefined && decodeBoolean(ca.content);
  const pathLength = constraints.nextTag === DerTag.integer ? constraints.readSmallInteger() : undefined;
  constraints.end();
  if (pathLength !== undefined && !isCa) throw new DerError("a path length on a certificate that is not a CA");
  return { isCa, pathLength };
}

function readKeyUsage(value: DerReader): ReadonlySet<KeyUsage> {
  const { bytes } = decodeBitString(value.read(DerTag.bitString).content);
  const isSet = (bit: number) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
  return new Set(KEY_USAGES.filter((_, bit) => isSet(bit)));
}

function readExtendedKeyUsage(value: DerReader): ReadonlySet<string> {
  const purposes = value.readSequence();
  const oids = new Set<string>();
  while (!purposes.atEnd) oids.add(purposes.readObjectIdentifier());
  if (oids.size === 0) throw new DerError("an empty extended key usage");
  return oids;
}

function readSubjectAltNames(value: DerReader): readonly GeneralName[] {
  const names = readUpTo(MAX_NAMES, value.readSequence(), readGeneralName);
  if (names.length === 0) throw new DerError("an empty subject alternative name");
  return names;
}

function readNameConstraints(value: DerReader): NameConstraints {
  const constraints = value.readSequence();
  const permitted = constraints.readOptional(contextTag(0, "constructed"));
  const excluded = constraints.readOptional(contextTag(1, "constructed"));
  constraints.end();
  if (permitted === undefined && excluded === undefined) throw new DerError("empty name constraints");
  const read = (subtrees: { content: Uint8Array } | undefined) =>
    subtrees === undefined ? [] : readUpTo(MAX_NAMES, new DerReader(subtrees.content), readSubtree);
  return { permitted: read(permitted), excluded: read(excluded) };
}

/** @see RFC 5280 §4.2.1.10: minimum and maximum are not used, minimum is 0 and so not encoded */
function readSubtree(subtrees: DerReader): GeneralName {
  const subtree = subtrees.readSequence();
  const base = readGeneralName(subtree);
  subtree.end();
  return base;
}

function readAuthorityKeyId(value: DerReader): string | undefined {
  const identifier = value.readSequence();
  const keyId = identifier.readOptional(contextTag(0, "primitive"));
  // The issuer's name and serial number may follow; they are hints for building a path that we do not need.
  while (!identifier.atEnd) identifier.readAny();
  return keyId && hex(keyId.content);
}

function readUpTo<T>(limit: number, reader: DerReader, read: (reader: DerReader) => T): readonly T[] {
  const items: T[] = [];
  while (!reader.atEnd) {
    if (items.length === limit) throw new DerError(`more than ${limit} names`);
    items.push(read(reader));
  }
  return items;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex").toUpperCase();
}

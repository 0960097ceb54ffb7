import { type DerElement, DerReader, DerTag } from "./der-reader.js";
import { derElement, derObjectIdentifier, derSequence, derUtf8String } from "./der-writer.js";
import { Oid } from "./object-identifiers.js";

/** A subject or an issuer. @see RFC 5280 §4.1.2.4 */
export interface DistinguishedName {
  /**
   * The whole Name in DER. Names are equal when these bytes are: a CA's subject is encoded in the same way in all
   * certificates that it issues (RFC 5280 §4.1.2.6).
   */
  readonly encoded: Uint8Array;
  /** The DER of each RelativeDistinguishedName, in order. */
  readonly relativeNames: readonly Uint8Array[];
}

/** Throws DerError unless `name` is well formed throughout. */
export function readDistinguishedName(name: DerElement): DistinguishedName {
  const relativeNames: Uint8Array[] = [];
  const reader = new DerReader(name.content);
  while (!reader.atEnd) {
    const relativeName = reader.read(DerTag.set);
    readAttributes(relativeName.content);
    relativeNames.push(relativeName.encoded);
  }
  return { encoded: name.encoded, relativeNames };
}

/** `O=<organization>`, the subject of Istio's own CA as well. */
export function encodeOrganization(organization: string): Uint8Array {
  const attribute = derSequence(derObjectIdentifier(Oid.organizationName), derUtf8String(organization));
  return derSequence(derElement(DerTag.set, attribute));
}

export function isSameName(one: DistinguishedName, other: DistinguishedName): boolean {
  return Buffer.compare(one.encoded, other.encoded) === 0;
}

/** `O=red-mesh.local, CN=Intermediate`, in the order of the encoding. What a stranger wrote: quote it before printing. */
export function formatDistinguishedName(name: DistinguishedName): string {
  return name.relativeNames
    .map((relativeName) => readAttributes(new DerReader(relativeName).read(DerTag.set).content).join("+"))
    .join(", ");
}

const ATTRIBUTE_NAMES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  [Oid.organizationName]: "O",
  "2.5.4.11": "OU",
};

/** `O=red-mesh.local` per attribute of one RelativeDistinguishedName. */
function readAttributes(relativeName: Uint8Array): readonly string[] {
  const attributes: string[] = [];
  const reader = new DerReader(relativeName);
  do {
    const attribute = reader.readSequence();
    const oid = attribute.readObjectIdentifier();
    const value = Buffer.from(attribute.readAny().content).toString("utf8");
    attribute.end();
    attributes.push(`${ATTRIBUTE_NAMES[oid] ?? oid}=${value}`);
  } while (!reader.atEnd);
  return attributes;
}

import { contextTag, DerError, DerReader, DerTag } from "./der-reader.js";
import { readDistinguishedName } from "./distinguished-name.js";

/** A name in a subjectAltName or a name constraint. @see RFC 5280 §4.2.1.6 */
export type GeneralName =
  | { readonly type: "uri" | "dns" | "email"; readonly value: string }
  | { readonly type: "ip"; readonly value: Uint8Array }
  /** The DER of each RelativeDistinguishedName, in order. */
  | { readonly type: "directory"; readonly value: readonly Uint8Array[] }
  /** A form that we do not read: otherName, x400Address, ediPartyName, registeredID. */
  | { readonly type: "other"; readonly tag: number };

const TAG = {
  email: contextTag(1, "primitive"),
  dns: contextTag(2, "primitive"),
  directory: contextTag(4, "constructed"),
  uri: contextTag(6, "primitive"),
  ip: contextTag(7, "primitive"),
} as const;

export function readGeneralName(reader: DerReader): GeneralName {
  const { tag, content } = reader.readAny();
  switch (tag) {
    case TAG.uri:
      return { type: "uri", value: decodeIa5String(content) };
    case TAG.dns:
      return { type: "dns", value: decodeIa5String(content) };
    case TAG.email:
      return { type: "email", value: decodeIa5String(content) };
    case TAG.ip:
      return { type: "ip", value: content };
    case TAG.directory: {
      const explicit = new DerReader(content);
      const { relativeNames } = readDistinguishedName(explicit.read(DerTag.sequence));
      explicit.end();
      return { type: "directory", value: relativeNames };
    }
    default:
      return { type: "other", tag };
  }
}

/** A NUL or a line break inside a name is how one name is made to look like another. */
function decodeIa5String(content: Uint8Array): string {
  if (content.some((byte) => byte < 0x20 || byte > 0x7e))
    throw new DerError("a name with a character that is not printable ASCII");
  return Buffer.from(content.buffer, content.byteOffset, content.length).toString("latin1");
}

/**
 * A strict reader of DER, the encoding of certificates. A certificate is checked on every new connection, so it is read in
 * place, without an intermediate tree; and it comes from a stranger, so whatever BER would allow beyond DER is refused:
 * two readers that disagree about the same bytes are how certificates are forged.
 * @see ITU-T X.690 §8, §10
 */

/** Tag octets that X.509 uses; the constructed bit included. */
export const DerTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag octet of a context-specific element, `[number]` in ASN.1. */
export function contextTag(number: number, form: "primitive" | "constructed"): number {
  return (form === "constructed" ? 0xa0 : 0x80) | number;
}

/** The bytes are not DER, or not the type that was expected. Never leaves this folder. */
export class DerError extends Error {
  override readonly name: string = "DerError";
}

/** One tag-length-value; the arrays are views of the input, not copies. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Header and content. */
  readonly encoded: Uint8Array;
}

/** Reads elements one after the other. Every method throws DerError when the bytes are not what it promises. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** The tag of the next element; undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#offset];
  }

  read(tag: number): DerElement {
    const found = this.nextTag;
    if (found !== tag) {
      throw new DerError(
        `tag 0x${tag.toString(16)} expected, ${found === undefined ? "end" : `0x${found.toString(16)}`} found`,
      );
    }
    const start = this.#offset;
    this.#offset += 1;
    const length = this.#readLength();
    const contentStart = this.#offset;
    const end = contentStart + length;
    if (end > this.#bytes.length) throw new DerError("an element is longer than what contains it");
    this.#offset = end;
    return { tag, content: this.#bytes.subarray(contentStart, end), encoded: this.#bytes.subarray(start, end) };
  }

  readOptional(tag: number): DerElement | undefined {
    return this.nextTag === tag ? this.read(tag) : undefined;
  }

  /** Whatever comes next, with a low tag number. */
  readAny(): DerElement {
    const tag = this.nextTag;
    if (tag === undefined) throw new DerError("element expected, end found");
    if ((tag & 0x1f) === 0x1f) throw new DerError("tag numbers above 30 do not occur in certificates");
    return this.read(tag);
  }

  /** The content of a SEQUENCE. */
  readSequence(): DerReader {
    return new DerReader(this.read(DerTag.sequence).content);
  }

  readObjectIdentifier(): string {
    return decodeObjectIdentifier(this.read(DerTag.objectIdentifier).content);
  }

  /** An INTEGER from 0 to 2^31-1. */
  readSmallInteger(): number {
    const content = decodeInteger(this.read(DerTag.integer).content);
    if ((content[0] ?? 0) >= 0x80) throw new DerError("a negative number");
    if (content.length > 4) throw new DerError("a number above 2^31-1");
    return content.reduce((value, byte) => value * 256 + byte, 0);
  }

  /** Throws when something is left. */
  end(): void {
    if (!this.atEnd) throw new DerError("data after the last element");
  }

  #readLength(): number {
    const first = this.#bytes[this.#offset++];
    if (first === undefined) throw new DerError("the length is missing");
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0) throw new DerError("indefinite length is not DER");
    if (count > 4) throw new DerError("the length is too large");
    let length = 0;
    for (let index = 0; index < count; index++) {
      const byte = this.#bytes[this.#offset++];
      if (byte === undefined) throw new DerError("the length is cut off");
      if (index === 0 && byte === 0) throw new DerError("the length is not minimal");
      length = length * 256 + byte;
    }
    if (length < 0x80) throw new DerError("the length is not minimal");
    return length;
  }
}

/** Two's complement, checked to be minimal. */
export function decodeInteger(content: Uint8Array): Uint8Array {
  const [first, second] = content;
  if (first === undefined) throw new DerError("an empty INTEGER");
  if (second !== undefined && ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new DerError("the INTEGER is not minimal");
  }
  return content;
}

export function decodeBoolean(content: Uint8Array): boolean {
  const [value] = content;
  if (content.length !== 1 || (value !== 0x00 && value !== 0xff)) throw new DerError("not a BOOLEAN");
  return value === 0xff;
}

/** The bytes of a BIT STRING, and how many bits of the last one do not count. */
export function decodeBitString(content: Uint8Array): { readonly bytes: Uint8Array; readonly unusedBits: number } {
  const unusedBits = content[0];
  if (unusedBits === undefined || unusedBits > 7) throw new DerError("not a BIT STRING");
  const bytes = content.subarray(1);
  if (unusedBits > 0 && ((bytes.at(-1) ?? 0xff) & ((1 << unusedBits) - 1)) !== 0) {
    throw new DerError("the unused bits of a BIT STRING are not zero");
  }
  return { bytes, unusedBits };
}

/** Dotted form, for example `2.5.29.17`. */
function decodeObjectIdentifier(content: Uint8Array): string {
  const arcs: number[] = [];
  let arc = 0;
  let startsArc = true;
  for (const byte of content) {
    if (startsArc && byte === 0x80) throw new DerError("the OBJECT IDENTIFIER is not minimal");
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) throw new DerError("the OBJECT IDENTIFIER has a number that is too large");
    startsArc = byte < 0x80;
    if (!startsArc) continue;
    if (arcs.length === 0) {
      const root = Math.min(Math.floor(arc / 40), 2);
      arcs.push(root, arc - root * 40);
    } else {
      arcs.push(arc);
    }
    arc = 0;
  }
  if (arcs.length === 0 || !startsArc) throw new DerError("the OBJECT IDENTIFIER is cut off");
  return arcs.join(".");
}

const TIME = /^(\d\d|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/**
 * UTCTime or GeneralizedTime -> epoch milliseconds.
 * @see RFC 5280 §4.1.2.5: seconds present, Zulu; two-digit years from 50 on are 19xx
 */
export function decodeTime({ tag, content }: DerElement): number {
  const yearDigits = tag === DerTag.utcTime ? 2 : tag === DerTag.generalizedTime ? 4 : 0;
  const match = TIME.exec(Buffer.from(content.buffer, content.byteOffset, content.length).toString("latin1"));
  if (match === null || match[1]?.length !== yearDigits) throw new DerError("not a time");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(yearDigits === 4 ? year : year < 50 ? 2000 + year : 1900 + year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const inRange = month >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!inRange || hour > 23 || minute > 59 || second > 59) throw new DerError("not a time that exists");
  return date.getTime();
}

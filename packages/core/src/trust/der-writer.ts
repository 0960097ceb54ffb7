/**
 * Writes DER. Every function returns one complete element; what goes in is ours, so nothing is checked twice.
 * @see ITU-T X.690 §8, §10
 */
import { contextTag, DerTag } from "./der-reader.js";

export function derElement(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  return Buffer.concat([Uint8Array.of(tag), encodeLength(content.length), content]);
}

export function derSequence(...elements: readonly Uint8Array[]): Uint8Array {
  return derElement(DerTag.sequence, ...elements);
}

/** `[number] EXPLICIT`, or any IMPLICIT constructed type when given that type's content. */
export function derContext(number: number, ...contents: readonly Uint8Array[]): Uint8Array {
  return derElement(contextTag(number, "constructed"), ...contents);
}

/** `[number] IMPLICIT` of a primitive type. */
export function derContextPrimitive(number: number, content: Uint8Array): Uint8Array {
  return derElement(contextTag(number, "primitive"), content);
}

/** A number that is not negative, as big-endian bytes. */
export function derInteger(magnitude: Uint8Array): Uint8Array {
  const firstByte = magnitude.findIndex((byte) => byte !== 0);
  const minimal = firstByte === -1 ? Uint8Array.of(0) : magnitude.subarray(firstByte);
  return derElement(DerTag.integer, (minimal[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(), minimal);
}

export function derBoolean(value: boolean): Uint8Array {
  return derElement(DerTag.boolean, Uint8Array.of(value ? 0xff : 0x00));
}

export function derBitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  return derElement(DerTag.bitString, Uint8Array.of(unusedBits), bytes);
}

export function derOctetString(bytes: Uint8Array): Uint8Array {
  return derElement(DerTag.octetString, bytes);
}

export function derNull(): Uint8Array {
  return derElement(DerTag.null);
}

export function derUtf8String(text: string): Uint8Array {
  return derElement(DerTag.utf8String, Buffer.from(text, "utf8"));
}

/** `dotted` has at least two numbers, for example `2.5.29.17`. */
export function derObjectIdentifier(dotted: string): Uint8Array {
  const [root = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return derElement(DerTag.objectIdentifier, Uint8Array.from([root * 40 + second, ...rest].flatMap(encodeArc)));
}

/** UTCTime until 2049, GeneralizedTime from 2050 on; whole seconds. @see RFC 5280 §4.1.2.5 */
export function derTime(epochMs: number): Uint8Array {
  const generalized = `${new Date(epochMs).toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
  return generalized < "2050"
    ? derElement(DerTag.utcTime, Buffer.from(generalized.slice(2), "latin1"))
    : derElement(DerTag.generalizedTime, Buffer.from(generalized, "latin1"));
}

function encodeArc(arc: number): number[] {
  const bytes = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 | (rest % 128));
  return bytes;
}

function encodeLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.of(0x80 | bytes.length, ...bytes);
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DerError, DerReader, DerTag, decodeBitString, decodeTime } from "../../src/trust/der-reader.js";
import { derElement, derInteger, derObjectIdentifier, derSequence, derTime } from "../../src/trust/der-writer.js";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

describe("DerReader", () => {
  test.each([
    ["short length", "04 02 aabb", "aabb"],
    ["empty", "04 00", ""],
    ["long length", `04 81 80 ${"00".repeat(128)}`, "00".repeat(128)],
  ])("reads an OCTET STRING: %s", (_, encoded, content) => {
    const reader = new DerReader(bytes(encoded));
    expect(hex(reader.read(DerTag.octetString).content)).toBe(content);
    expect(reader.atEnd).toBe(true);
  });

  test.each([
    ["nothing", ""],
    ["no length", "04"],
    ["longer than its container", "04 03 aabb"],
    ["indefinite length (BER)", "04 80 aabb 0000"],
    ["a long length that would be short", "04 81 02 aabb"],
    ["a length with a leading zero", `04 82 0080 ${"00".repeat(128)}`],
    ["a length of five bytes", "04 85 0000000001 aa"],
    ["a length that is cut off", "04 82 01"],
    ["another tag", "05 00"],
    ["the constructed form (BER)", "24 04 04 02 aabb"],
  ])("refuses %s", (_, encoded) => {
    expect(() => new DerReader(bytes(encoded)).read(DerTag.octetString)).toThrow(DerError);
  });

  test("end() refuses what is left", () => {
    const reader = new DerReader(bytes("05 00 05 00"));
    reader.read(DerTag.null);
    expect(() => reader.end()).toThrow(DerError);
  });

  test("readAny() refuses high tag numbers", () => {
    expect(() => new DerReader(bytes("1f 81 00 00")).readAny()).toThrow(DerError);
  });

  test.each([
    ["02 01 00", 0],
    ["02 01 7f", 127],
    ["02 02 0080", 128],
    ["02 04 7fffffff", 2 ** 31 - 1],
  ])("reads the INTEGER %s", (encoded, value) => {
    expect(new DerReader(bytes(encoded)).readSmallInteger()).toBe(value);
  });

  test.each([
    ["empty", "02 00"],
    ["negative", "02 01 80"],
    ["padded", "02 02 007f"],
    ["padded negative", "02 02 ff80"],
    ["too large", "02 05 0080000000"],
  ])("refuses an INTEGER that is %s", (_, encoded) => {
    expect(() => new DerReader(bytes(encoded)).readSmallInteger()).toThrow(DerError);
  });

  test.each([
    ["06 03 551d11", "2.5.29.17"],
    ["06 09 2a864886f70d01010b", "1.2.840.113549.1.1.11"],
    ["06 03 2b6570", "1.3.101.112"],
    ["06 02 883703".replace("02", "03"), "2.999.3"],
  ])("reads the OBJECT IDENTIFIER %s", (encoded, dotted) => {
    expect(new DerReader(bytes(encoded)).readObjectIdentifier()).toBe(dotted);
    expect(hex(derObjectIdentifier(dotted))).toBe(encoded.replaceAll(" ", ""));
  });

  test.each([
    ["empty", "06 00"],
    ["cut off", "06 02 5581"],
    ["padded", "06 03 558011"],
    ["too large", "06 0a 55 ffffffffffffffff7f"],
  ])("refuses an OBJECT IDENTIFIER that is %s", (_, encoded) => {
    expect(() => new DerReader(bytes(encoded)).readObjectIdentifier()).toThrow(DerError);
  });

  test.each(["", "08 00", "01 81", "07"])("refuses the BIT STRING %s", (content) => {
    expect(() => decodeBitString(bytes(content))).toThrow(DerError);
  });

  test("reads a BIT STRING", () => {
    expect(decodeBitString(bytes("05 a0"))).toEqual({ bytes: bytes("a0"), unusedBits: 5 });
  });
});

describe("times", () => {
  const time = (tag: number, text: string) => decodeTime(new DerReader(derElement(tag, Buffer.from(text))).readAny());

  // RFC 5280 §4.1.2.5.1: two-digit years from 50 on are 19xx.
  test.each([
    [DerTag.utcTime, "260601123456Z", Date.UTC(2026, 5, 1, 12, 34, 56)],
    [DerTag.utcTime, "491231235959Z", Date.UTC(2049, 11, 31, 23, 59, 59)],
    [DerTag.utcTime, "500101000000Z", Date.UTC(1950, 0, 1)],
    [DerTag.generalizedTime, "20500101000000Z", Date.UTC(2050, 0, 1)],
    [DerTag.generalizedTime, "20240229000000Z", Date.UTC(2024, 1, 29)],
  ])("reads %i %s", (tag, text, epochMs) => {
    expect(time(tag, text)).toBe(epochMs);
  });

  test.each([
    [DerTag.utcTime, "2606011234Z"],
    [DerTag.utcTime, "260601123456+0900"],
    [DerTag.utcTime, "20260601123456Z"],
    [DerTag.generalizedTime, "260601123456Z"],
    [DerTag.generalizedTime, "20260601123456.5Z"],
    [DerTag.utcTime, "261301000000Z"],
    [DerTag.utcTime, "260600000000Z"],
    [DerTag.utcTime, "260229000000Z"],
    [DerTag.utcTime, "260601240000Z"],
    [DerTag.utcTime, "260601006000Z"],
    [DerTag.octetString, "260601123456Z"],
  ])("refuses %i %s", (tag, text) => {
    expect(() => time(tag, text)).toThrow(DerError);
  });

  test.each([
    [Date.UTC(2049, 11, 31, 23, 59, 59, 999), "170d3439313233313233353935395a"],
    [Date.UTC(2050, 0, 1), "180f32303530303130313030303030305a"],
  ])("writes %i as RFC 5280 §4.1.2.5 asks", (epochMs, encoded) => {
    expect(hex(derTime(epochMs))).toBe(encoded);
  });
});

describe("what is written is read back", () => {
  test("nested sequences of any size", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (contents) => {
        const encoded = derSequence(...contents.map((content) => derElement(DerTag.octetString, content)));
        const sequence = new DerReader(encoded).readSequence();
        expect(contents.map(() => hex(sequence.read(DerTag.octetString).content))).toEqual(contents.map(hex));
        sequence.end();
      }),
    );
  });

  test("numbers, object identifiers and times", () => {
    const arc = fc.nat({ max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(arc, fc.array(arc, { maxLength: 8 }), fc.integer({ min: 0, max: 9_999 }), (number, arcs, day) => {
        const magnitude = Buffer.alloc(8);
        magnitude.writeBigUInt64BE(BigInt(number));
        expect(new DerReader(derInteger(magnitude)).readSmallInteger()).toBe(number);
        const dotted = ["2.5", ...arcs].join(".");
        expect(new DerReader(derObjectIdentifier(dotted)).readObjectIdentifier()).toBe(dotted);
        const epochMs = day * 86_400_000 + 1000;
        expect(decodeTime(new DerReader(derTime(epochMs)).readAny())).toBe(epochMs);
      }),
    );
  });
});

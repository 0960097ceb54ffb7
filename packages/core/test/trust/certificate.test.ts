import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { parseCertificate } from "../../src/trust/certificate.js";
import { contextTag, DerTag } from "../../src/trust/der-reader.js";
import {
  derBitString,
  derBoolean,
  derContext,
  derContextPrimitive,
  derElement,
  derInteger,
  derNull,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derTime,
} from "../../src/trust/der-writer.js";
import { encodeOrganization } from "../../src/trust/distinguished-name.js";

const { publicKey } = generateKeyPairSync("ed25519");
const ED25519 = derSequence(derObjectIdentifier("1.3.101.112"));
const number = (value: number) => derInteger(Uint8Array.of(value));
const ascii = (text: string) => Buffer.from(text, "latin1");

/** Each part may be replaced by another, or left out with an empty one. Nobody checks the signature here. */
const wellFormed = {
  version: derContext(0, number(2)),
  serialNumber: number(1),
  innerAlgorithm: ED25519,
  issuer: encodeOrganization("issuer"),
  validity: derSequence(derTime(0), derTime(1_000)),
  subject: encodeOrganization("subject"),
  publicKey: publicKey.export({ type: "spki", format: "der" }) as Uint8Array,
  extensions: extensions(extension("2.5.29.19", derSequence(derBoolean(true), number(3)))),
  afterExtensions: new Uint8Array(),
  outerAlgorithm: ED25519,
  signature: derBitString(new Uint8Array(64)),
  afterSignature: new Uint8Array(),
};

function certificate(changes: Partial<Record<keyof typeof wellFormed, Uint8Array>> = {}): Uint8Array {
  const { outerAlgorithm, signature, afterSignature, ...tbs } = { ...wellFormed, ...changes };
  return derSequence(derSequence(...Object.values(tbs)), outerAlgorithm, signature, afterSignature);
}

function extensions(...all: readonly Uint8Array[]): Uint8Array {
  return derContext(3, derSequence(...all));
}

function extension(oid: string, value: Uint8Array, critical: Uint8Array = new Uint8Array()): Uint8Array {
  return derSequence(derObjectIdentifier(oid), critical, derOctetString(value));
}

const san = (...names: readonly Uint8Array[]) => extensions(extension("2.5.29.17", derSequence(...names)));
const constraints = (...subtrees: readonly Uint8Array[]) =>
  extensions(extension("2.5.29.30", derSequence(...subtrees)));
const subtree = (...parts: readonly Uint8Array[]) => derContext(0, derSequence(...parts));

describe("parseCertificate", () => {
  test("reads what is well formed", () => {
    expect(parseCertificate(certificate(), "path")).toMatchObject({
      ok: true,
      value: { isCa: true, pathLength: 3, serialNumber: "01", notBefore: 0, notAfter: 1_000, subjectAltNames: [] },
    });
  });

  test("version 1 has no extensions and is no certificate authority", () => {
    const parsed = parseCertificate(certificate({ version: new Uint8Array(), extensions: new Uint8Array() }), "path");
    expect(parsed).toMatchObject({ ok: true, value: { isCa: false, keyUsage: undefined } });
  });

  test("an explicit FALSE, which DER would leave out, is common and harmless", () => {
    const explicit = extensions(extension("2.5.29.19", derSequence(derBoolean(false)), derBoolean(false)));
    expect(parseCertificate(certificate({ extensions: explicit }), "path")).toMatchObject({ value: { isCa: false } });
  });

  test("names of all forms", () => {
    const names = san(
      derContextPrimitive(6, ascii("spiffe://a/b")),
      derContextPrimitive(2, ascii("a.example")),
      derContextPrimitive(1, ascii("a@example")),
      derContextPrimitive(7, Uint8Array.of(127, 0, 0, 1)),
      derContext(4, encodeOrganization("x")),
      derContextPrimitive(8, Uint8Array.of(0x2a)),
    );
    expect(parseCertificate(certificate({ extensions: names }), "path")).toMatchObject({
      value: {
        subjectAltNames: [
          { type: "uri", value: "spiffe://a/b" },
          { type: "dns", value: "a.example" },
          { type: "email", value: "a@example" },
          { type: "ip", value: Buffer.of(127, 0, 0, 1) },
          { type: "directory", value: [expect.anything()] },
          { type: "other", tag: 0x88 },
        ],
      },
    });
  });

  test("the bits of the key usage, whatever their number", () => {
    const usage = (...bytes: number[]) =>
      extensions(extension("2.5.29.15", derBitString(Uint8Array.from(bytes), bytes.length === 2 ? 7 : 0)));
    const read = (encoded: Uint8Array) => {
      const parsed = parseCertificate(certificate({ extensions: encoded }), "path");
      return parsed.ok ? [...(parsed.value.keyUsage ?? [])] : parsed.violations;
    };
    expect(read(usage(0xa0))).toEqual(["digitalSignature", "keyEncipherment"]);
    expect(read(usage(0x06))).toEqual(["keyCertSign", "cRLSign"]);
    expect(read(usage(0x00, 0x80))).toEqual(["decipherOnly"]);
  });

  const basic = extension("2.5.29.19", derSequence());
  test.each<[string, Uint8Array, string]>([
    ["something after it", Buffer.concat([certificate(), Uint8Array.of(0)]), "after the last element"],
    ["something after the signature", certificate({ afterSignature: derNull() }), "after the last element"],
    ["something after the extensions", certificate({ afterExtensions: derNull() }), "after the last element"],
    ["a version that does not exist", certificate({ version: derContext(0, number(3)) }), "version 4"],
    ["extensions in version 1", certificate({ version: new Uint8Array() }), "not version 3"],
    [
      "a negative serial number",
      certificate({ serialNumber: derElement(DerTag.integer, Uint8Array.of(0x80)) }),
      "negative",
    ],
    [
      "a serial number of 21 bytes",
      certificate({ serialNumber: derInteger(new Uint8Array(21).fill(1)) }),
      "longer than 20",
    ],
    [
      "two signature algorithms",
      certificate({ innerAlgorithm: derSequence(derObjectIdentifier("1.2.3")) }),
      "given twice",
    ],
    ["an empty issuer", certificate({ issuer: derSequence() }), "issuer is empty"],
    ["an issuer that is no name", certificate({ issuer: derSequence(derNull()) }), "tag 0x31 expected"],
    ["an empty set in the subject", certificate({ subject: derSequence(derElement(DerTag.set)) }), "tag 0x30 expected"],
    [
      "a signature of seven bits",
      certificate({ signature: derBitString(Uint8Array.of(0x80), 1) }),
      "whole number of bytes",
    ],
    ["no extension in the list", certificate({ extensions: derContext(3, derSequence()) }), "empty list"],
    ["an extension twice", certificate({ extensions: extensions(basic, basic) }), "2.5.29.19 occurs twice"],
    [
      "more in an extension than its value",
      certificate({ extensions: extensions(extension("2.5.29.19", Buffer.concat([derSequence(), derNull()]))) }),
      "after the last element",
    ],
    [
      "TRUE that is not 0xff",
      certificate({
        extensions: extensions(extension("2.5.29.19", derSequence(derElement(DerTag.boolean, Uint8Array.of(1))))),
      }),
      "BOOLEAN",
    ],
    [
      "a path length without a CA",
      certificate({ extensions: extensions(extension("2.5.29.19", derSequence(number(1)))) }),
      "not a CA",
    ],
    ["no alternative name in the list", certificate({ extensions: san() }), "empty subject alternative name"],
    [
      "a NUL in a name",
      certificate({ extensions: san(derContextPrimitive(6, ascii("spiffe://a\0.b/c"))) }),
      "printable ASCII",
    ],
    [
      "a line break in a name",
      certificate({ extensions: san(derContextPrimitive(2, ascii("a\nb"))) }),
      "printable ASCII",
    ],
    [
      "a byte above ASCII in a name",
      certificate({ extensions: san(derContextPrimitive(2, ascii("\u00e9"))) }),
      "printable ASCII",
    ],
    [
      "257 names",
      certificate({ extensions: san(...Array.from({ length: 257 }, () => derContextPrimitive(2, ascii("a")))) }),
      "more than 256",
    ],
    ["empty name constraints", certificate({ extensions: constraints() }), "empty name constraints"],
    [
      "a minimum in a name constraint",
      certificate({
        extensions: constraints(
          subtree(derContextPrimitive(2, ascii("a")), derElement(contextTag(0, "primitive"), Uint8Array.of(0))),
        ),
      }),
      "after the last element",
    ],
    [
      "no purpose in the extended key usage",
      certificate({ extensions: extensions(extension("2.5.29.37", derSequence())) }),
      "empty extended key usage",
    ],
    [
      "a key that is none",
      certificate({ publicKey: derSequence(ED25519, derBitString(new Uint8Array(31))) }),
      "public key",
    ],
  ])("refuses %s", (_, der, message) => {
    expect(parseCertificate(der, "path")).toEqual({
      ok: false,
      violations: [{ path: "path", reason: "Invalid", message: expect.stringContaining(message) }],
    });
  });
});

import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sha256Hex } from "../../src/naming/sha256.js";

describe("sha256Hex", () => {
  // NIST, "Examples with Intermediate Values", SHA-256, and the long message of FIPS 180-2 appendix B.3
  test.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
    [
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
    ],
    ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
  ])("NIST vector %#", (message, digest) => {
    expect(sha256Hex(message)).toBe(digest);
  });

  test("agrees with OpenSSL for every length around the block boundaries", () => {
    for (let length = 0; length <= 130; length++) {
      const message = "x".repeat(length);
      expect(sha256Hex(message)).toBe(createHash("sha256").update(message).digest("hex"));
    }
  });

  test("agrees with OpenSSL on any text as UTF-8, lone surrogates included", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (message) => {
        expect(sha256Hex(message)).toBe(createHash("sha256").update(message, "utf8").digest("hex"));
      }),
    );
    expect(sha256Hex("\ud800x")).toBe(createHash("sha256").update("\ufffdx", "utf8").digest("hex"));
  });
});

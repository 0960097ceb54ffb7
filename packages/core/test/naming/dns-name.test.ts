import { isDnsLabel, isDnsSubdomain } from "@meshfed/core";
import { describe, expect, test } from "vitest";

const label63 = "a".repeat(63);

describe("isDnsLabel (RFC 1123 §2.1)", () => {
  test.each(["a", "0", "ratings", "red-mesh-info", "a--b", "9080", label63])("%s is one", (text) => {
    expect(isDnsLabel(text)).toBe(true);
  });
  test.each(["", "-a", "a-", "A", "a.b", "a_b", "*", "rat*", "ä", "a b", "a\n", `${label63}a`])(
    "%j is none",
    (text) => {
      expect(isDnsLabel(text)).toBe(false);
    },
  );
});

describe("isDnsSubdomain (RFC 1123 §2.1)", () => {
  const name253 = `${label63}.${label63}.${label63}.${"a".repeat(61)}`;
  test.each(["local", "cluster.local", "svc.red-mesh-imports.local", "10.0.0.1", name253])("%s is one", (text) => {
    expect(isDnsSubdomain(text)).toBe(true);
  });
  test.each([
    "",
    ".",
    ".local",
    "local.",
    "a..b",
    "*.local",
    "A.local",
    "a_.local",
    `${label63}a.local`,
    `${name253}a`,
  ])("%j is none", (text) => {
    expect(isDnsSubdomain(text)).toBe(false);
  });
});

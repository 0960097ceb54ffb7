import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseLabelSelector } from "../../src/api/rest/label-selector.js";

function selects(selector: string, labels: Readonly<Record<string, string>>): boolean {
  const parsed = parseLabelSelector(selector);
  if (!parsed.ok) throw new Error(`"${selector}" is not a selector`);
  return parsed.value(labels);
}

describe("matches as Kubernetes does", () => {
  // Selector, labels, whether it selects.
  const rows: readonly (readonly [string, Readonly<Record<string, string>>, boolean])[] = [
    ["", {}, true],
    ["  ", { a: "b" }, true],
    ["tier", { tier: "" }, true],
    ["tier", {}, false],
    ["!tier", {}, true],
    ["! tier", {}, true],
    ["!tier", { tier: "gold" }, false],
    ["tier=gold", { tier: "gold" }, true],
    ["tier==gold", { tier: "gold" }, true],
    [" tier = gold ", { tier: "gold" }, true],
    ["tier=gold", { tier: "silver" }, false],
    ["tier=gold", {}, false],
    ["tier=", { tier: "" }, true],
    ["tier=", {}, false],
    ["tier=,zone=a", { tier: "", zone: "a" }, true],
    ["tier!=gold", { tier: "silver" }, true],
    ["tier!=gold", {}, true],
    ["tier!=gold", { tier: "gold" }, false],
    ["tier in (gold,silver)", { tier: "silver" }, true],
    ["tier in ( gold , silver )", { tier: "gold" }, true],
    ["tier in (gold)", {}, false],
    ["tier in (,gold)", { tier: "" }, true],
    ["tier in ()", { tier: "" }, true],
    ["tier in ()", {}, false],
    ["tier notin (gold)", { tier: "silver" }, true],
    ["tier notin (gold)", {}, true],
    ["tier notin (gold)", { tier: "gold" }, false],
    ["generation>3", { generation: "4" }, true],
    ["generation>3", { generation: "3" }, false],
    ["generation<3", { generation: "-5" }, true],
    ["generation>3", { generation: "many" }, false],
    ["generation>3", {}, false],
    ["app.kubernetes.io/name=x,!canary,zone in (a,b)", { "app.kubernetes.io/name": "x", zone: "b" }, true],
    ["app.kubernetes.io/name=x,!canary", { "app.kubernetes.io/name": "x", canary: "" }, false],
    ["in=x", { in: "x" }, true],
    ["constructor", {}, false],
    ["toString!=x", {}, true],
  ];
  it.each(rows)("%j on %j: %j", (selector, labels, expected) => {
    expect(selects(selector, labels)).toBe(expected);
  });
});

it.each([
  ",",
  "a,",
  ",a",
  "a,,b",
  "=a",
  "!",
  "!a=b",
  "a=b=c",
  "a b",
  "a in",
  "a in b",
  "a in (b",
  "a in b)",
  "a in (b c)",
  "a in (b),",
  "a notin",
  "a>b",
  "a>",
  "a=-b",
  "a=b c",
  "-a",
  "a/b/c",
  "/a",
  "UPPER/a",
  `${"a".repeat(64)}`,
  `a=${"b".repeat(64)}`,
  "a=ä",
  "a(b)",
])("refuses %j", (selector) => {
  const parsed = parseLabelSelector(selector);
  expect(parsed).toMatchObject({ ok: false, violations: [{ path: "labelSelector", reason: "Invalid" }] });
});

it("never throws, and never takes long, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."ab=!<>(), in/-."), maxLength: 200 }), (text) => {
      const parsed = parseLabelSelector(text);
      if (parsed.ok) parsed.value({ a: "b" });
    }),
  );
});

it("selects by equality exactly what has the value", () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
  fc.assert(
    fc.property(word, word, fc.dictionary(word, word), (key, value, labels) => {
      const has = Object.hasOwn(labels, key) && labels[key] === value;
      expect(selects(`${key}=${value}`, labels)).toBe(has);
      expect(selects(`${key}!=${value}`, labels)).toBe(!has);
      expect(selects(`${key} in (${value},other)`, labels)).toBe(has || labels[key] === "other");
    }),
  );
});

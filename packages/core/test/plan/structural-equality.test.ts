import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isStructurallyEqual } from "../../src/plan/structural-equality.js";

describe("isStructurallyEqual", () => {
  it.each<[string, unknown, unknown]>([
    ["equal scalars", "a", "a"],
    ["equal bigints", 7914895767660692945n, 7914895767660692945n],
    ["NaN with itself", Number.NaN, Number.NaN],
    ["empty lists", [], []],
    ["records whose properties come in another order", { a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 }],
    ["an undefined property and none", { a: 1, b: undefined }, { a: 1 }],
    ["none and an undefined property", { a: 1 }, { a: 1, b: undefined }],
  ])("holds for %s", (_, a, b) => {
    expect(isStructurallyEqual(a, b)).toBe(true);
  });

  it.each<[string, unknown, unknown]>([
    ["other scalars", "a", "b"],
    ["a number and its text", 1, "1"],
    ["a number and a bigint", 1, 1n],
    ["null and undefined", null, undefined],
    ["null and an empty record", null, {}],
    ["a list and a record with the same keys", ["a"], { 0: "a" }],
    ["lists in another order", [1, 2], [2, 1]],
    ["a list and its beginning", [1, 2], [1]],
    ["a field only in the first", { a: 1, b: 2 }, { a: 1 }],
    ["a field only in the second", { a: 1 }, { a: 1, b: 2 }],
    ["a difference far down", { a: [{ b: { c: 1 } }] }, { a: [{ b: { c: 2 } }] }],
    ["null and no field", { a: null }, {}],
    ["an own field and one of the prototype", {}, { toString: Object.prototype.toString }],
  ])("fails for %s", (_, a, b) => {
    expect(isStructurallyEqual(a, b)).toBe(false);
    expect(isStructurallyEqual(b, a)).toBe(false);
  });

  it("is reflexive over copies and sees every change of one field", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.nat(), (record, choice) => {
        const copy: typeof record = structuredClone(record);
        expect(isStructurallyEqual(record, copy)).toBe(true);
        const key = Object.keys(copy)[choice % Object.keys(copy).length] ?? "";
        const changed = { ...copy, [key]: { was: copy[key] } };
        expect(isStructurallyEqual(record, changed)).toBe(false);
        expect(isStructurallyEqual(changed, record)).toBe(false);
      }),
    );
  });
});

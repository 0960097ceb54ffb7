import { compileLabelSelector, formatLabelRequirement, type LabelSelector, matchesLabels } from "@meshfed/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  impliesRequirement,
  impliesRequirements,
  type LabelOperator,
  type LabelRequirement,
  meetsRequirement,
  unmetRequirements,
} from "../../src/rules/label-requirement.js";

const PATH = "spec.exportRules[0].labelSelector.selector";

function compiled(selector: LabelSelector | undefined): readonly LabelRequirement[] {
  const result = compileLabelSelector(selector, PATH);
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return result.value;
}

const expression = (key: string, operator: string, values?: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }],
});

describe("what a selector matches (reference §1.2, Kubernetes label selectors)", () => {
  const rows: [string, LabelSelector | undefined, Record<string, string>, boolean][] = [
    ["no selector", undefined, {}, true],
    ["an empty selector", {}, { a: "1" }, true],
    ["empty lists", { matchLabels: {}, matchExpressions: [] }, {}, true],
    ["an equal label", { matchLabels: { a: "1" } }, { a: "1", b: "2" }, true],
    ["another value", { matchLabels: { a: "1" } }, { a: "2" }, false],
    ["another case", { matchLabels: { a: "x" } }, { a: "X" }, false],
    ["an absent label", { matchLabels: { a: "1" } }, {}, false],
    ["the empty value", { matchLabels: { a: "" } }, { a: "" }, true],
    ["the empty value is not absence", { matchLabels: { a: "" } }, {}, false],
    ["all labels", { matchLabels: { a: "1", b: "2" } }, { a: "1", b: "2" }, true],
    ["one of two labels", { matchLabels: { a: "1", b: "2" } }, { a: "1" }, false],
    ["In, listed", expression("a", "In", ["1", "2"]), { a: "2" }, true],
    ["In, not listed", expression("a", "In", ["1", "2"]), { a: "3" }, false],
    ["In, absent", expression("a", "In", ["1"]), {}, false],
    ["NotIn, listed", expression("a", "NotIn", ["1", "2"]), { a: "2" }, false],
    ["NotIn, not listed", expression("a", "NotIn", ["1", "2"]), { a: "3" }, true],
    ["NotIn, absent", expression("a", "NotIn", ["1"]), {}, true],
    ["Exists, present", expression("a", "Exists"), { a: "" }, true],
    ["Exists, absent", expression("a", "Exists"), { b: "1" }, false],
    ["Exists with an empty list of values", expression("a", "Exists", []), { a: "1" }, true],
    ["DoesNotExist, absent", expression("a", "DoesNotExist"), { b: "1" }, true],
    ["DoesNotExist, present", expression("a", "DoesNotExist"), { a: "" }, false],
    ["a name that every object inherits", expression("constructor", "Exists"), {}, false],
    ["its absence", expression("toString", "DoesNotExist"), {}, true],
    ["a qualified key", { matchLabels: { "example.com/team": "x" } }, { "example.com/team": "x" }, true],
    [
      "labels and expressions together",
      { matchLabels: { a: "1" }, matchExpressions: [{ key: "b", operator: "Exists" }] },
      { a: "1" },
      false,
    ],
  ];
  test.each(rows)("%s", (_case, selector, labels, expected) => {
    const requirements = compiled(selector);
    expect(matchesLabels(requirements, labels)).toBe(expected);
    expect(unmetRequirements(requirements, labels).length === 0).toBe(expected);
  });
});

describe("what is wrong with a selector", () => {
  const long = "x".repeat(64);
  const rows: [string, LabelSelector, string, string][] = [
    ["an unknown operator", expression("a", "Equals", ["1"]), "matchExpressions[0].operator", "Unsupported"],
    ["an operator in another case", expression("a", "in", ["1"]), "matchExpressions[0].operator", "Unsupported"],
    ["In without values", expression("a", "In"), "matchExpressions[0].values", "Required"],
    ["In with no value", expression("a", "In", []), "matchExpressions[0].values", "Required"],
    ["NotIn without values", expression("a", "NotIn"), "matchExpressions[0].values", "Required"],
    ["Exists with values", expression("a", "Exists", ["1"]), "matchExpressions[0].values", "Forbidden"],
    ["DoesNotExist with values", expression("a", "DoesNotExist", ["1"]), "matchExpressions[0].values", "Forbidden"],
    ["a key with a space", expression("a b", "Exists"), "matchExpressions[0]", "Invalid"],
    ["an empty prefix", expression("/a", "Exists"), "matchExpressions[0]", "Invalid"],
    ["two slashes", expression("a/b/c", "Exists"), "matchExpressions[0]", "Invalid"],
    ["a prefix in upper case", expression("Example.com/a", "Exists"), "matchExpressions[0]", "Invalid"],
    ["a long key", expression(long, "Exists"), "matchExpressions[0]", "Invalid"],
    ["a value with a wildcard", expression("a", "In", ["v*"]), "matchExpressions[0]", "Invalid"],
    ["a long value", { matchLabels: { a: long } }, 'matchLabels["a"]', "Invalid"],
    ["a key that ends in -", { matchLabels: { "a-": "1" } }, 'matchLabels["a-"]', "Invalid"],
  ];
  test.each(rows)("%s", (_case, selector, path, reason) => {
    const result = compileLabelSelector(selector, PATH);
    expect(result).toMatchObject({ ok: false, violations: [{ path: `${PATH}.${path}`, reason }] });
  });

  test("all of it at once", () => {
    const result = compileLabelSelector(
      {
        matchLabels: { "-": "1" },
        matchExpressions: [
          { key: "a", operator: "In" },
          { key: "b", operator: "Near" },
        ],
      },
      PATH,
    );
    expect(result.ok ? [] : result.violations.map(({ path }) => path)).toEqual([
      `${PATH}.matchLabels["-"]`,
      `${PATH}.matchExpressions[0].values`,
      `${PATH}.matchExpressions[1].operator`,
    ]);
  });
});

test.each([
  [expression("a", "In", ["2", "1"]), "a in (1,2)"],
  [expression("a", "NotIn", ["1"]), "a notin (1)"],
  [expression("a", "Exists"), "a"],
  [expression("a", "DoesNotExist"), "!a"],
])("formatLabelRequirement %#", (selector, text) => {
  expect(compiled(selector).map(formatLabelRequirement)).toEqual([text]);
});

describe("implication", () => {
  const requirement: fc.Arbitrary<LabelRequirement> = fc
    .record({
      key: fc.constantFrom("a", "b"),
      operator: fc.constantFrom<LabelOperator>("In", "NotIn", "Exists", "DoesNotExist"),
      values: fc.uniqueArray(fc.constantFrom("1", "2", "3"), { minLength: 1 }),
    })
    .map(({ key, operator, values }) => ({
      key,
      operator,
      values: new Set(operator === "In" || operator === "NotIn" ? values : []),
    }));
  /** Every object that two keys and one value more than the requirements know can tell apart. */
  const values = [undefined, "1", "2", "3", "4"];
  const objects = values.flatMap((a) =>
    values.map((b) => ({ ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }) })),
  );

  test("of one requirement is exactly inclusion of what they match", () => {
    fc.assert(
      fc.property(requirement, requirement, (given, wanted) => {
        const included = objects
          .filter((labels) => meetsRequirement(given, labels))
          .every((labels) => meetsRequirement(wanted, labels));
        expect(impliesRequirement(given, wanted)).toBe(included);
      }),
      { numRuns: 500 },
    );
  });

  test("of several is never claimed when an object contradicts it", () => {
    const requirements = fc.array(requirement, { maxLength: 3 });
    fc.assert(
      fc.property(requirements, requirements, (given, wanted) => {
        const contradicted = objects.some((labels) => matchesLabels(given, labels) && !matchesLabels(wanted, labels));
        expect(impliesRequirements(given, wanted) && contradicted).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

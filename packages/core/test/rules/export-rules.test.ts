import { compileExportRules, type ExportRule, type ExportRules } from "@meshfed/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { naiveExportMatch } from "./naive-match.js";
import { CONTROL_PLANE, exportRule, service } from "./rule-arbitraries.js";

const compile = (rules: readonly ExportRule[], controlPlaneNamespace = "red-mesh-system"): ExportRules =>
  compileExportRules(rules, { controlPlaneNamespace });

type Selector = NonNullable<ExportRule["nameSelector"]>;
const byName = (selector: Selector): ExportRule => ({ type: "NameSelector", nameSelector: selector });
const byLabel = (selector: NonNullable<ExportRule["labelSelector"]>): ExportRule => ({
  type: "LabelSelector",
  labelSelector: selector,
});
/** `ns/name -> ns/name`, as reference §3.4 writes it. */
function named(text: string): ExportRule {
  const [pattern = "", alias] = text.split(" -> ").map((parts) => {
    const [namespace = "", name = ""] = parts.split("/");
    return { namespace, name };
  });
  return byName(alias === undefined ? { ...(pattern as Selector) } : { ...(pattern as Selector), alias });
}

/** The exported `namespace/name` of a service given as `namespace/name`. */
function exported(rules: ExportRules, identity: string, labels: Record<string, string> = {}): string | undefined {
  const [namespace = "", name = ""] = identity.split("/");
  const match = rules.match({ name, namespace, labels });
  return match && `${match.exportedNamespace}/${match.exportedName}`;
}

describe("names and aliases (reference §3.1, §3.4)", () => {
  const rows: [string, string, string | undefined][] = [
    ["*/foo -> */bar", "ns1/foo", "ns1/bar"],
    ["*/foo -> bar/bar", "any/foo", "bar/bar"],
    ["foo/* -> bar/*", "foo/x", "bar/x"],
    ["*/* -> bar/*", "a/x", "bar/x"],
    ["*/* -> */*", "a/x", "a/x"],
    ["red-mesh-info/red-ratings -> info/ratings", "red-mesh-info/red-ratings", "info/ratings"],
    ["*/* -> info/", "red-mesh-info/x", "info/x"],
    ["/ -> /", "a/x", "a/x"],
    ["a/x", "a/x", "a/x"],
    ["a/", "a/x", "a/x"],
    ["*/ratings", "west/ratings", "west/ratings"],
    ["*/ratings", "west/reviews", undefined],
    ["west-data-center/*", "west-data-center/x", "west-data-center/x"],
    ["west-data-center/*", "east-data-center/x", undefined],
    ["a/x", "a/y", undefined],
    ["a/x", "b/x", undefined],
    ["a/x", "A/x", undefined],
    ["a/x", "a/X", undefined],
  ];
  test.each(rows)("%s takes %s to %s", (rule, identity, expected) => {
    expect(exported(compile([named(rule)]), identity)).toBe(expected);
  });

  test("an empty nameSelector matches every service", () => {
    expect(exported(compile([byName({})]), "a/x")).toBe("a/x");
  });

  test("no rules export nothing", () => {
    expect(exported(compile([]), "a/x")).toBeUndefined();
    expect(
      compileExportRules(undefined, { controlPlaneNamespace: "c" }).match({ name: "x", namespace: "a", labels: {} }),
    ).toBeUndefined();
  });

  test("the first rule that matches decides, of whatever kind", () => {
    const rules = compile([
      named("a/x -> one/*"),
      byLabel({ namespace: "a", selector: { matchLabels: { app: "y" } }, aliases: [{ alias: { namespace: "two" } }] }),
      named("*/y -> three/*"),
      named("a/* -> four/*"),
      byLabel({ selector: { matchLabels: { app: "z" } }, aliases: [{ alias: { namespace: "five" } }] }),
      named("*/* -> six/*"),
    ]);
    expect(exported(rules, "a/x", { app: "y" })).toBe("one/x");
    expect(exported(rules, "a/y", { app: "y" })).toBe("two/y");
    expect(exported(rules, "b/y", { app: "z" })).toBe("three/y");
    expect(exported(rules, "a/z", { app: "z" })).toBe("four/z");
    expect(exported(rules, "b/z", { app: "z" })).toBe("five/z");
    expect(exported(rules, "b/z")).toBe("six/z");
  });
});

describe("label selectors (reference §3.2 rows 5 and 6)", () => {
  const selector = { matchLabels: { "export-service": "true" } };

  test("the seed's example: every service with the label, as if in the namespace info", () => {
    const rules = compile([
      byName({ namespace: "red-mesh-info", name: "red-ratings", alias: { namespace: "info", name: "ratings" } }),
      byLabel({
        namespace: "red-mesh-info",
        selector,
        aliases: [{ namespace: "*", name: "*", alias: { namespace: "info" } }],
      }),
    ]);
    expect(exported(rules, "red-mesh-info/red-ratings", { "export-service": "true" })).toBe("info/ratings");
    expect(exported(rules, "red-mesh-info/x", { "export-service": "true" })).toBe("info/x");
    expect(exported(rules, "red-mesh-info/x", { "export-service": "false" })).toBeUndefined();
    expect(exported(rules, "blue-mesh-info/x", { "export-service": "true" })).toBeUndefined();
  });

  test("without a selector every service of the namespace matches", () => {
    expect(exported(compile([byLabel({ namespace: "a" })]), "a/x")).toBe("a/x");
    expect(exported(compile([byLabel({ namespace: "a" })]), "b/x")).toBeUndefined();
    expect(exported(compile([byLabel({})]), "b/x")).toBe("b/x");
  });

  test("aliases match the local name; the first that fits decides, even when it keeps the name", () => {
    const rules = compile([
      byLabel({
        aliases: [
          { name: "x", alias: { name: "first" } },
          { namespace: "b", name: "y" },
          { name: "first", alias: { name: "never" } },
          { name: "y", alias: { namespace: "renamed", name: "*" } },
        ],
      }),
    ]);
    expect(exported(rules, "a/x")).toBe("a/first");
    expect(exported(rules, "b/y")).toBe("b/y");
    expect(exported(rules, "a/y")).toBe("renamed/y");
    expect(exported(rules, "a/z")).toBe("a/z");
  });

  test("only the selector that type names is used", () => {
    const both = { nameSelector: { name: "x" }, labelSelector: { namespace: "b" } };
    expect(exported(compile([{ type: "NameSelector", ...both }]), "b/y")).toBeUndefined();
    expect(exported(compile([{ type: "LabelSelector", ...both }]), "b/y")).toBe("b/y");
  });
});

describe("invalid rules", () => {
  const path = "spec.exportRules[1]";
  const rows: [string, ExportRule, string, string][] = [
    ["an unknown type", { type: "Regex", nameSelector: {} }, `${path}.type`, "Unsupported"],
    ["a type in another case", { type: "nameSelector", nameSelector: {} }, `${path}.type`, "Unsupported"],
    ["an empty type", { type: "" }, `${path}.type`, "Unsupported"],
    ["no nameSelector", { type: "NameSelector" }, `${path}.nameSelector`, "Required"],
    ["only the other selector", { type: "NameSelector", labelSelector: {} }, `${path}.nameSelector`, "Required"],
    ["no labelSelector", { type: "LabelSelector", nameSelector: {} }, `${path}.labelSelector`, "Required"],
    ["a pattern inside a name", byName({ name: "rat*" }), `${path}.nameSelector.name`, "Invalid"],
    ["a namespace in upper case", byName({ namespace: "Info" }), `${path}.nameSelector.namespace`, "Invalid"],
    ["a host as name", byName({ name: "ratings.info" }), `${path}.nameSelector.name`, "Invalid"],
    ["an alias with a dot", byName({ alias: { name: "a.b" } }), `${path}.nameSelector.alias.name`, "Invalid"],
    [
      "an alias of 64 characters",
      byName({ alias: { namespace: "a".repeat(64) } }),
      `${path}.nameSelector.alias.namespace`,
      "Invalid",
    ],
    [
      "an alias in a list",
      byLabel({ aliases: [{}, { alias: { name: "_" } }] }),
      `${path}.labelSelector.aliases[1].alias.name`,
      "Invalid",
    ],
    [
      "a pattern in a list of aliases",
      byLabel({ aliases: [{ name: "x?" }] }),
      `${path}.labelSelector.aliases[0].name`,
      "Invalid",
    ],
    ["a namespace with a space", byLabel({ namespace: "a b" }), `${path}.labelSelector.namespace`, "Invalid"],
    [
      "a wrong selector",
      byLabel({ selector: { matchExpressions: [{ key: "a", operator: "Near" }] } }),
      `${path}.labelSelector.selector.matchExpressions[0].operator`,
      "Unsupported",
    ],
    ["the whole control-plane namespace", named("red-mesh-system/*"), `${path}.nameSelector.name`, "Forbidden"],
    [
      "labels in the control-plane namespace",
      byLabel({ namespace: "red-mesh-system" }),
      `${path}.labelSelector.namespace`,
      "Forbidden",
    ],
  ];
  test.each(rows)("%s is reported with its index and disables no other rule", (_case, rule, where, reason) => {
    const rules = compile([named("a/x"), rule, named("b/*")]);
    expect(rules.invalid).toEqual([{ index: 1, violations: [{ path: where, reason, message: expect.any(String) }] }]);
    expect(exported(rules, "a/x")).toBe("a/x");
    expect(exported(rules, "b/x")).toBe("b/x");
    expect(exported(rules, "c/x")).toBeUndefined();
    expect(rules.shadowed).toEqual([]);
  });

  test("everything that is wrong with a rule is reported", () => {
    const rules = compile([byName({ namespace: "A", name: "b*", alias: { namespace: "-", name: "c." } })]);
    expect(rules.invalid[0]?.violations.map((violation) => violation.path)).toEqual([
      "spec.exportRules[0].nameSelector.namespace",
      "spec.exportRules[0].nameSelector.name",
      "spec.exportRules[0].nameSelector.alias.namespace",
      "spec.exportRules[0].nameSelector.alias.name",
    ]);
  });
});

describe("the control-plane namespace (against reference 10.32)", () => {
  const rules = compile([
    named("*/*"),
    byLabel({ selector: { matchLabels: { app: "p" } } }),
    named("red-mesh-system/p -> m/*"),
  ]);

  test("only a rule that names a Service exactly exports it, whatever stands before", () => {
    expect(exported(rules, "red-mesh-system/p", { app: "p" })).toBe("m/p");
    expect(exported(rules, "red-mesh-system/istiod", { app: "p" })).toBeUndefined();
    expect(exported(rules, "a/p")).toBe("a/p");
  });

  test("such a rule is not shadowed by a broader one before it", () => {
    expect(rules.shadowed.map(({ index }) => index)).toEqual([1]);
  });

  test("namesExactly", () => {
    expect(rules.namesExactly({ namespace: "red-mesh-system", name: "p" })).toBe(true);
    expect(rules.namesExactly({ namespace: "red-mesh-system", name: "istiod" })).toBe(false);
    expect(rules.namesExactly({ namespace: "a", name: "p" })).toBe(false);
  });
});

describe("shadowed rules", () => {
  const app = (...values: string[]) => ({ matchExpressions: [{ key: "app", operator: "In", values }] });
  const rows: [string, ExportRule[], { index: number; by: number }[]][] = [
    ["a repeated name", [named("a/x"), named("a/x -> b/y")], [{ index: 1, by: 0 }]],
    ["a name in a whole namespace", [named("a/*"), named("a/x")], [{ index: 1, by: 0 }]],
    ["a name in any namespace", [named("*/x"), named("a/x")], [{ index: 1, by: 0 }]],
    [
      "anything after everything",
      [named("*/*"), named("a/*"), named("*/x")],
      [
        { index: 1, by: 0 },
        { index: 2, by: 0 },
      ],
    ],
    ["a broader rule later", [named("a/x"), named("a/*"), named("*/*")], []],
    ["neither includes the other", [named("a/*"), named("*/x")], []],
    ["another namespace", [named("a/*"), named("b/x")], []],
    ["the first of several", [named("*/x"), named("a/*"), named("a/x")], [{ index: 2, by: 0 }]],
    [
      "labels after the whole namespace",
      [named("a/*"), byLabel({ namespace: "a", selector: app("1") })],
      [{ index: 1, by: 0 }],
    ],
    ["names after labels", [byLabel({ namespace: "a", selector: app("1") }), named("a/x")], []],
    ["names after a label rule without selector", [byLabel({ namespace: "a" }), named("a/x")], [{ index: 1, by: 0 }]],
    ["the same labels", [byLabel({ selector: app("1") }), byLabel({ selector: app("1") })], [{ index: 1, by: 0 }]],
    ["fewer values", [byLabel({ selector: app("1", "2") }), byLabel({ selector: app("2") })], [{ index: 1, by: 0 }]],
    ["more values", [byLabel({ selector: app("1") }), byLabel({ selector: app("1", "2") })], []],
    [
      "labels of one namespace after those of all",
      [byLabel({ selector: app("1") }), byLabel({ namespace: "a", selector: app("1") })],
      [{ index: 1, by: 0 }],
    ],
    [
      "labels of all namespaces after those of one",
      [byLabel({ namespace: "a", selector: app("1") }), byLabel({ selector: app("1") })],
      [],
    ],
    [
      "a value after presence",
      [
        byLabel({ selector: { matchExpressions: [{ key: "app", operator: "Exists" }] } }),
        byLabel({ selector: app("1") }),
      ],
      [{ index: 1, by: 0 }],
    ],
    [
      "a value after exclusion of another",
      [
        byLabel({ selector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["2"] }] } }),
        byLabel({ selector: app("1") }),
      ],
      [{ index: 1, by: 0 }],
    ],
    ["an invalid rule shadows nothing", [byName({ name: "*", alias: { name: "." } }), named("a/x")], []],
    [
      "a shadowed rule shadows only through the first",
      [named("*/*"), named("a/*"), named("a/x")],
      [
        { index: 1, by: 0 },
        { index: 2, by: 0 },
      ],
    ],
  ];
  test.each(rows)("%s", (_case, rules, expected) => {
    expect(compile(rules).shadowed).toEqual(expected);
  });

  test("never match anything", () => {
    fc.assert(
      fc.property(fc.array(exportRule, { maxLength: 8 }), fc.array(service, { minLength: 1 }), (rules, services) => {
        const compiled = compile(rules, CONTROL_PLANE);
        const shadowed = new Set(compiled.shadowed.map(({ index }) => index));
        for (const candidate of services) expect(shadowed).not.toContain(compiled.match(candidate)?.index);
      }),
    );
  });
});

test("the indexed match is the first-match loop", () => {
  fc.assert(
    fc.property(
      fc.array(exportRule, { maxLength: 30 }),
      fc.array(service, { minLength: 1, maxLength: 20 }),
      (rules, services) => {
        const compiled = compile(rules, CONTROL_PLANE);
        const invalid = new Set(compiled.invalid.map(({ index }) => index));
        const onlyLeaks = compiled.invalid.every(({ violations }) =>
          violations.every((one) => one.reason === "Forbidden"),
        );
        expect(onlyLeaks).toBe(true);
        for (const candidate of services) {
          const expected = naiveExportMatch(rules, candidate, CONTROL_PLANE);
          expect(compiled.match(candidate)).toEqual(expected);
          expect(invalid).not.toContain(expected?.index);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

describe("near misses", () => {
  const candidate = { namespace: "info", name: "ratings", labels: { app: "ratings", tier: "2" } };
  const missing = "(the service has no such label)";
  const rows: [string, ExportRule, string | undefined][] = [
    [
      "another namespace",
      named("books/ratings"),
      'rule 0 matches the name "ratings", not the namespace: it selects "books"',
    ],
    ["another name", named("info/reviews"), 'rule 0 matches the namespace "info", not the name: it selects "reviews"'],
    ["another name in any namespace", named("*/reviews"), undefined],
    ["another whole namespace", named("books/*"), undefined],
    ["neither", named("books/reviews"), undefined],
    [
      "an absent label",
      byLabel({ namespace: "info", selector: { matchLabels: { app: "ratings", "export-service": "true" } } }),
      `rule 0 does not match the labels: it requires "export-service in (true)" ${missing}`,
    ],
    [
      "two other labels",
      byLabel({
        selector: { matchLabels: { tier: "1" }, matchExpressions: [{ key: "app", operator: "DoesNotExist" }] },
      }),
      'rule 0 does not match the labels: it requires "tier in (1)" (the service has "2"), "!app" (the service has "ratings")',
    ],
    [
      "labels in another namespace",
      byLabel({ namespace: "books", selector: { matchLabels: { app: "ratings" } } }),
      'rule 0 matches the labels, not the namespace: it selects "books"',
    ],
    [
      "other labels in another namespace",
      byLabel({ namespace: "books", selector: { matchLabels: { app: "x" } } }),
      undefined,
    ],
    [
      "an invalid alias",
      byName({ name: "ratings", alias: { name: "a.b" } }),
      'rule 0 would match but is invalid and skipped: spec.exportRules[0].nameSelector.alias.name: found "a.b", expected a DNS label, or "*" to keep the original',
    ],
    [
      "an unknown type",
      { type: "Names", nameSelector: { name: "ratings" } },
      'rule 0 would match but is invalid and skipped: spec.exportRules[0].type: found "Names", expected NameSelector or LabelSelector',
    ],
    [
      "an invalid selector",
      byLabel({ selector: { matchExpressions: [{ key: "app", operator: "Near" }] } }),
      'rule 0 might match but is invalid and skipped: spec.exportRules[0].labelSelector.selector.matchExpressions[0].operator: found "Near", expected In, NotIn, Exists, DoesNotExist',
    ],
    ["an invalid rule for another name", byName({ name: "reviews", alias: { name: "a.b" } }), undefined],
    [
      "an invalid rule with other labels",
      byLabel({ selector: { matchLabels: { app: "x" } }, aliases: [{ name: "." }] }),
      undefined,
    ],
    ["a rule without selector", { type: "NameSelector" }, undefined],
  ];
  test.each(rows)("%s", (_case, rule, expected) => {
    expect(
      compile([rule])
        .nearMisses(candidate)
        .map(({ message }) => message),
    ).toEqual(expected ? [expected] : []);
  });

  test("only of rules before the one that matches, in order, with reasons", () => {
    const rules = compile([
      named("books/ratings"),
      byName({ name: "ratings", alias: { name: "a.b" } }),
      byLabel({ selector: { matchLabels: { app: "x" } } }),
      named("info/reviews"),
      named("info/*"),
      named("books/ratings"),
    ]);
    expect(rules.nearMisses(candidate).map(({ index, reason }) => `${index} ${reason}`)).toEqual([
      "0 Namespace",
      "1 InvalidRule",
      "2 Labels",
      "3 Name",
    ]);
    expect(rules.match(candidate)?.index).toBe(4);
  });

  test("in the control-plane namespace, a rule that does not name exactly", () => {
    const rules = compile([named("*/*"), byLabel({ selector: { matchLabels: { app: "x" } } })]);
    const prometheus = { namespace: "red-mesh-system", name: "prometheus", labels: { app: "prometheus" } };
    expect(rules.nearMisses(prometheus)).toMatchObject([
      { index: 0, reason: "ControlPlaneNamespace" },
      { index: 1, reason: "Labels" },
    ]);
  });

  test("a rule that matches is no near miss", () => {
    fc.assert(
      fc.property(fc.array(exportRule, { maxLength: 8 }), service, (rules, one) => {
        const compiled = compile(rules, CONTROL_PLANE);
        const index = compiled.match(one)?.index ?? rules.length;
        for (const miss of compiled.nearMisses(one)) expect(miss.index).toBeLessThan(index);
      }),
    );
  });
});

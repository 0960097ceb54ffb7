import { compileImportRules, type ImportRule, type ImportRules } from "@meshfed/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { naiveImportMatch } from "./naive-match.js";
import { importRule, service } from "./rule-arbitraries.js";

const OPTIONS = { peer: "red-mesh", clusterDomain: "cluster.local" };
const compile = (rules: readonly ImportRule[], domainSuffix?: string): ImportRules =>
  compileImportRules(rules, { ...OPTIONS, domainSuffix });
const rule = (nameSelector: ImportRule["nameSelector"], rest: Partial<ImportRule> = {}): ImportRule => ({
  type: "NameSelector",
  ...(nameSelector === undefined ? {} : { nameSelector }),
  ...rest,
});
const RATINGS = { name: "ratings", namespace: "bookinfo" };

describe("what a service is called here (reference §2.1, §3.3)", () => {
  const toLocal = { namespace: "info" };
  const rows: [string, ImportRule, string | undefined, string][] = [
    ["the default suffix", rule(RATINGS), undefined, "ratings.bookinfo.svc.red-mesh-imports.local"],
    ["an empty suffix", rule(RATINGS, { domainSuffix: "" }), "", "ratings.bookinfo.svc.red-mesh-imports.local"],
    ["the set's suffix", rule(RATINGS), "imported.local", "ratings.bookinfo.imported.local"],
    ["the rule's suffix", rule(RATINGS, { domainSuffix: "r.local" }), "set.local", "ratings.bookinfo.r.local"],
    [
      "an alias",
      rule({ ...RATINGS, alias: { namespace: "other-mesh", name: "bar" } }),
      "imported.local",
      "bar.other-mesh.imported.local",
    ],
    [
      "an alias of *",
      rule({ ...RATINGS, alias: { namespace: "*", name: "*" } }),
      undefined,
      "ratings.bookinfo.svc.red-mesh-imports.local",
    ],
    [
      "importAsLocal",
      rule({ ...RATINGS, alias: toLocal }, { importAsLocal: true }),
      undefined,
      "ratings.info.svc.cluster.local",
    ],
    [
      "importAsLocal with an alias name of *",
      rule({ ...RATINGS, alias: { ...toLocal, name: "*" } }, { importAsLocal: true }),
      undefined,
      "ratings.info.svc.cluster.local",
    ],
    [
      "importAsLocal, whatever the suffixes are",
      rule({ ...RATINGS, alias: toLocal }, { importAsLocal: true, domainSuffix: "svc.cluster.local" }),
      "..",
      "ratings.info.svc.cluster.local",
    ],
    [
      "importAsLocal: false",
      rule(RATINGS, { importAsLocal: false }),
      undefined,
      "ratings.bookinfo.svc.red-mesh-imports.local",
    ],
    [
      "a suffix that only looks like the cluster's",
      rule(RATINGS, { domainSuffix: "mycluster.local" }),
      undefined,
      "ratings.bookinfo.mycluster.local",
    ],
  ];
  test.each(rows)("%s", (_case, one, domainSuffix, localHost) => {
    const rules = compile([one], domainSuffix);
    expect(rules.invalid).toEqual([]);
    expect(rules.match(RATINGS)?.localHost).toBe(localHost);
  });

  test("the whole match", () => {
    expect(compile([rule({ alias: { namespace: "info" } }, { importAsLocal: true })]).match(RATINGS)).toEqual({
      index: 0,
      localName: "ratings",
      localNamespace: "info",
      localHost: "ratings.info.svc.cluster.local",
      importAsLocal: true,
    });
  });

  test("another cluster domain", () => {
    const rules = compileImportRules(
      [
        rule(RATINGS, { domainSuffix: "svc.cluster.local" }),
        rule({ alias: { namespace: "info" } }, { importAsLocal: true }),
      ],
      { peer: "red-mesh", clusterDomain: "corp.example" },
    );
    expect(rules.match(RATINGS)?.localHost).toBe("ratings.bookinfo.svc.cluster.local");
    expect(rules.match({ name: "x", namespace: "y" })?.localHost).toBe("x.info.svc.corp.example");
  });

  test("nothing is imported without a rule that matches the exported name", () => {
    expect(compile([]).match(RATINGS)).toBeUndefined();
    expect(compileImportRules(undefined, OPTIONS).match(RATINGS)).toBeUndefined();
    expect(compile([rule({ name: "reviews" }), rule({ namespace: "info" })]).match(RATINGS)).toBeUndefined();
  });
});

describe("invalid rules (reference §3.3, 10.41)", () => {
  const path = "spec.importRules[1]";
  const suffix = `${path}.domainSuffix`;
  const namespace = `${path}.nameSelector.alias.namespace`;
  const rows: [string, ImportRule, string, string][] = [
    ["LabelSelector", { type: "LabelSelector" }, `${path}.type`, "Unsupported"],
    ["an unknown type", rule({}, { type: "name" }), `${path}.type`, "Unsupported"],
    ["no nameSelector", rule(undefined), `${path}.nameSelector`, "Required"],
    ["importAsLocal without alias", rule({}, { importAsLocal: true }), namespace, "Required"],
    [
      "importAsLocal with an alias for the name",
      rule({ alias: { name: "x" } }, { importAsLocal: true }),
      namespace,
      "Required",
    ],
    ["importAsLocal into *", rule({ alias: { namespace: "*" } }, { importAsLocal: true }), namespace, "Required"],
    ["importAsLocal into nothing", rule({ alias: { namespace: "" } }, { importAsLocal: true }), namespace, "Required"],
    ["the cluster's suffix", rule({}, { domainSuffix: "svc.cluster.local" }), suffix, "Forbidden"],
    ["the cluster's domain", rule({}, { domainSuffix: "cluster.local" }), suffix, "Forbidden"],
    ["an end in the cluster's suffix", rule({}, { domainSuffix: "foo.svc.cluster.local" }), suffix, "Forbidden"],
    ["an end in the cluster's domain", rule({}, { domainSuffix: "foo.cluster.local" }), suffix, "Forbidden"],
    ["a suffix in upper case", rule({}, { domainSuffix: "Imported.local" }), suffix, "Invalid"],
    ["a suffix with a dot in front", rule({}, { domainSuffix: ".imported.local" }), suffix, "Invalid"],
    ["a suffix with a dot at the end", rule({}, { domainSuffix: "svc.cluster.local." }), suffix, "Invalid"],
    ["a suffix with a wildcard", rule({}, { domainSuffix: "*.local" }), suffix, "Invalid"],
    ["a pattern inside a name", rule({ name: "rat*" }), `${path}.nameSelector.name`, "Invalid"],
    ["an alias that is no DNS label", rule({ alias: { name: "a_b" } }), `${path}.nameSelector.alias.name`, "Invalid"],
  ];
  test.each(rows)("%s is reported with its index and disables no other rule", (_case, one, where, reason) => {
    const rules = compile([rule({ name: "reviews" }), one, rule({ name: "ratings" })]);
    expect(rules.invalid).toEqual([{ index: 1, violations: [{ path: where, reason, message: expect.any(String) }] }]);
    expect(rules.match(RATINGS)?.index).toBe(2);
    expect(rules.match({ name: "reviews", namespace: "bookinfo" })?.index).toBe(0);
    expect(rules.match({ name: "details", namespace: "bookinfo" })).toBeUndefined();
  });

  test("a wrong suffix of the set makes those rules invalid that use it", () => {
    const rules = compile(
      [
        rule({ name: "reviews" }),
        rule({ name: "ratings" }, { domainSuffix: "imported.local" }),
        rule({ name: "details", alias: { namespace: "info" } }, { importAsLocal: true }),
      ],
      "foo.svc.cluster.local",
    );
    expect(rules.invalid.map(({ index, violations }) => [index, violations[0]?.path])).toEqual([
      [0, "spec.domainSuffix"],
    ]);
    expect(rules.match(RATINGS)?.localHost).toBe("ratings.bookinfo.imported.local");
  });
});

test("shadowed rules", () => {
  const rules = compile([
    rule({ name: "ratings" }),
    rule(RATINGS),
    rule({ namespace: "bookinfo" }),
    rule({ name: "rat*" }),
    rule({}),
    rule({ name: "x" }),
  ]);
  expect(rules.shadowed).toEqual([
    { index: 1, by: 0 },
    { index: 5, by: 4 },
  ]);
});

test("near misses", () => {
  const rules = compile([
    rule({ name: "ratings", namespace: "info" }),
    rule({ name: "ratings" }, { importAsLocal: true }),
    rule({ name: "reviews", namespace: "bookinfo" }),
    rule({ namespace: "other" }),
  ]);
  expect(rules.nearMisses(RATINGS)).toEqual([
    {
      index: 0,
      reason: "Namespace",
      message: 'rule 0 matches the name "ratings", not the namespace: it selects "info"',
    },
    {
      index: 1,
      reason: "InvalidRule",
      message:
        "rule 1 would match but is invalid and skipped: spec.importRules[1].nameSelector.alias.namespace: missing, expected the local namespace to import into: importAsLocal needs one",
    },
    {
      index: 2,
      reason: "Name",
      message: 'rule 2 matches the namespace "bookinfo", not the name: it selects "reviews"',
    },
  ]);
});

test("the indexed match is the first-match loop", () => {
  const suffix = fc.constantFrom(undefined, "", "set.local");
  fc.assert(
    fc.property(
      fc.array(importRule, { maxLength: 20 }),
      fc.array(service, { minLength: 1 }),
      suffix,
      (rules, services, domainSuffix) => {
        const compiled = compile(rules, domainSuffix);
        expect(compiled.invalid).toEqual([]);
        for (const one of services) {
          expect(compiled.match(one)).toEqual(naiveImportMatch(rules, one, { ...OPTIONS, domainSuffix }));
        }
      },
    ),
    { numRuns: 500 },
  );
});

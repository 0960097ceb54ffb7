/** A rule that means nothing rejects neither its set nor the other rules. @see reference §1.2, §1.3 */
import { expect, test } from "vitest";
import { parseObject } from "../../src/index.js";
import { changed } from "./samples.js";

test.each([
  ["no selector", { type: "NameSelector" }],
  ["the other selector", { type: "LabelSelector", nameSelector: { name: "ratings" } }],
  ["an unknown type", { type: "RegexSelector", regexSelector: { pattern: ".*" } }],
  ["an empty type", { type: "" }],
  [
    "an unknown operator",
    { type: "LabelSelector", labelSelector: { selector: { matchExpressions: [{ key: "a", operator: "Like" }] } } },
  ],
  ["names that no object can have", { type: "NameSelector", nameSelector: { namespace: "A B", name: "rat*" } }],
  [
    "labels that no object can have",
    { type: "LabelSelector", labelSelector: { selector: { matchLabels: { "a b": "c d" } } } },
  ],
])("an export rule with %s is kept as it is", (_, rule) => {
  const set = changed("ExportedServiceSet", ["spec.exportRules[0]", rule]);
  expect(parseObject(set)).toStrictEqual({ ok: true, value: set });
});

test.each([
  ["importAsLocal without alias", { type: "NameSelector", importAsLocal: true, nameSelector: { name: "ratings" } }],
  ["a label selector", { type: "LabelSelector", labelSelector: { selector: {} } }],
  ["the cluster's suffix", { type: "NameSelector", domainSuffix: "svc.cluster.local", nameSelector: {} }],
])("an import rule with %s is kept as it is", (_, rule) => {
  const set = changed("ImportedServiceSet", ["spec.importRules[0]", rule]);
  expect(parseObject(set)).toStrictEqual({ ok: true, value: set });
});

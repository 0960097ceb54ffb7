/** Rules and services drawn from few names, so that they meet often. */
import type { ExportRule, ImportRule, LabelSelector, LabelSelectorRequirement } from "@meshfed/core";
import fc from "fast-check";

export const CONTROL_PLANE = "system";

const NAMES = ["ratings", "reviews", "details"];
const NAMESPACES = ["info", "books", CONTROL_PLANE];
const KEYS = ["app", "team", "tier", "zone", "track", "color"];
const VALUES = ["1", "2", "3"];

const part = (names: readonly string[]) => fc.constantFrom(undefined, "", "*", ...names);
const optional = <T extends object>(record: T) =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

const parts = fc.record({ namespace: part(NAMESPACES), name: part(NAMES) }).map(optional);
const alias = fc
  .record({ namespace: fc.constantFrom(undefined, "*", "shared"), name: fc.constantFrom(undefined, "", "other") })
  .map(optional);

const nameSelector = fc
  .record({ parts, alias: fc.option(alias, { nil: undefined }) })
  .map((selector) => ({ ...selector.parts, ...optional({ alias: selector.alias }) }));

const expression: fc.Arbitrary<LabelSelectorRequirement> = fc.oneof(
  fc.record({
    key: fc.constantFrom(...KEYS),
    operator: fc.constantFrom("In", "NotIn"),
    values: fc.uniqueArray(fc.constantFrom(...VALUES), { minLength: 1 }),
  }),
  fc.record({ key: fc.constantFrom(...KEYS), operator: fc.constantFrom("Exists", "DoesNotExist") }),
);

const labels = fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES), {
  maxKeys: 4,
  noNullPrototype: true,
});

const labelSelector: fc.Arbitrary<LabelSelector> = fc
  .record({
    matchLabels: fc.option(labels, { nil: undefined }),
    matchExpressions: fc.option(fc.array(expression, { maxLength: 3 }), { nil: undefined }),
  })
  .map(optional);

const nameRule: fc.Arbitrary<ExportRule> = nameSelector.map((selector) => ({
  type: "NameSelector",
  nameSelector: selector,
}));

const labelRule: fc.Arbitrary<ExportRule> = fc
  .record({
    namespace: part(NAMESPACES),
    selector: fc.option(labelSelector, { nil: undefined }),
    aliases: fc.option(fc.array(nameSelector, { maxLength: 2 }), { nil: undefined }),
  })
  .map((selector) => ({ type: "LabelSelector", labelSelector: optional(selector) }));

/** Valid rules, except that they may select the control-plane namespace otherwise than exactly. */
export const exportRule: fc.Arbitrary<ExportRule> = fc.oneof(nameRule, labelRule);

export const service = fc.record({
  name: fc.constantFrom(...NAMES, "other"),
  namespace: fc.constantFrom(...NAMESPACES, "elsewhere"),
  labels,
});

/** Valid rules. */
export const importRule: fc.Arbitrary<ImportRule> = fc.oneof(
  fc
    .record({ nameSelector, domainSuffix: fc.constantFrom(undefined, "", "imported.local") })
    .map((rule) => ({ type: "NameSelector", ...optional(rule) })),
  nameSelector.map((selector) => ({
    type: "NameSelector",
    importAsLocal: true,
    domainSuffix: "ignored.local",
    nameSelector: { ...selector, alias: { ...selector.alias, namespace: "local" } },
  })),
);

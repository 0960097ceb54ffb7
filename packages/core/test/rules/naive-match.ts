/**
 * Reference §3.1 to §3.3 written down as a loop over the rules, without any index: what the indexed match is held against.
 */
import type { ExportRule, ImportRule, LabelSelector } from "@meshfed/core";

interface Service {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

const fits = (pattern: string | undefined, text: string) =>
  pattern === undefined || pattern === "" || pattern === "*" || pattern === text;
const renamed = (alias: string | undefined, text: string) =>
  alias === undefined || alias === "" || alias === "*" ? text : alias;

function selected(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean {
  const equal = Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    equal &&
    (selector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === "In") return value !== undefined && values.includes(value);
      if (operator === "NotIn") return value === undefined || !values.includes(value);
      return operator === "Exists" ? value !== undefined : value === undefined;
    })
  );
}

/** `rules` are valid; `controlPlaneNamespace` as in reference 10.32. */
export function naiveExportMatch(rules: readonly ExportRule[], service: Service, controlPlaneNamespace: string) {
  for (const [index, rule] of rules.entries()) {
    const aliases =
      rule.type === "NameSelector"
        ? rule.nameSelector && matchedAliases(rule.nameSelector, service)
        : rule.labelSelector &&
          fits(rule.labelSelector.namespace, service.namespace) &&
          selected(rule.labelSelector.selector, service.labels) &&
          (rule.labelSelector.aliases ?? []).filter((alias) => matchedAliases(alias, service) !== undefined);
    if (!aliases) continue;
    const exact =
      rule.type === "NameSelector" &&
      rule.nameSelector?.name === service.name &&
      rule.nameSelector.namespace === service.namespace;
    if (service.namespace === controlPlaneNamespace && !exact) continue;
    const alias = aliases[0]?.alias;
    return {
      index,
      exportedName: renamed(alias?.name, service.name),
      exportedNamespace: renamed(alias?.namespace, service.namespace),
    };
  }
  return undefined;
}

type Selector = NonNullable<ExportRule["nameSelector"]>;

function matchedAliases(selector: Selector, service: { name: string; namespace: string }): Selector[] | undefined {
  return fits(selector.namespace, service.namespace) && fits(selector.name, service.name) ? [selector] : undefined;
}

/** `rules` are valid. */
export function naiveImportMatch(
  rules: readonly ImportRule[],
  service: { name: string; namespace: string },
  suffixes: { peer: string; clusterDomain: string; domainSuffix?: string | undefined },
) {
  for (const [index, rule] of rules.entries()) {
    const [selector] = (rule.nameSelector && matchedAliases(rule.nameSelector, service)) ?? [];
    if (selector === undefined) continue;
    const localName = renamed(selector.alias?.name, service.name);
    const localNamespace = renamed(selector.alias?.namespace, service.namespace);
    const suffix = rule.importAsLocal
      ? `svc.${suffixes.clusterDomain}`
      : rule.domainSuffix || suffixes.domainSuffix || `svc.${suffixes.peer}-imports.local`;
    const localHost = `${localName}.${localNamespace}.${suffix}`;
    return { index, localName, localNamespace, localHost, importAsLocal: rule.importAsLocal === true };
  }
  return undefined;
}

/** Rules that come close to a service without matching it: the answer to "why not?". Not for the hot path. */
import { formatViolations } from "../result.js";
import {
  formatLabelRequirement,
  type LabelRequirement,
  type Labels,
  labelValue,
  unmetRequirements,
} from "./label-requirement.js";
import { matchesNamePattern, type NamePattern, type NamespacedName } from "./name-pattern.js";
import type { CompiledRule } from "./rule-set.js";

export type NearMissReason =
  /** Everything but the namespace matches. */
  | "Namespace"
  /** The rule names the service's namespace, but another service. */
  | "Name"
  /** The namespace matches, the labels do not. */
  | "Labels"
  /** It would match (or might, where its selector cannot be read), but is invalid and skipped. */
  | "InvalidRule"
  /** It would match, but Services of the control-plane namespace have to be named exactly. */
  | "ControlPlaneNamespace";

export interface NearMiss {
  /** Position of the rule in its set, from 0. */
  readonly index: number;
  readonly reason: NearMissReason;
  /** One sentence, lower case, that names the rule by its position. */
  readonly message: string;
}

/** How a rule that does not match comes close to the service, if it does. */
export function nearMiss(rule: CompiledRule, service: NamespacedName, labels: Labels): NearMiss | undefined {
  if (rule.pattern === undefined) return undefined;
  const unmet = unmetRequirements(rule.requirements ?? [], labels);
  if (rule.violations.length > 0) {
    return unmet.length === 0 && matchesNamePattern(rule.pattern, service) ? invalidRule(rule) : undefined;
  }
  if (unmet.length === 0) return otherName({ ...rule, pattern: rule.pattern }, service);
  return matchesNamePattern(rule.pattern, service) ? otherLabels(rule.index, unmet, labels) : undefined;
}

function invalidRule({ index, violations, requirements }: CompiledRule): NearMiss {
  const verb = requirements === undefined ? "might" : "would";
  const cause = formatViolations(violations);
  return { index, reason: "InvalidRule", message: `rule ${index} ${verb} match but is invalid and skipped: ${cause}` };
}

/** A miss by one of two literal parts, or by the namespace when the labels match. */
function otherName(
  { index, pattern, requirements = [] }: CompiledRule & { readonly pattern: NamePattern },
  { name, namespace }: NamespacedName,
): NearMiss | undefined {
  const { name: otherName = name, namespace: otherNamespace = namespace } = pattern;
  if (otherName === name && otherNamespace !== namespace) {
    if (pattern.name === undefined && requirements.length === 0) return undefined;
    const matched = pattern.name === undefined ? "the labels" : `the name "${name}"`;
    const message = `rule ${index} matches ${matched}, not the namespace: it selects "${otherNamespace}"`;
    return { index, reason: "Namespace", message };
  }
  if (otherName === name || pattern.namespace !== namespace) return undefined;
  const message = `rule ${index} matches the namespace "${namespace}", not the name: it selects "${otherName}"`;
  return { index, reason: "Name", message };
}

function otherLabels(index: number, unmet: readonly LabelRequirement[], labels: Labels): NearMiss {
  const missing = unmet.map((requirement) => {
    const value = labelValue(labels, requirement.key);
    const found = value === undefined ? "has no such label" : `has "${value}"`;
    return `"${formatLabelRequirement(requirement)}" (the service ${found})`;
  });
  return {
    index,
    reason: "Labels",
    message: `rule ${index} does not match the labels: it requires ${missing.join(", ")}`,
  };
}

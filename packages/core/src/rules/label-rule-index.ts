import {
  impliesRequirements,
  type LabelRequirement,
  type Labels,
  labelValue,
  matchesLabels,
} from "./label-requirement.js";
import { NO_RULE } from "./name-pattern-index.js";

/** A rule that selects by labels, in one namespace or (undefined) in all. It has at least one requirement. */
export interface LabelRule {
  /** Position among all rules of the set. */
  readonly index: number;
  readonly namespace: string | undefined;
  readonly requirements: readonly LabelRequirement[];
}

/**
 * The first of any number of label rules that matches a service. Each rule is kept under its namespace and under one
 * requirement that it cannot match without: a value of a label (`In`), or a label's presence (`Exists`). A service is
 * held against the rules of its own namespace and labels only; a rule with nothing but `NotIn` and `DoesNotExist` is
 * held against every service of its namespace.
 */
export class LabelRuleIndex {
  readonly #namespaces = new Map<string, LabelRuleScope>();
  readonly #anyNamespace = new LabelRuleScope();

  /** Rules are added in ascending order of `index`. */
  add(rule: LabelRule): void {
    this.#scopeOf(rule.namespace).add(rule);
  }

  #scopeOf(namespace: string | undefined): LabelRuleScope {
    if (namespace === undefined) return this.#anyNamespace;
    const scope = this.#namespaces.get(namespace) ?? new LabelRuleScope();
    this.#namespaces.set(namespace, scope);
    return scope;
  }

  /** The lowest index below `limit` of a rule that matches, or `limit`. */
  firstBelow(limit: number, namespace: string, labels: Labels): number {
    const lowest = this.#namespaces.get(namespace)?.firstBelow(limit, labels) ?? limit;
    return this.#anyNamespace.firstBelow(lowest, labels);
  }

  /** The lowest index of a rule that matches everything that `rule` matches, or `NO_RULE` when none is known to. */
  covering({ namespace, requirements }: LabelRule): number {
    const scopes = [this.#anyNamespace, namespace === undefined ? undefined : this.#namespaces.get(namespace)];
    return Math.min(...scopes.map((scope) => scope?.covering(requirements) ?? NO_RULE));
  }
}

interface RulesOfKey {
  /** Rules with `In`, under each of the values. */
  readonly byValue: Map<string, LabelRule[]>;
  /** Rules with `Exists`. */
  readonly present: LabelRule[];
}

/** Above this many label keys it is cheaper to walk the labels of the service than the keys of the rules. */
const FEW_KEYS = 4;

class LabelRuleScope {
  readonly #keys = new Map<string, RulesOfKey>();
  readonly #unkeyed: LabelRule[] = [];

  add(rule: LabelRule): void {
    const requirement =
      rule.requirements.find(({ operator }) => operator === "In") ??
      rule.requirements.find(({ operator }) => operator === "Exists");
    if (requirement === undefined) {
      this.#unkeyed.push(rule);
      return;
    }
    const ofKey = this.#rulesOfKey(requirement.key);
    if (requirement.operator === "Exists") ofKey.present.push(rule);
    for (const value of requirement.values) {
      const rules = ofKey.byValue.get(value);
      if (rules === undefined) ofKey.byValue.set(value, [rule]);
      else rules.push(rule);
    }
  }

  #rulesOfKey(key: string): RulesOfKey {
    const ofKey = this.#keys.get(key) ?? { byValue: new Map(), present: [] };
    this.#keys.set(key, ofKey);
    return ofKey;
  }

  firstBelow(limit: number, labels: Labels): number {
    let lowest = firstMatch(this.#unkeyed, limit, labels);
    if (this.#keys.size <= FEW_KEYS) {
      for (const [key, ofKey] of this.#keys) {
        const value = labelValue(labels, key);
        if (value !== undefined) lowest = firstOfKey(ofKey, value, lowest, labels);
      }
      return lowest;
    }
    for (const [key, value] of Object.entries(labels)) {
      const ofKey = this.#keys.get(key);
      if (ofKey !== undefined) lowest = firstOfKey(ofKey, value, lowest, labels);
    }
    return lowest;
  }

  /**
   * A rule covers others only if each of its requirements follows from theirs, the one that it is kept under included.
   * That one follows from an `In` or `Exists` on the same label; so the candidates are found as for a service.
   */
  covering(requirements: readonly LabelRequirement[]): number {
    const candidates = [this.#unkeyed, ...requirements.flatMap((requirement) => this.#candidates(requirement))];
    const covering = candidates.map((rules) =>
      rules.find((rule) => impliesRequirements(requirements, rule.requirements)),
    );
    return Math.min(...covering.map((rule) => rule?.index ?? NO_RULE));
  }

  #candidates({ key, operator, values }: LabelRequirement): readonly LabelRule[][] {
    const ofKey = this.#keys.get(key);
    if (ofKey === undefined || operator === "NotIn" || operator === "DoesNotExist") return [];
    // a rule whose values include all of `values` is listed under the first of them as under any other
    const [value] = values;
    return [ofKey.present, (value === undefined ? undefined : ofKey.byValue.get(value)) ?? []];
  }
}

function firstOfKey(ofKey: RulesOfKey, value: string, limit: number, labels: Labels): number {
  const lowest = firstMatch(ofKey.present, limit, labels);
  const rules = ofKey.byValue.get(value);
  return rules === undefined ? lowest : firstMatch(rules, lowest, labels);
}

function firstMatch(rules: readonly LabelRule[], limit: number, labels: Labels): number {
  for (const rule of rules) {
    if (rule.index >= limit) return limit;
    if (matchesLabels(rule.requirements, labels)) return rule.index;
  }
  return limit;
}

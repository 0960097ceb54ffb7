/**
 * The rules of an ExportedServiceSet, compiled once and then matched.
 *
 * Rules are walked in order, and the first that matches a service decides. An invalid rule is skipped: it never disables
 * the others. Two things differ from the reference:
 *
 * - A Service of the control-plane namespace (gateways, istiod, add-ons) is exported only if a NameSelector names it
 *   exactly, namespace and name; for such a Service all other rules are passed over, so that `*` does not offer the
 *   mesh's own machinery (reference 10.32). A rule that selects that namespace in another way is invalid.
 * - A literal or an alias that is no DNS label makes a rule invalid. The reference keeps the rule, which then matches
 *   nothing or forms a host that no peer accepts.
 *
 * @see reference §3.1, §3.2 rows 5 and 6
 */
import type { ExportRule } from "../resources/exported-service-set.js";
import { type CompiledExportRule, compileExportRule, exportedNameOf } from "./export-rule.js";
import { type Labels, matchesLabels } from "./label-requirement.js";
import { LabelRuleIndex } from "./label-rule-index.js";
import { matchesNamePattern, type NamespacedName } from "./name-pattern.js";
import { NamePatternIndex, NO_RULE } from "./name-pattern-index.js";
import { type NearMiss, nearMiss } from "./near-miss.js";
import { type InvalidRule, invalidRules, type ShadowedRule } from "./rule-set.js";

/** A local service, as far as rules look at it. */
export interface ExportCandidate extends NamespacedName {
  /** Of the Service object. */
  readonly labels: Labels;
}

/** The rule that decides, and the name that it gives. */
export interface ExportMatch {
  /** Position in `spec.exportRules`, from 0. */
  readonly index: number;
  readonly exportedName: string;
  readonly exportedNamespace: string;
}

export interface ExportRuleOptions {
  /** Its Services are exported only by rules that name them exactly. */
  readonly controlPlaneNamespace: string;
}

/** Compiles `spec.exportRules`; an absent list exports nothing. Never fails: see `invalid` of what it returns. */
export function compileExportRules(
  rules: readonly ExportRule[] | undefined,
  { controlPlaneNamespace }: ExportRuleOptions,
): ExportRules {
  const compiled = (rules ?? []).map((rule, index) => compileExportRule(rule, index, controlPlaneNamespace));
  return new ExportRules(compiled, controlPlaneNamespace);
}

/** Made by `compileExportRules`; never changes. */
export class ExportRules {
  /** Rules that are skipped, in order. */
  readonly invalid: readonly InvalidRule[];
  /** Valid rules that can never match, in order, each with the first rule that takes everything it would. */
  readonly shadowed: readonly ShadowedRule[];
  readonly #rules: readonly CompiledExportRule[];
  readonly #controlPlaneNamespace: string;
  readonly #names = new NamePatternIndex();
  readonly #labels = new LabelRuleIndex();

  constructor(rules: readonly CompiledExportRule[], controlPlaneNamespace: string) {
    this.#rules = rules;
    this.#controlPlaneNamespace = controlPlaneNamespace;
    this.invalid = invalidRules(rules);
    const shadowed: ShadowedRule[] = [];
    for (const rule of rules.filter(({ violations }) => violations.length === 0)) {
      const by = this.#covering(rule);
      if (by !== NO_RULE) shadowed.push({ index: rule.index, by });
      this.#add(rule);
    }
    this.shadowed = shadowed;
  }

  /** The first valid rule that matches, in a time that does not grow with the number of name rules. */
  match(service: ExportCandidate): ExportMatch | undefined {
    const rule = this.#rules[this.#first(service)];
    if (rule === undefined) return undefined;
    const { name, namespace } = exportedNameOf(rule, service);
    return { index: rule.index, exportedName: name, exportedNamespace: namespace };
  }

  /** Whether a valid rule has both the name and the namespace of the service, literally. */
  namesExactly(service: NamespacedName): boolean {
    return this.#names.firstExact(service) !== NO_RULE;
  }

  /**
   * Rules before the one that matches (all of them when none does) that nearly match, in order. Takes time in proportion
   * to the number of rules.
   */
  nearMisses(service: ExportCandidate): readonly NearMiss[] {
    return this.#rules.slice(0, Math.min(this.#first(service), this.#rules.length)).flatMap((rule) => {
      const miss = this.#inexact(rule, service) ?? nearMiss(rule, service, service.labels);
      return miss === undefined ? [] : [miss];
    });
  }

  #first(service: ExportCandidate): number {
    if (service.namespace === this.#controlPlaneNamespace) return this.#names.firstExact(service);
    return this.#labels.firstBelow(this.#names.first(service), service.namespace, service.labels);
  }

  #add({ index, pattern, requirements }: CompiledExportRule): void {
    if (pattern === undefined || requirements === undefined) return;
    if (requirements.length === 0) this.#names.add(pattern, index);
    else this.#labels.add({ index, namespace: pattern.namespace, requirements });
  }

  #covering({ index, pattern, requirements }: CompiledExportRule): number {
    if (pattern === undefined || requirements === undefined) return NO_RULE;
    const { namespace, name } = pattern;
    if (namespace !== undefined && name !== undefined && namespace === this.#controlPlaneNamespace) {
      return this.#names.firstExact({ namespace, name });
    }
    const byName = this.#names.covering(pattern);
    return requirements.length === 0
      ? byName
      : Math.min(byName, this.#labels.covering({ index, namespace, requirements }));
  }

  /** The near miss that only Services of the control-plane namespace know. */
  #inexact({ index, violations, pattern, requirements }: CompiledExportRule, service: ExportCandidate) {
    if (service.namespace !== this.#controlPlaneNamespace || violations.length > 0 || pattern === undefined)
      return undefined;
    if (!matchesNamePattern(pattern, service) || !matchesLabels(requirements ?? [], service.labels)) return undefined;
    const cause = "but a Service of the control-plane namespace is exported only by a rule with its namespace and name";
    return { index, reason: "ControlPlaneNamespace", message: `rule ${index} matches, ${cause}` } satisfies NearMiss;
  }
}

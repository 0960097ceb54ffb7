/**
 * The rules of an ImportedServiceSet, compiled once and then matched against what the peer exports.
 *
 * Rules are walked in order, and the first that matches decides. An invalid rule is skipped; that a later, broader rule
 * may then take the service is reported by `invalid` and by the near misses.
 *
 * @see reference §3.1, §3.3
 */
import { importedHost } from "../naming/host-names.js";
import type { ImportRule } from "../resources/imported-service-set.js";
import { type CompiledImportRule, compileImportRule, type ImportRuleOptions } from "./import-rule.js";
import { type NamespacedName, renamed } from "./name-pattern.js";
import { NamePatternIndex, NO_RULE } from "./name-pattern-index.js";
import { type NearMiss, nearMiss } from "./near-miss.js";
import { type InvalidRule, invalidRules, type ShadowedRule } from "./rule-set.js";

/** The rule that decides, and what the service is called here. */
export interface ImportMatch {
  /** Position in `spec.importRules`, from 0. */
  readonly index: number;
  readonly localName: string;
  readonly localNamespace: string;
  readonly localHost: string;
  /** Whether the remote endpoints join those of the mesh's own service of that name. */
  readonly importAsLocal: boolean;
}

/** Compiles `spec.importRules`; an absent list imports nothing. Never fails: see `invalid` of what it returns. */
export function compileImportRules(rules: readonly ImportRule[] | undefined, options: ImportRuleOptions): ImportRules {
  return new ImportRules((rules ?? []).map((rule, index) => compileImportRule(rule, index, options)));
}

/** Made by `compileImportRules`; never changes. */
export class ImportRules {
  /** Rules that are skipped, in order. */
  readonly invalid: readonly InvalidRule[];
  /** Valid rules that can never match, in order, each with the first rule that takes everything it would. */
  readonly shadowed: readonly ShadowedRule[];
  readonly #rules: readonly CompiledImportRule[];
  readonly #names = new NamePatternIndex();

  constructor(rules: readonly CompiledImportRule[]) {
    this.#rules = rules;
    this.invalid = invalidRules(rules);
    const shadowed: ShadowedRule[] = [];
    for (const { index, pattern, violations } of rules) {
      if (pattern === undefined || violations.length > 0) continue;
      const by = this.#names.covering(pattern);
      if (by !== NO_RULE) shadowed.push({ index, by });
      this.#names.add(pattern, index);
    }
    this.shadowed = shadowed;
  }

  /** The first valid rule that matches an exported service, in a time that does not grow with the number of rules. */
  match(exported: NamespacedName): ImportMatch | undefined {
    const rule = this.#rules[this.#names.first(exported)];
    if (rule === undefined) return undefined;
    const { name, namespace } = renamed(rule.rename, exported);
    return {
      index: rule.index,
      localName: name,
      localNamespace: namespace,
      localHost: importedHost(name, namespace, rule.domainSuffix),
      importAsLocal: rule.importAsLocal,
    };
  }

  /**
   * Rules before the one that matches (all of them when none does) that nearly match, in order. Takes time in proportion
   * to the number of rules.
   */
  nearMisses(exported: NamespacedName): readonly NearMiss[] {
    const end = Math.min(this.#names.first(exported), this.#rules.length);
    return this.#rules.slice(0, end).flatMap((rule) => nearMiss(rule, exported, {}) ?? []);
  }
}

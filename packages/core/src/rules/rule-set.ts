/** What export and import rules have in common once compiled. */
import type { FieldViolation } from "../result.js";
import type { LabelRequirement } from "./label-requirement.js";
import type { NamePattern } from "./name-pattern.js";

/** A rule of either kind. One with violations is skipped: later rules are tried instead. */
export interface CompiledRule {
  /** Position in the set's list of rules, from 0. */
  readonly index: number;
  readonly violations: readonly FieldViolation[];
  /** Undefined when the rule has no selector. */
  readonly pattern: NamePattern | undefined;
  /** Empty for a NameSelector; undefined when the label selector is invalid. */
  readonly requirements: readonly LabelRequirement[] | undefined;
}

export interface InvalidRule {
  readonly index: number;
  /** Never empty; paths start at the object, for example `spec.exportRules[2].type`. */
  readonly violations: readonly FieldViolation[];
}

/** A rule that can never match, since an earlier one matches everything that it would. */
export interface ShadowedRule {
  readonly index: number;
  readonly by: number;
}

export function invalidRules(rules: readonly CompiledRule[]): readonly InvalidRule[] {
  return rules
    .filter(({ violations }) => violations.length > 0)
    .map(({ index, violations }) => ({ index, violations }));
}

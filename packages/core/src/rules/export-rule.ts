/**
 * One rule of an ExportedServiceSet.
 * @see reference §1.2, §3.2 rows 5 and 6
 */
import type { ExportRule } from "../resources/exported-service-set.js";
import type { FieldViolation, Result } from "../result.js";
import type { LabelRequirement } from "./label-requirement.js";
import { compileLabelSelector } from "./label-selector.js";
import {
  aliasViolations,
  compileNameParts,
  matchesNamePattern,
  type NamePattern,
  type NamespacedName,
  namePatternViolations,
  type Rename,
  renamed,
} from "./name-pattern.js";
import type { CompiledRule } from "./rule-set.js";

export interface CompiledExportRule extends CompiledRule {
  /** Tried in order, the first whose pattern matches renames the service. */
  readonly renames: readonly { readonly pattern: NamePattern; readonly rename: Rename }[];
}

/** The exported name and namespace of a service that the rule matches. */
export function exportedNameOf(rule: CompiledExportRule, service: NamespacedName): NamespacedName {
  const fitting = rule.renames.find(({ pattern }) => matchesNamePattern(pattern, service));
  return fitting === undefined ? service : renamed(fitting.rename, service);
}

/** Only the selector that `type` names is used, also when the other one is there. */
export function compileExportRule(rule: ExportRule, index: number, controlPlaneNamespace: string): CompiledExportRule {
  const path = `spec.exportRules[${index}]`;
  switch (rule.type) {
    case "NameSelector":
      return compileNameRule(rule, index, { path, controlPlaneNamespace });
    case "LabelSelector":
      return compileLabelRule(rule, index, { path, controlPlaneNamespace });
    default: {
      const message = `found "${rule.type}", expected NameSelector or LabelSelector`;
      return unreadable(rule, index, { path: `${path}.type`, reason: "Unsupported", message });
    }
  }
}

interface RuleContext {
  readonly path: string;
  readonly controlPlaneNamespace: string;
}

function compileNameRule(rule: ExportRule, index: number, context: RuleContext): CompiledExportRule {
  const selector = rule.nameSelector;
  const path = `${context.path}.nameSelector`;
  if (selector === undefined) {
    return unreadable(rule, index, {
      path,
      reason: "Required",
      message: "missing, expected the selector that type names",
    });
  }
  const pattern = compileNameParts(selector);
  const violations = [
    ...namePatternViolations(selector, path),
    ...aliasViolations(selector.alias ?? {}, `${path}.alias`),
    ...(pattern.name === undefined ? inexactViolations(pattern, `${path}.name`, context) : []),
  ];
  const renames = selector.alias === undefined ? [] : [{ pattern, rename: compileNameParts(selector.alias) }];
  return { index, violations, pattern, requirements: [], renames };
}

function compileLabelRule(rule: ExportRule, index: number, context: RuleContext): CompiledExportRule {
  const selector = rule.labelSelector;
  const path = `${context.path}.labelSelector`;
  if (selector === undefined) {
    return unreadable(rule, index, {
      path,
      reason: "Required",
      message: "missing, expected the selector that type names",
    });
  }
  const pattern = compileNameParts({ namespace: selector.namespace });
  const requirements = compileLabelSelector(selector.selector, `${path}.selector`);
  const aliases = selector.aliases ?? [];
  const violations = [
    ...namePatternViolations({ namespace: selector.namespace }, path),
    ...violationsOf(requirements),
    ...aliases.flatMap((alias, position) => [
      ...namePatternViolations(alias, `${path}.aliases[${position}]`),
      ...aliasViolations(alias.alias ?? {}, `${path}.aliases[${position}].alias`),
    ]),
    ...inexactViolations(pattern, `${path}.namespace`, context),
  ];
  const renames = aliases.map((alias) => ({ pattern: compileNameParts(alias), rename: compileNameParts(alias.alias) }));
  return { index, violations, pattern, requirements: requirementsOf(requirements), renames };
}

/** @see reference 10.32 */
function inexactViolations(pattern: NamePattern, path: string, context: RuleContext): readonly FieldViolation[] {
  if (pattern.namespace !== context.controlPlaneNamespace) return [];
  const namespace = `"${context.controlPlaneNamespace}" is the control-plane namespace`;
  const message = `${namespace}, expected a NameSelector with the literal name of one of its Services`;
  return [{ path, reason: "Forbidden", message }];
}

/** A rule that cannot be matched; what it may have been meant for is taken from whichever selector is there. */
function unreadable(rule: ExportRule, index: number, violation: FieldViolation): CompiledExportRule {
  const { nameSelector, labelSelector } = rule;
  const selector = nameSelector ?? (labelSelector && { namespace: labelSelector.namespace });
  const requirements =
    nameSelector === undefined ? requirementsOf(compileLabelSelector(labelSelector?.selector, "")) : [];
  const pattern = selector && compileNameParts(selector);
  return { index, violations: [violation], pattern, requirements, renames: [] };
}

function violationsOf(result: Result<unknown>): readonly FieldViolation[] {
  return result.ok ? [] : result.violations;
}

function requirementsOf(result: Result<readonly LabelRequirement[]>): readonly LabelRequirement[] | undefined {
  return result.ok ? result.value : undefined;
}

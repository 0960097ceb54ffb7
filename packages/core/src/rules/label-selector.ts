/**
 * Kubernetes label selectors, compiled to a list of requirements that all have to be met.
 * @see Kubernetes "Labels and Selectors"; k8s.io/apimachinery labels.NewRequirement
 */
import { isDnsSubdomain } from "../naming/dns-name.js";
import type { LabelSelector } from "../resources/selector-schemas.js";
import { type FieldViolation, failure, type Result, success } from "../result.js";
import { isLabelOperator, LABEL_OPERATORS, type LabelOperator, type LabelRequirement } from "./label-requirement.js";

/** An absent or empty selector has no requirements: it matches every object. */
export function compileLabelSelector(
  selector: LabelSelector | undefined,
  path: string,
): Result<readonly LabelRequirement[]> {
  const compiled = [
    ...Object.entries(selector?.matchLabels ?? {}).map(([key, value]) =>
      compileRequirement({ key, operator: "In", values: [value] }, `${path}.matchLabels["${key}"]`),
    ),
    ...(selector?.matchExpressions ?? []).map((expression, index) =>
      compileRequirement(expression, `${path}.matchExpressions[${index}]`),
    ),
  ];
  const violations = compiled.flatMap((result) => (result.ok ? [] : result.violations));
  if (violations.length > 0) return failure(...violations);
  return success(compiled.flatMap((result) => (result.ok ? [result.value] : [])));
}

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}

function compileRequirement({ key, operator, values = [] }: Expression, path: string): Result<LabelRequirement> {
  const violations: FieldViolation[] = [];
  if (!isLabelKey(key)) {
    violations.push({ path, reason: "Invalid", message: `found the key "${key}", expected ${LABEL_KEY}` });
  }
  if (!isLabelOperator(operator)) {
    const message = `found "${operator}", expected ${LABEL_OPERATORS.join(", ")}`;
    return failure(...violations, { path: `${path}.operator`, reason: "Unsupported", message });
  }
  violations.push(...valuesViolations(operator, values, path));
  return violations.length > 0 ? failure(...violations) : success({ key, operator, values: new Set(values) });
}

function valuesViolations(operator: LabelOperator, values: readonly string[], path: string): FieldViolation[] {
  if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length === 0) return [];
    return [
      { path: `${path}.values`, reason: "Forbidden", message: `expected no values with the operator ${operator}` },
    ];
  }
  if (values.length === 0) {
    const message = `expected at least one value with the operator ${operator}`;
    return [{ path: `${path}.values`, reason: "Required", message }];
  }
  return values
    .filter((value) => !isLabelValue(value))
    .map((value) => ({ path, reason: "Invalid", message: `found the value "${value}", expected ${LABEL_VALUE}` }));
}

const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const MAX_NAME_LENGTH = 63;
const LABEL_VALUE = `at most ${MAX_NAME_LENGTH} letters, digits, "-", "_" and ".", a letter or digit first and last`;
const LABEL_KEY = `${LABEL_VALUE}, optionally after a DNS name and "/"`;

function isLabelName(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && NAME.test(text);
}

function isLabelValue(text: string): boolean {
  return text === "" || isLabelName(text);
}

function isLabelKey(text: string): boolean {
  const slash = text.indexOf("/");
  return isLabelName(text.slice(slash + 1)) && (slash === -1 || isDnsSubdomain(text.slice(0, slash)));
}

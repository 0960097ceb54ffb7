/** One requirement of a label selector: what meets it, how it prints, and what it follows from. */

export type Labels = Readonly<Record<string, string>>;

export const LABEL_OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist"] as const;
export type LabelOperator = (typeof LABEL_OPERATORS)[number];

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Not empty for `In` and `NotIn`, empty for the others. */
  readonly values: ReadonlySet<string>;
}

export function isLabelOperator(text: string): text is LabelOperator {
  return LABEL_OPERATORS.some((operator) => operator === text);
}

/** The value of a label; names that every JavaScript object inherits (`constructor`) are no labels. */
export function labelValue(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/** An object without the label meets `NotIn`, as in Kubernetes. */
export function meetsRequirement({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = labelValue(labels, key);
  switch (operator) {
    case "In":
      return value !== undefined && values.has(value);
    case "NotIn":
      return value === undefined || !values.has(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}

export function matchesLabels(requirements: readonly LabelRequirement[], labels: Labels): boolean {
  return requirements.every((requirement) => meetsRequirement(requirement, labels));
}

/** What keeps an object with these labels from being selected; empty when it is selected. */
export function unmetRequirements(
  requirements: readonly LabelRequirement[],
  labels: Labels,
): readonly LabelRequirement[] {
  return requirements.filter((requirement) => !meetsRequirement(requirement, labels));
}

/** As `kubectl --selector` takes it: `app in (ratings,reviews)`, `!legacy`. */
export function formatLabelRequirement({ key, operator, values }: LabelRequirement): string {
  const list = `(${[...values].sort().join(",")})`;
  switch (operator) {
    case "In":
      return `${key} in ${list}`;
    case "NotIn":
      return `${key} notin ${list}`;
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
  }
}

/** True when every object that meets `given` meets `wanted`. */
export function impliesRequirement(given: LabelRequirement, wanted: LabelRequirement): boolean {
  if (given.key !== wanted.key) return false;
  switch (wanted.operator) {
    case "In":
      return given.operator === "In" && isSubset(given.values, wanted.values);
    case "NotIn":
      if (given.operator === "DoesNotExist") return true;
      if (given.operator === "In") return ![...given.values].some((value) => wanted.values.has(value));
      return given.operator === "NotIn" && isSubset(wanted.values, given.values);
    case "Exists":
      return given.operator === "Exists" || given.operator === "In";
    case "DoesNotExist":
      return given.operator === "DoesNotExist";
  }
}

/** True when every object that meets all of `given` meets all of `wanted`; false also when that cannot be shown. */
export function impliesRequirements(given: readonly LabelRequirement[], wanted: readonly LabelRequirement[]): boolean {
  return wanted.every((requirement) => given.some((other) => impliesRequirement(other, requirement)));
}

function isSubset(values: ReadonlySet<string>, of: ReadonlySet<string>): boolean {
  return [...values].every((value) => of.has(value));
}

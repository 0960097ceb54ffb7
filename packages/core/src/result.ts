/** Why a field is wrong. `Invalid` is the catch-all; the others are what Kubernetes' field.Error types say. */
export type ViolationReason =
  | "Required"
  | "Invalid"
  | "Unsupported"
  | "Duplicate"
  | "TooLong"
  | "TypeInvalid"
  | "Forbidden";

/** One thing that is wrong with an input. */
export interface FieldViolation {
  /** Path to the field in the user's words, for example `spec.exportRules[2].nameSelector.namespace`. */
  readonly path: string;
  readonly reason: ViolationReason;
  /** What was found, what would be right. Lower case, one sentence, no path in it. */
  readonly message: string;
}

/** Either a value or everything that is wrong with the input; `violations` is never empty. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly violations: readonly FieldViolation[] };

export function success<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failure<T = never>(...violations: readonly FieldViolation[]): Result<T> {
  return { ok: false, violations };
}

/** `path: message` per violation, joined with `; `, for logs and one-line errors. */
export function formatViolations(violations: readonly FieldViolation[]): string {
  return violations.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ");
}

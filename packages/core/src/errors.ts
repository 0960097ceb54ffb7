import type { FieldViolation } from "./result.js";

/** gRPC's names. `INTERNAL` details are logged, never sent to a caller. */
export type ErrorCode =
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "FAILED_PRECONDITION"
  | "PERMISSION_DENIED"
  | "UNAUTHENTICATED"
  | "UNAVAILABLE"
  | "INTERNAL";

export interface FederationErrorOptions {
  readonly cause?: unknown;
  readonly violations?: readonly FieldViolation[];
}

/** Caller misuse or trouble with something remote. Wrong user input is a `Result`, our own bug is `invariant`. */
export class FederationError extends Error {
  override readonly name: string = "FederationError";
  readonly code: ErrorCode;
  readonly violations: readonly FieldViolation[];

  constructor(code: ErrorCode, message: string, options: FederationErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.violations = options.violations ?? [];
  }

  /** True for any FederationError, also one made by another copy of this package. */
  static is(value: unknown): value is FederationError {
    return value instanceof Error && value.name === "FederationError" && "code" in value;
  }
}

/** Throws when our own code is wrong. Never caught except at the edge of the process. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant violated: ${message}`);
}

/** One thing that the server found wrong with a request. */
export interface ApiErrorCause {
  /** For example `FieldValueRequired`. */
  readonly reason: string;
  readonly message: string;
  /** Path in the object, for example `spec.exportRules[2].type`. */
  readonly field?: string;
}

/**
 * Why a request failed. Kubernetes' words as the server sent them (`NotFound`, `AlreadyExists`, `Conflict`, `Expired`,
 * `Invalid`, `BadRequest`, `Unauthorized`, `Forbidden`, ...), `Unknown` when it sent none, and of our own:
 *
 * - `Unreachable`: no answer came: no connection, no trust in the certificate, or the connection broke
 * - `TimedOut`: no complete answer came in time
 * - `InvalidResponse`: an answer came that is none of this API
 */
export type ApiErrorReason = "Unreachable" | "TimedOut" | "InvalidResponse" | "Unknown" | (string & {});

export interface ApiErrorOptions {
  /** HTTP status; absent when there was no answer. */
  readonly status?: number;
  readonly causes?: readonly ApiErrorCause[];
  /** Name of the object that the server's answer is about. */
  readonly objectName?: string;
  readonly cause?: unknown;
}

/** A request that did not succeed. An aborted request rejects with its signal's reason instead. */
export class ApiError extends Error {
  override readonly name: string = "ApiError";
  readonly reason: ApiErrorReason;
  readonly status: number | undefined;
  readonly causes: readonly ApiErrorCause[];
  readonly objectName: string | undefined;

  constructor(reason: ApiErrorReason, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.status = options.status;
    this.causes = options.causes ?? [];
    this.objectName = options.objectName;
  }

  /** True for any ApiError, also one made by another copy of this package. */
  static is(value: unknown): value is ApiError {
    return value instanceof Error && value.name === "ApiError" && "reason" in value;
  }
}

/** The error in a metav1.Status, or in whatever else came with the HTTP status. */
export function errorFromStatus(httpStatus: number, body: unknown): ApiError {
  if (!isRecord(body) || body.kind !== "Status") {
    return new ApiError("Unknown", `the server answered with HTTP status ${httpStatus}`, { status: httpStatus });
  }
  const details = isRecord(body.details) ? body.details : {};
  const reason = textOr(body.reason, "Unknown");
  const causes = Array.isArray(details.causes) ? details.causes.filter(isRecord).map(toCause) : [];
  return new ApiError(reason, textOr(body.message, `the server answered with HTTP status ${httpStatus}`), {
    status: httpStatus,
    causes,
    ...(typeof details.name === "string" ? { objectName: details.name } : {}),
  });
}

function toCause(cause: Readonly<Record<string, unknown>>): ApiErrorCause {
  return {
    reason: textOr(cause.reason, "Unknown"),
    message: textOr(cause.message, ""),
    ...(typeof cause.field === "string" ? { field: cause.field } : {}),
  };
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === "string" && value !== "" ? value : fallback;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import type { FieldViolation, ResourceType, ViolationReason } from "@meshfed/core";
import { qualifiedResource } from "../resource-catalog.js";

/** metav1.StatusReason, those that we send. */
export type StatusReason =
  | "BadRequest"
  | "Unauthorized"
  | "Forbidden"
  | "NotFound"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "AlreadyExists"
  | "Conflict"
  | "Expired"
  | "RequestEntityTooLarge"
  | "UnsupportedMediaType"
  | "Invalid"
  | "InternalError"
  | "ServiceUnavailable"
  | "Timeout";

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** In errors the plural resource name, for `Invalid` the kind: as the Kubernetes API server writes it. */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** metav1.Status. */
export interface ApiStatus {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: StatusReason;
  readonly details?: StatusDetails;
  readonly code: number;
}

/** HTTP status of each reason. */
const CODES: Readonly<Record<StatusReason, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  Timeout: 504,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  InternalError: 500,
  ServiceUnavailable: 503,
};

export function failureStatus(reason: StatusReason, message: string, details?: StatusDetails): ApiStatus {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code: CODES[reason],
  };
}

export function successStatus(details: StatusDetails): ApiStatus {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details, code: 200 };
}

/** A request that ends with a metav1.Status. Thrown by what handles requests, caught by the router alone. */
export class StatusError extends Error {
  override readonly name: string = "StatusError";
  readonly status: ApiStatus;
  /** The connection cannot be used again: the request's body was not read to its end. */
  readonly closeConnection: boolean;

  constructor(status: ApiStatus, options: { readonly closeConnection?: boolean } = {}) {
    super(status.message);
    this.status = status;
    this.closeConnection = options.closeConnection ?? false;
  }
}

export function badRequest(message: string): StatusError {
  return new StatusError(failureStatus("BadRequest", message));
}

/** The address names no resource that we serve. Says nothing about objects. */
export function unknownPath(): StatusError {
  return new StatusError(failureStatus("NotFound", "the server could not find the requested resource"));
}

export function objectNotFound(type: ResourceType, name: string): StatusError {
  return new StatusError(
    failureStatus("NotFound", `${qualifiedResource(type)} "${name}" not found`, objectDetails(type, name)),
  );
}

export function conflict(type: ResourceType, name: string, message: string): StatusError {
  return new StatusError(
    failureStatus(
      "Conflict",
      `Operation cannot be fulfilled on ${qualifiedResource(type)} "${name}": ${message}`,
      objectDetails(type, name),
    ),
  );
}

export function methodNotAllowed(method: string): StatusError {
  return new StatusError(
    failureStatus("MethodNotAllowed", `the server does not allow the method "${method}" on the requested resource`),
  );
}

/** 422 with a cause for each violation. `name` is empty when the object has none. */
export function invalidObject(
  type: Pick<ResourceType, "kind" | "group">,
  name: string,
  violations: readonly FieldViolation[],
): StatusError {
  const qualifiedKind = type.group === "" ? type.kind : `${type.kind}.${type.group}`;
  const texts = violations.map((violation) => `${violation.path}: ${violation.message}`);
  const summary = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  return new StatusError(
    failureStatus("Invalid", `${qualifiedKind} "${name}" is invalid: ${summary}`, {
      name,
      group: type.group,
      kind: type.kind,
      causes: violations.map(toCause),
    }),
  );
}

/** @see Kubernetes field.ErrorType */
const CAUSE_REASONS: Readonly<Record<ViolationReason, string>> = {
  Required: "FieldValueRequired",
  Invalid: "FieldValueInvalid",
  Unsupported: "FieldValueNotSupported",
  Duplicate: "FieldValueDuplicate",
  TooLong: "FieldValueTooLong",
  TypeInvalid: "FieldValueTypeInvalid",
  Forbidden: "FieldValueForbidden",
};

function toCause(violation: FieldViolation): StatusCause {
  return { reason: CAUSE_REASONS[violation.reason], message: violation.message, field: violation.path };
}

export function objectDetails(type: ResourceType, name: string): StatusDetails {
  return { name, group: type.group, kind: type.plural };
}

import type { ErrorCode, FederationError as FederationErrorType, ResourceType } from "@meshfed/core";
import { FederationError } from "@meshfed/core";
import { qualifiedResource } from "../resource-catalog.js";
import type { StatusReason } from "./api-status.js";
import { type ApiStatus, failureStatus, invalidObject, objectDetails, StatusError } from "./api-status.js";

/** What the request was about, for the message of its Status. */
export interface ErrorSubject {
  readonly type: ResourceType;
  readonly name: string;
}

/** The one table from our error codes to Kubernetes' reasons; the reason decides the HTTP status. */
const REASONS: Readonly<Record<ErrorCode, StatusReason>> = {
  INVALID_ARGUMENT: "BadRequest",
  NOT_FOUND: "NotFound",
  ALREADY_EXISTS: "AlreadyExists",
  ABORTED: "Conflict",
  OUT_OF_RANGE: "Expired",
  FAILED_PRECONDITION: "Conflict",
  PERMISSION_DENIED: "Forbidden",
  UNAUTHENTICATED: "Unauthorized",
  UNAVAILABLE: "ServiceUnavailable",
  INTERNAL: "InternalError",
};

/** Clients of the Go library retry a 503 only when it says after how long. */
const RETRY_AFTER_SECONDS = 1;

/** Turns whatever a handler threw into the Status that its caller gets. Details of our own failures are not told. */
export function toStatus(error: unknown, subject?: ErrorSubject): ApiStatus {
  if (error instanceof StatusError) return error.status;
  if (!FederationError.is(error)) return internalError();
  const reason = REASONS[error.code];
  if (reason === "InternalError") return internalError();
  if (error.violations.length > 0) return violationsStatus(error, subject);
  if (reason === "ServiceUnavailable") {
    return failureStatus(reason, error.message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
  if (subject === undefined) return failureStatus(reason, error.message);
  return failureStatus(
    reason,
    objectMessage(reason, error.message, subject),
    objectDetails(subject.type, subject.name),
  );
}

/** True when the Status hides what happened, so that the log has to tell it. */
export function isInternal(error: unknown): boolean {
  return !(error instanceof StatusError) && (!FederationError.is(error) || error.code === "INTERNAL");
}

function internalError(): ApiStatus {
  return failureStatus("InternalError", "an error on the server prevented the request from succeeding");
}

function violationsStatus(error: FederationErrorType, subject: ErrorSubject | undefined): ApiStatus {
  return invalidObject(subject?.type ?? { kind: "Object", group: "" }, subject?.name ?? "", error.violations).status;
}

/** The Kubernetes API server's words where programs and people know them by heart. */
function objectMessage(reason: StatusReason, message: string, { type, name }: ErrorSubject): string {
  const resource = qualifiedResource(type);
  if (reason === "NotFound") return `${resource} "${name}" not found`;
  if (reason === "AlreadyExists") return `${resource} "${name}" already exists`;
  if (reason === "Conflict") return `Operation cannot be fulfilled on ${resource} "${name}": ${message}`;
  return message;
}

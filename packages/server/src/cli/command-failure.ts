import { ApiError } from "@meshfed/client";
import { FederationError } from "@meshfed/core";
import { ExitCode } from "./exit-codes.js";

/** Why a command ends without success: what is said on standard error, line by line, and its exit code. */
export class CommandFailure extends Error {
  override readonly name: string = "CommandFailure";
  readonly exitCode: ExitCode;
  readonly lines: readonly string[];

  constructor(exitCode: ExitCode, lines: readonly string[]) {
    super(lines.join("\n"));
    this.exitCode = exitCode;
    this.lines = lines;
  }
}

export function usageFailure(message: string): CommandFailure {
  return new CommandFailure(ExitCode.INVALID, [message]);
}

/** Nothing when all went well; otherwise what every failure has to say, with the exit code of the first. */
export function throwFirst(failures: readonly CommandFailure[]): void {
  const [first] = failures;
  if (first === undefined) return;
  throw new CommandFailure(
    first.exitCode,
    failures.flatMap(({ lines }) => lines),
  );
}

/** For anything that a command threw. Never holds a stack trace, a credential or an object's content. */
export function toCommandFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (ApiError.is(error)) return new CommandFailure(exitCodeOf(error), describeApiError(error));
  if (FederationError.is(error)) {
    const isInput = error.code === "INVALID_ARGUMENT" || error.code === "FAILED_PRECONDITION";
    return new CommandFailure(isInput ? ExitCode.INVALID : ExitCode.FAILED, [error.message]);
  }
  return new CommandFailure(ExitCode.FAILED, [`unexpected: ${error instanceof Error ? error.message : String(error)}`]);
}

function exitCodeOf({ reason, status }: ApiError): ExitCode {
  if (reason === "Unreachable" || reason === "TimedOut") return ExitCode.UNREACHABLE;
  switch (status) {
    case 400:
    case 413:
    case 415:
    case 422:
      return ExitCode.INVALID;
    case 401:
    case 403:
      return ExitCode.DENIED;
    case 404:
      return ExitCode.NOT_FOUND;
    case 409:
      return ExitCode.CONFLICT;
    default:
      return ExitCode.FAILED;
  }
}

/** Each violation on a line of its own; otherwise what the server said. */
function describeApiError(error: ApiError): readonly string[] {
  if (error.status === 401) return ["the server does not accept the credential of the kubeconfig"];
  const fields = error.causes.filter((cause) => cause.field !== undefined && cause.field !== "");
  if (fields.length === 0) return [error.message];
  const subject = error.objectName === undefined || error.objectName === "" ? "" : `"${error.objectName}": `;
  return fields.map(({ field, message }) => `${subject}${field}: ${message}`);
}

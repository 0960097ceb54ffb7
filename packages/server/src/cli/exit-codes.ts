/** What the command's exit code says. Scripts may rely on it. */
export const ExitCode = {
  /** All that was asked for was done. */
  OK: 0,
  /** The request failed for a reason that has no code of its own. */
  FAILED: 1,
  /** Wrong usage, or input that is not valid: nothing was sent, or the server refused it as invalid (400, 422). */
  INVALID: 2,
  /** The server cannot be reached, or did not answer in time. */
  UNREACHABLE: 3,
  /** The server does not know the credential (401), or it does not suffice (403). */
  DENIED: 4,
  /** There is no such object, or the server does not have the kind (404). */
  NOT_FOUND: 5,
  /** Others changed the object at the same time, or it exists already (409). */
  CONFLICT: 6,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

import { dirname } from "node:path";
import { type ErrorCode, FederationError } from "@meshfed/core";

/** SQLite's primary result codes that a user can do something about. @see https://www.sqlite.org/rescode.html */
const SQLITE_PERM = 3;
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

/** What happened to the store's file and what helps, for anything that SQLite or the file system throws. */
export function toStoreError(error: unknown, file: string): FederationError {
  if (FederationError.is(error)) return error;
  const [code, message] = explain(error, file);
  return new FederationError(code, message, { cause: error });
}

/** The file's content is wrong; nothing was changed. */
export function damagedStore(file: string, detail: string, cause?: unknown): FederationError {
  return new FederationError(
    "FAILED_PRECONDITION",
    `store file "${file}" is damaged (${detail}); restore it from a backup, or move it away to start with an empty store`,
    { cause },
  );
}

function explain(error: unknown, file: string): [ErrorCode, string] {
  const detail = error instanceof Error ? error.message : String(error);
  switch (primaryCode(error)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return [
        "UNAVAILABLE",
        `data directory "${dirname(file)}" is in use by another process; stop that process or use another directory`,
      ];
    case SQLITE_FULL:
      return ["UNAVAILABLE", `cannot write store file "${file}": the disk is full; free some space and try again`];
    case SQLITE_IOERR:
      return ["UNAVAILABLE", `cannot read or write store file "${file}": ${detail}; check the disk and its limits`];
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return [
        "UNAVAILABLE",
        `cannot write store file "${file}": ${detail}; check that the directory and the file belong to this user and are writable`,
      ];
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ["FAILED_PRECONDITION", damagedStore(file, detail).message];
    default:
      return isSystemError(error)
        ? ["UNAVAILABLE", `cannot use data directory "${dirname(file)}": ${detail}`]
        : ["INTERNAL", `store file "${file}": ${detail}`];
  }
}

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

import { chmodSync, closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { migrate } from "./schema.js";
import { toStoreError } from "./sqlite-error.js";

/**
 * Opens the store's file for this process alone, with the newest schema; the caller closes it.
 *
 * - WAL with synchronous=FULL: a commit is on the disk when it returns, and a torn tail of the log is cut off by the next
 *   open, so a process or a machine may die at any moment.
 * - locking_mode=EXCLUSIVE: the operating system's lock on the file lasts until the connection closes or the process ends,
 *   in whatever way, so there is no stale lock to clean up. (It also spares the shared-memory file.)
 * - secure_delete: deleted content, private keys among it, is overwritten with zeros.
 *
 * @throws FederationError UNAVAILABLE (in use, not writable, disk full) or FAILED_PRECONDITION (damaged, newer, not ours).
 */
export function openDatabase(file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    prepareFile(file);
    database = new DatabaseSync(file);
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON");
    // The lock is taken by the first write, so write now.
    database.exec("BEGIN EXCLUSIVE; COMMIT");
    migrate(database, file);
    return database;
  } catch (error) {
    database?.close();
    throw toStoreError(error, file);
  }
}

function prepareFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    // Never opens a file that exists: closing it would drop the lock of another store in this process (POSIX locks).
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  }
}

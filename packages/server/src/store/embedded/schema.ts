import type { DatabaseSync } from "node:sqlite";
import { FederationError } from "@meshfed/core";

/** "mesh" in ASCII; marks the file as ours. @see https://www.sqlite.org/pragma.html#pragma_application_id */
const APPLICATION_ID = 0x6d657368;

/**
 * One step per schema version, never edited once released: a file at version n gets the steps from n on. The version is
 * SQLite's `user_version`, which is written in the same transaction as the step.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,      -- the newest resourceVersion given out; never goes back
    compacted INTEGER NOT NULL     -- changes up to this one are no longer in the log
  ) STRICT;
  INSERT INTO store (id, version, compacted) VALUES (1, 1, 1);

  CREATE TABLE objects (
    type TEXT NOT NULL,            -- Kind.group
    namespace TEXT NOT NULL,       -- '' for cluster-scoped kinds
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    object TEXT NOT NULL,
    PRIMARY KEY (type, namespace, name)
  ) STRICT;

  CREATE TABLE changes (
    version INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,           -- milliseconds since the epoch
    action TEXT NOT NULL CHECK (action IN ('ADDED', 'MODIFIED', 'DELETED')),
    type TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    object TEXT NOT NULL,          -- after the change; of a deleted object its last state
    previous TEXT                  -- before the change; NULL for ADDED
  ) STRICT;
  `,
];

/**
 * Brings the file to the newest schema in one transaction; data is kept.
 * @throws FederationError FAILED_PRECONDITION when the file is a newer release's, or not ours.
 */
export function migrate(database: DatabaseSync, file: string, migrations: readonly string[] = MIGRATIONS): void {
  const version = readPragma(database, "user_version");
  assertOurs(database, file, version);
  if (version > migrations.length) {
    throw new FederationError(
      "FAILED_PRECONDITION",
      `store file "${file}" has schema version ${version}, this release knows ${migrations.length}; start the release that wrote it, or a newer one`,
    );
  }
  if (version === migrations.length) return;
  database.exec("BEGIN EXCLUSIVE");
  try {
    for (const step of migrations.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function assertOurs(database: DatabaseSync, file: string, version: number): void {
  const applicationId = readPragma(database, "application_id");
  const isNew = version === 0 && applicationId === 0 && readPragma(database, "schema_version") === 0;
  if (isNew || applicationId === APPLICATION_ID) return;
  throw new FederationError(
    "FAILED_PRECONDITION",
    `file "${file}" is an SQLite database of another program; use another directory`,
  );
}

function readPragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

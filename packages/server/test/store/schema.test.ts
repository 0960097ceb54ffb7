import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { MIGRATIONS, migrate } from "../../src/store/embedded/schema.js";
import { temporaryDirectory } from "./store-rig.js";

const STEPS = [
  "CREATE TABLE notes (text TEXT)",
  "ALTER TABLE notes ADD COLUMN author TEXT DEFAULT 'unknown'; CREATE TABLE authors (name TEXT)",
  "INSERT INTO authors SELECT DISTINCT author FROM notes",
];

function openDatabase(): DatabaseSync {
  const database = new DatabaseSync(join(temporaryDirectory(), "meshfed.db"));
  onTestFinished(() => database.close());
  return database;
}

const schemaVersion = (database: DatabaseSync) => database.prepare("PRAGMA user_version").get();

describe("schema migration", () => {
  it("brings a new file to the newest version", () => {
    const database = openDatabase();
    migrate(database, "meshfed.db");
    expect(schemaVersion(database)).toEqual({ user_version: MIGRATIONS.length });
    expect(database.prepare("SELECT version, compacted FROM store").all()).toEqual([{ version: 1, compacted: 1 }]);
  });

  it("keeps the data and runs each step once", () => {
    const database = openDatabase();
    migrate(database, "meshfed.db", STEPS.slice(0, 1));
    database.exec("INSERT INTO notes VALUES ('kept')");
    migrate(database, "meshfed.db", STEPS);
    migrate(database, "meshfed.db", STEPS);
    expect(database.prepare("SELECT * FROM notes").all()).toEqual([{ text: "kept", author: "unknown" }]);
    expect(database.prepare("SELECT * FROM authors").all()).toEqual([{ name: "unknown" }]);
    expect(schemaVersion(database)).toEqual({ user_version: 3 });
  });

  it("changes nothing when a step fails", () => {
    const database = openDatabase();
    migrate(database, "meshfed.db", STEPS.slice(0, 1));
    database.exec("INSERT INTO notes VALUES ('kept')");
    expect(() => migrate(database, "meshfed.db", [...STEPS, "NOT SQL"])).toThrow(/syntax error/);
    expect(schemaVersion(database)).toEqual({ user_version: 1 });
    expect(database.prepare("SELECT * FROM notes").all()).toEqual([{ text: "kept" }]);
  });

  it("refuses a version that is not known yet", () => {
    const database = openDatabase();
    migrate(database, "meshfed.db", STEPS);
    expect(() => migrate(database, "meshfed.db", STEPS.slice(0, 2))).toThrow(
      /store file "meshfed.db" has schema version 3, this release knows 2/,
    );
  });
});

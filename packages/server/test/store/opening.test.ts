import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FederationError, RESOURCE_TYPES } from "@meshfed/core";
import { createEmbeddedStore } from "@meshfed/server";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../../test/conformance/manual-clock.js";
import { configMap, namespace, StoreRig, temporaryDirectory } from "./store-rig.js";

function openingError(directory: string): FederationError {
  try {
    createEmbeddedStore({ directory, types: RESOURCE_TYPES, clock: new ManualClock() });
  } catch (error) {
    if (FederationError.is(error)) return error;
    throw error;
  }
  throw new Error("opened");
}

/** Leaves a store with one object behind; returns its file. */
async function writtenStore(directory: string): Promise<string> {
  const store = createEmbeddedStore({ directory, types: RESOURCE_TYPES, clock: new ManualClock() });
  await store.create(namespace("default"));
  await store.create(configMap("a", { some: "x".repeat(100_000) }));
  await store.close();
  return join(directory, "meshfed.db");
}

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("opening a store", () => {
  it("creates directory and file for this user alone", async () => {
    const directory = join(temporaryDirectory(), "nested", "data");
    const store = createEmbeddedStore({ directory, types: RESOURCE_TYPES, clock: new ManualClock() });
    await store.create(namespace("default"));
    expect(mode(directory)).toBe("700");
    for (const file of readdirSync(directory)) expect(`${file} ${mode(join(directory, file))}`).toBe(`${file} 600`);
    await store.close();
  });

  it("takes away what others may do with the file", async () => {
    const directory = temporaryDirectory();
    const file = await writtenStore(directory);
    chmodSync(file, 0o644);
    await createEmbeddedStore({ directory, types: RESOURCE_TYPES, clock: new ManualClock() }).close();
    expect(mode(file)).toBe("600");
  });

  it("twice in one process: the second is told which directory and what to do", async () => {
    const rig = new StoreRig();
    const store = rig.open();
    const error = openingError(rig.directory);
    expect(error.code).toBe("UNAVAILABLE");
    expect(error.message).toBe(
      `data directory "${rig.directory}" is in use by another process; stop that process or use another directory`,
    );
    await store.create(namespace("default"));
    expect(openingError(rig.directory).code, "the first still holds its lock").toBe("UNAVAILABLE");
    await rig.close();
    await rig.open().close();
  });

  it.each([
    ["text", (file: string) => writeFileSync(file, "this is no database. ".repeat(1000))],
    ["a page of zeros in the middle", (file: string) => overwrite(file, 8192, Buffer.alloc(4096))],
    ["noise over the first object", (file: string) => overwrite(file, 20_000, Buffer.alloc(60_000, "noise"))],
  ])("refuses a file that is damaged by %s, and names it", async (_what, damage) => {
    const directory = temporaryDirectory();
    const file = await writtenStore(directory);
    damage(file);
    const error = openingError(directory);
    expect(error.code).toBe("FAILED_PRECONDITION");
    expect(error.message).toContain(`store file "${file}" is damaged`);
    expect(error.message).toContain("restore it from a backup");
    expect(openingError(directory).message, "again the same, nothing was made worse").toBe(error.message);
  });

  it.each([
    ["not JSON", "UPDATE objects SET object = '{' WHERE name = 'a'", "DELETE FROM changes"],
    ['object "a" is ahead', "UPDATE objects SET version = 99 WHERE name = 'a'", ""],
    ["change 99 is ahead", "UPDATE changes SET version = 99 WHERE name = 'a'", ""],
    ["no version counter", "DELETE FROM store", ""],
  ])("refuses a file that contradicts itself: %s", async (finding, ...statements) => {
    const directory = temporaryDirectory();
    const file = await writtenStore(directory);
    const database = new DatabaseSync(file);
    for (const statement of statements) database.exec(statement);
    database.close();
    const error = openingError(directory);
    expect(error.code).toBe("FAILED_PRECONDITION");
    expect(error.message).toContain(finding);
  });

  it("refuses a newer schema and says which it knows", async () => {
    const directory = temporaryDirectory();
    const file = await writtenStore(directory);
    const database = new DatabaseSync(file);
    database.exec("PRAGMA user_version = 1000");
    database.close();
    const error = openingError(directory);
    expect(error.code).toBe("FAILED_PRECONDITION");
    expect(error.message).toMatch(/has schema version 1000, this release knows \d+; start the release that wrote it/);
  });

  it("refuses another program's database and leaves it alone", async () => {
    const directory = temporaryDirectory();
    const database = new DatabaseSync(join(directory, "meshfed.db"));
    database.exec("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
    database.close();
    const error = openingError(directory);
    expect(error.code).toBe("FAILED_PRECONDITION");
    expect(error.message).toContain("SQLite database of another program");
  });

  it.each([
    ["a file where the directory should be", (directory: string) => writeFileSync(directory, "")],
    [
      "a directory where the file should be",
      (directory: string) => mkdirSync(join(directory, "meshfed.db"), { recursive: true }),
    ],
  ])("refuses %s", (_what, prepare) => {
    const directory = join(temporaryDirectory(), "data");
    prepare(directory);
    const error = openingError(directory);
    expect(error.code).toBe("UNAVAILABLE");
    expect(error.message).toContain(directory);
  });

  it.each([
    ["a directory that cannot be written", () => undefined],
    ["a file that cannot be written", (directory: string) => writtenStore(directory)],
  ])("refuses %s", async (_what, prepare) => {
    const directory = temporaryDirectory();
    await prepare(directory);
    for (const file of readdirSync(directory)) chmodSync(join(directory, file), 0o400);
    chmodSync(directory, 0o555);
    const error = asOrdinaryUser(() => openingError(directory));
    expect(error.code).toBe("UNAVAILABLE");
    expect(error.message).toContain(directory);
    chmodSync(directory, 0o700);
  });
});

/** As a user without rights, also when the tests run as root, for whom no directory is read-only. */
function asOrdinaryUser<T>(run: () => T): T {
  if (process.geteuid?.() !== 0 || process.seteuid === undefined) return run();
  process.seteuid("nobody");
  try {
    return run();
  } finally {
    process.seteuid(0);
  }
}

/** The store was closed, so everything is in this one file. */
function overwrite(file: string, at: number, bytes: Buffer): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, bytes, 0, bytes.length, at);
  closeSync(descriptor);
}

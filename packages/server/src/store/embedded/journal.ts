import type { DatabaseSync, StatementSync } from "node:sqlite";
import { FederationError, type KubernetesObject } from "@meshfed/core";
import type { Change } from "./change-log.js";
import { openDatabase } from "./database.js";
import { deepFreeze } from "./frozen-json.js";
import { damagedStore, toStoreError } from "./sqlite-error.js";
import { type RowKey, rowKey, type TypeId } from "./type-index.js";

/** What a journal holds when it is opened. */
export interface JournalContent {
  /** The newest version given out. */
  readonly version: number;
  /** Changes up to this one were dropped. */
  readonly compacted: number;
  readonly objects: readonly { readonly type: TypeId; readonly object: KubernetesObject }[];
  readonly changes: readonly Change[];
  /** Objects of kinds that are not served: they stay in the file, untouched. */
  readonly notServed: ReadonlyMap<TypeId, number>;
}

/** One transaction's worth of writes. */
export interface JournalEntry {
  readonly changes: readonly (Change & { readonly text: string })[];
  /** Drop changes up to this version. */
  readonly compactTo: number | undefined;
}

interface Statements {
  readonly addChange: StatementSync;
  readonly putObject: StatementSync;
  readonly removeObject: StatementSync;
  readonly setVersion: StatementSync;
  readonly setCompacted: StatementSync;
  readonly dropChanges: StatementSync;
}

/**
 * The durable side of the store: every object's newest state and the log of changes, written together or not at all.
 * Everything is read once, when the store opens; after that the file is only written.
 */
export class Journal {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;

  /** @throws FederationError as openDatabase does. */
  constructor(file: string) {
    this.#file = file;
    this.#database = openDatabase(file);
    try {
      this.#statements = prepareStatements(this.#database);
    } catch (error) {
      this.#database.close();
      throw toStoreError(error, file);
    }
  }

  /**
   * Reads the whole journal.
   * @throws FederationError FAILED_PRECONDITION when it contradicts itself.
   */
  load(isServed: (type: TypeId) => boolean): JournalContent {
    try {
      return this.#load(isServed);
    } catch (error) {
      throw error instanceof SyntaxError
        ? damagedStore(this.#file, "not JSON", error)
        : toStoreError(error, this.#file);
    }
  }

  /**
   * Durable when it returns; on an error nothing of it was written.
   * @throws FederationError UNAVAILABLE when the disk refuses.
   */
  commit(entry: JournalEntry): void {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const change of entry.changes) this.#write(change);
      const version = entry.changes.at(-1)?.version;
      if (version !== undefined) this.#statements.setVersion.run(version);
      if (entry.compactTo !== undefined) {
        this.#statements.dropChanges.run(entry.compactTo);
        this.#statements.setCompacted.run(entry.compactTo);
      }
      this.#database.exec("COMMIT");
    } catch (error) {
      // SQLite has already rolled back after some errors, a full disk among them.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw toStoreError(error, this.#file);
    }
  }

  close(): void {
    this.#database.close();
  }

  #write({ version, at, action, type, object, text }: Change & { readonly text: string }): void {
    const { namespace, name } = rowKey(type, object);
    const { addChange, putObject, removeObject } = this.#statements;
    addChange.run(version, at, action, type, namespace, name, text, type, namespace, name);
    if (action === "DELETED") removeObject.run(type, namespace, name);
    else putObject.run(type, namespace, name, version, text);
  }

  #load(isServed: (type: TypeId) => boolean): JournalContent {
    const state = this.#database.prepare("SELECT version, compacted FROM store").get();
    if (state === undefined) throw damagedStore(this.#file, "no version counter");
    const version = Number(state.version);
    const changes = this.#loadChanges(isServed, version);
    const { objects, notServed } = this.#loadObjects(isServed, version, changes);
    return { version, compacted: Number(state.compacted), objects, changes, notServed };
  }

  #loadChanges(isServed: (type: TypeId) => boolean, newest: number): Change[] {
    const changes: Change[] = [];
    const latest = new Map<string, Change>();
    for (const row of this.#database.prepare("SELECT * FROM changes ORDER BY version").iterate()) {
      const key = readKey(row);
      if (!isServed(key.type)) continue;
      const text = String(row.object);
      const before = row.previous;
      const earlier = latest.get(keyText(key));
      const change: Change = {
        version: Number(row.version),
        at: Number(row.at),
        action: readAction(row.action),
        type: key.type,
        object: parseObject(text),
        // Mostly the object of an earlier change that is here already: shared, not parsed again.
        previous: typeof before !== "string" ? undefined : (earlier?.object ?? parseObject(before)),
        bytes: text.length,
      };
      if (change.version > newest)
        throw damagedStore(this.#file, `change ${change.version} is ahead of the version counter`);
      changes.push(change);
      latest.set(keyText(key), change);
    }
    return changes;
  }

  #loadObjects(
    isServed: (type: TypeId) => boolean,
    newest: number,
    changes: readonly Change[],
  ): Pick<JournalContent, "objects" | "notServed"> {
    const byVersion = new Map(changes.map((change) => [change.version, change.object]));
    const objects: { type: TypeId; object: KubernetesObject }[] = [];
    const notServed = new Map<TypeId, number>();
    const rows = this.#database.prepare("SELECT * FROM objects ORDER BY type, namespace, name").iterate();
    for (const row of rows) {
      const { type, name } = readKey(row);
      const version = Number(row.version);
      if (version > newest) throw damagedStore(this.#file, `object "${name}" is ahead of the version counter`);
      if (isServed(type)) objects.push({ type, object: byVersion.get(version) ?? parseObject(String(row.object)) });
      else notServed.set(type, (notServed.get(type) ?? 0) + 1);
    }
    return { objects, notServed };
  }
}

function prepareStatements(database: DatabaseSync): Statements {
  return {
    // The state before the change is copied inside SQLite, from the row that is about to be replaced.
    addChange: database.prepare(
      `INSERT INTO changes (version, at, action, type, namespace, name, object, previous)
       VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT object FROM objects WHERE type = ? AND namespace = ? AND name = ?))`,
    ),
    putObject: database.prepare(
      `INSERT INTO objects (type, namespace, name, version, object) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (type, namespace, name) DO UPDATE SET version = excluded.version, object = excluded.object`,
    ),
    removeObject: database.prepare("DELETE FROM objects WHERE type = ? AND namespace = ? AND name = ?"),
    setVersion: database.prepare("UPDATE store SET version = ?"),
    setCompacted: database.prepare("UPDATE store SET compacted = ?"),
    dropChanges: database.prepare("DELETE FROM changes WHERE version <= ?"),
  };
}

function parseObject(text: string): KubernetesObject {
  return deepFreeze(JSON.parse(text));
}

function readKey(row: Record<string, unknown>): RowKey {
  return { type: String(row.type), namespace: String(row.namespace), name: String(row.name) };
}

function keyText(key: RowKey): string {
  return `${key.type} ${key.namespace} ${key.name}`;
}

function readAction(value: unknown): Change["action"] {
  if (value === "ADDED" || value === "MODIFIED" || value === "DELETED") return value;
  throw new FederationError("FAILED_PRECONDITION", `unknown action "${String(value)}" in the change log`);
}

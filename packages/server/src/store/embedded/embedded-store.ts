import { setMaxListeners } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FederationError, type KubernetesObject, type ObjectReference, type ResourceType } from "@meshfed/core";
import type {
  DeleteOptions,
  ListOptions,
  ListResult,
  ResourceStore,
  StoreEvent,
  UpdateOptions,
  WatchOptions,
} from "../resource-store.js";
import { ChangeLog } from "./change-log.js";
import { createObject } from "./create-object.js";
import { deleteObject } from "./delete-object.js";
import { copyJson } from "./frozen-json.js";
import { Journal } from "./journal.js";
import { listObjects } from "./list-objects.js";
import { assertValid, checkIdentity } from "./object-checks.js";
import { ObjectTable } from "./object-table.js";
import { type EmbeddedStoreOptions, type ResolvedOptions, resolveOptions } from "./options.js";
import { repeat } from "./repeat.js";
import { parseResourceVersion } from "./resource-version.js";
import type { Transaction } from "./transaction.js";
import { type RowKey, TypeIndex, typeId } from "./type-index.js";
import { updateObject } from "./update-object.js";
import { Watcher } from "./watcher.js";
import { WriteQueue } from "./write-queue.js";

/** How often a store that is quiet looks for history that has become too old. */
const COMPACTION_INTERVAL_MS = 60_000;

/**
 * Opens the store of one machine: Kubernetes objects in one SQLite file, for one process at a time. See the folder's
 * README for how it works and what was chosen.
 *
 * Beyond the contract of ResourceStore:
 * - Objects that it returns are deep-frozen and shared; objects that it is given are copied.
 * - A continue token never expires (see listObjects).
 * - Objects are kept under the preferred version of their kind, whichever they came in.
 *
 * @throws FederationError UNAVAILABLE when the directory is in use or cannot be written, FAILED_PRECONDITION when the file
 * is damaged, of a newer release or of another program.
 */
export function createEmbeddedStore(options: EmbeddedStoreOptions): ResourceStore {
  return new EmbeddedStore(resolveOptions(options));
}

class EmbeddedStore implements ResourceStore {
  readonly #options: ResolvedOptions;
  readonly #types: TypeIndex;
  readonly #table = new ObjectTable();
  readonly #journal: Journal;
  readonly #log: ChangeLog;
  readonly #writes: WriteQueue;
  readonly #closing = new AbortController();
  readonly #cancelCompaction: () => void;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#types = new TypeIndex(options.types);
    this.#journal = new Journal(options.file);
    this.#log = this.#load();
    this.#writes = new WriteQueue({
      table: this.#table,
      types: this.#types,
      journal: this.#journal,
      log: this.#log,
      now: () => options.clock.now(),
      maxWaiting: options.maxWaitingWrites,
    });
    this.#cancelCompaction = repeat(options.clock, COMPACTION_INTERVAL_MS, () => this.#compact());
    // One listener per watch, and there may be any number of them.
    setMaxListeners(0, this.#closing.signal);
  }

  async get(type: ResourceType, reference: Omit<ObjectReference, "kind">): Promise<KubernetesObject | undefined> {
    this.#assertOpen();
    return this.#table.get(this.#keyOf(type, reference));
  }

  async list(options: ListOptions): Promise<ListResult> {
    this.#assertOpen();
    return listObjects(this.#table, this.#log, this.#types.idOf(options.type), options);
  }

  async create(object: KubernetesObject, options: { readonly dryRun?: boolean } = {}): Promise<KubernetesObject> {
    const type = this.#types.ofObject(object);
    const input = copyJson(object);
    return this.#write(type, options.dryRun, (transaction) => createObject(transaction, type, input));
  }

  async update(object: KubernetesObject, options: UpdateOptions = {}): Promise<KubernetesObject> {
    const type = this.#types.ofObject(object);
    const input = copyJson(object);
    return this.#write(type, options.dryRun, (transaction) =>
      updateObject(transaction, type, input, options.subresource),
    );
  }

  async delete(
    type: ResourceType,
    reference: Omit<ObjectReference, "kind">,
    options: DeleteOptions = {},
  ): Promise<KubernetesObject> {
    const { namespace, name } = this.#keyOf(type, reference);
    return this.#write(type, options.dryRun, (transaction) =>
      deleteObject(transaction, type, { namespace, name }, options),
    );
  }

  watch(options: WatchOptions): AsyncIterable<StoreEvent> {
    this.#assertOpen();
    const type = this.#types.idOf(options.type);
    const position = parseResourceVersion(options.resourceVersion);
    // Throws now what would otherwise end the watch at its first event.
    if (position !== undefined) this.#log.assertReaches(type, position);
    const sources = {
      log: this.#log,
      table: this.#table,
      clock: this.#options.clock,
      bookmarkIntervalMs: this.#options.bookmarkIntervalMs,
      closing: this.#closing.signal,
    };
    return new Watcher(sources, type, position, options);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#cancelCompaction();
    this.#writes.close();
    this.#closing.abort();
    this.#journal.close();
  }

  #load(): ChangeLog {
    try {
      const content = this.#journal.load((type) => this.#types.find(type) !== undefined);
      for (const row of content.objects) this.#table.put(row);
      const log = new ChangeLog(content.version, content.compacted, this.#options.retention);
      log.append(content.changes);
      for (const [type, count] of content.notServed) {
        const message = `${count} objects of kind "${type}" are kept in the store but not served by this release`;
        this.#options.onProblem(new FederationError("FAILED_PRECONDITION", message));
      }
      return log;
    } catch (error) {
      this.#journal.close();
      throw error;
    }
  }

  #write(
    type: ResourceType,
    dryRun: boolean | undefined,
    operation: (transaction: Transaction) => KubernetesObject,
  ): Promise<KubernetesObject> {
    return this.#writes.submit((transaction) =>
      dryRun ? transaction.rehearse(typeId(type), () => operation(transaction)) : operation(transaction),
    );
  }

  #keyOf(type: ResourceType, reference: Omit<ObjectReference, "kind">): RowKey {
    const id = this.#types.idOf(type);
    const { namespace, name } = reference;
    assertValid(type, reference, checkIdentity(type, reference));
    return { type: id, namespace: namespace ?? "", name };
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw new FederationError("UNAVAILABLE", "the store is closed");
  }

  async #compact(): Promise<void> {
    try {
      while (this.#writes.compact()) await nextTurn();
    } catch (error) {
      this.#options.onProblem(
        FederationError.is(error) ? error : new FederationError("INTERNAL", "compaction failed", { cause: error }),
      );
    }
  }
}

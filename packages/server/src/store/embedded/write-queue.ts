import { FederationError } from "@meshfed/core";
import type { ChangeLog } from "./change-log.js";
import type { Journal } from "./journal.js";
import type { ObjectTable } from "./object-table.js";
import { Transaction } from "./transaction.js";
import type { TypeIndex } from "./type-index.js";

/** Operations in one transaction; bounds how long one commit keeps the event loop. */
const MAX_BATCH = 128;

export interface WriteQueueOptions {
  readonly table: ObjectTable;
  readonly types: TypeIndex;
  readonly journal: Pick<Journal, "commit">;
  readonly log: ChangeLog;
  readonly now: () => number;
  readonly maxWaiting: number;
}

interface WaitingWrite {
  /** Evaluates the write; returns how to answer the caller once the transaction is durable. */
  readonly evaluate: (transaction: Transaction) => () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: all writes that arrive in one turn of the event loop share one transaction, so one wait for the disk.
 * Each is evaluated in the order of arrival on what those before it left, and answered when all are durable. A write that
 * is refused leaves the others alone; when the disk refuses, none of them happened and all are told.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions;
  readonly #waiting: WaitingWrite[] = [];
  #isScheduled = false;
  #isClosed = false;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
  }

  /**
   * Resolves with what `evaluate` returned, once its writes are durable.
   * @throws FederationError UNAVAILABLE when the store is closed, the queue is full or the disk refuses; what `evaluate` throws.
   */
  submit<T>(evaluate: (transaction: Transaction) => T): Promise<T> {
    if (this.#isClosed) return Promise.reject(new FederationError("UNAVAILABLE", "the store is closed"));
    if (this.#waiting.length >= this.#options.maxWaiting) {
      const message = `${this.#waiting.length} writes wait for the disk, no more are taken; try again later`;
      return Promise.reject(new FederationError("UNAVAILABLE", message));
    }
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        evaluate: (transaction) => {
          try {
            const result = transaction.attempt(() => evaluate(transaction));
            return () => resolve(result);
          } catch (error) {
            return () => reject(error);
          }
        },
        reject,
      });
      this.#schedule();
    });
  }

  /**
   * Drops history that retention no longer covers, and says whether there is more of it. Writes do it too; this is for a
   * store that is quiet.
   * @throws FederationError UNAVAILABLE when the disk refuses; nothing was dropped.
   */
  compact(): boolean {
    if (this.#isClosed) return false;
    const transaction = this.#begin();
    this.#commit(transaction);
    return this.#options.log.compactionTarget(transaction.now) !== undefined;
  }

  /** Commits what waits, then takes no more. */
  close(): void {
    while (this.#waiting.length > 0) this.#commitBatch();
    this.#isClosed = true;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#commitBatch();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #commitBatch(): void {
    const batch = this.#waiting.splice(0, MAX_BATCH);
    // A store that was closed in the meantime has committed what waited.
    if (batch.length === 0) return;
    const transaction = this.#begin();
    const answers = batch.map((write) => write.evaluate(transaction));
    try {
      this.#commit(transaction);
    } catch (error) {
      transaction.takeBack();
      // Also those that wrote nothing: they may have seen what another was about to write.
      for (const write of batch) write.reject(error);
      return;
    }
    for (const answer of answers) answer();
  }

  #begin(): Transaction {
    const { table, types, log, now } = this.#options;
    return new Transaction(table, types, log.version, now());
  }

  #commit(transaction: Transaction): void {
    const { journal, log } = this.#options;
    const compactTo = log.compactionTarget(transaction.now);
    if (transaction.changes.length === 0 && compactTo === undefined) return;
    journal.commit({ changes: transaction.changes, compactTo });
    if (compactTo !== undefined) log.compact(compactTo);
    log.append(transaction.changes);
  }
}

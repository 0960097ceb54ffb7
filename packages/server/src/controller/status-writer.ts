/**
 * Writes the statuses that a plan derives. Level-based: what is queued is the object's name, and the status is read from
 * the plan when its turn comes, so any number of changes in between cost one write.
 */
import type { Clock, KubernetesObject, ObjectKey, ObjectReference, ResourceType, TimerHandle } from "@meshfed/core";
import { FederationError, objectKey } from "@meshfed/core";
import type { Logger } from "pino";
import type { ResourceStore } from "../store/resource-store.js";

export interface StatusWriterOptions {
  readonly store: ResourceStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly typeOf: (object: { readonly kind: string }) => ResourceType;
  /** The status the object should have; undefined: leave it alone. */
  readonly desiredStatus: (reference: ObjectReference) => object | undefined;
  /** Several changes of one object within this time are written once. Default 50 ms. */
  readonly delayMs?: number;
}

export interface StatusWriter {
  enqueue(references: Iterable<ObjectReference>): void;
  /** Writes what is queued and settles when nothing is left. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const DEFAULT_DELAY_MS = 50;
const RETRY_DELAY_MS = 1000;

export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  const { store, clock, logger } = options;
  const queued = new Map<ObjectKey, ObjectReference>();
  let timer: TimerHandle | undefined;
  let writing: Promise<void> | undefined;
  let closed = false;

  function schedule(delayMs: number): void {
    if (timer !== undefined || closed) return;
    timer = clock.setTimeout(() => {
      timer = undefined;
      void drain();
    }, delayMs);
  }

  function drain(): Promise<void> {
    writing ??= writeQueued().finally(() => {
      writing = undefined;
      if (queued.size > 0) schedule(RETRY_DELAY_MS);
    });
    return writing;
  }

  async function writeQueued(): Promise<void> {
    const batch = [...queued.values()];
    queued.clear();
    await Promise.all(
      batch.map(async (reference) => {
        try {
          await writeStatus(reference);
        } catch (error) {
          // A conflict means that somebody wrote in between; both it and an outage are settled by the next try.
          queued.set(objectKey(reference), reference);
          if (!(FederationError.is(error) && error.code === "ABORTED")) {
            logger.warn({ err: error, object: objectKey(reference) }, "could not write a status, trying again");
          }
        }
      }),
    );
  }

  async function writeStatus(reference: ObjectReference): Promise<void> {
    const current = await store.get(options.typeOf(reference), reference);
    if (current === undefined) return;
    const status = options.desiredStatus(reference);
    if (status === undefined) return;
    await store.update({ ...current, status } as KubernetesObject, { subresource: "status" });
  }

  return {
    enqueue(references) {
      for (const reference of references) queued.set(objectKey(reference), reference);
      if (queued.size > 0) schedule(options.delayMs ?? DEFAULT_DELAY_MS);
    },
    async flush() {
      await writing;
      if (queued.size > 0) await drain();
    },
    async close() {
      closed = true;
      clock.clearTimeout(timer);
      await writing;
      if (queued.size > 0) await writeQueued();
    },
  };
}

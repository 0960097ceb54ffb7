/** Writes the statuses that a plan derives. The status is read from the plan when an object's turn comes. */
import type { Clock, KubernetesObject, ObjectReference, ResourceType } from "@meshfed/core";
import { FederationError, objectKey } from "@meshfed/core";
import type { Logger } from "pino";
import type { ResourceStore } from "../store/resource-store.js";
import { createRetryQueue } from "./retry-queue.js";

export interface StatusWriterOptions {
  readonly store: ResourceStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly typeOf: (object: { readonly kind: string }) => ResourceType;
  /** The status the object should have; undefined: leave it alone. */
  readonly desiredStatus: (reference: ObjectReference) => object | undefined;
}

export interface StatusWriter {
  enqueue(references: Iterable<ObjectReference>): void;
  /** Settles when what is queued was written; what failed waits for its next try. */
  flush(): Promise<void>;
  /** Writes what is queued, and ends. */
  close(): Promise<void>;
}

/** Several changes of one object within this time are written once. */
const DELAY_MS = 50;
const MAX_CONFLICTS = 5;

export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  const { store, clock, logger } = options;
  const queue = createRetryQueue({
    clock,
    keyOf: objectKey,
    work: writeStatus,
    delayMs: DELAY_MS,
    onFailure: (reference, error, retryAfterMs) =>
      logger.warn({ err: error, object: objectKey(reference), retryAfterMs }, "could not write a status"),
  });

  async function writeStatus(reference: ObjectReference): Promise<void> {
    const type = options.typeOf(reference);
    for (let attempt = 1; ; attempt++) {
      const current = await store.get(type, reference);
      const status = options.desiredStatus(reference);
      if (current === undefined || status === undefined) return;
      try {
        await store.update({ ...current, status } as KubernetesObject, { subresource: "status" });
        return;
      } catch (error) {
        if (FederationError.is(error) && error.code === "NOT_FOUND") return;
        if (!(FederationError.is(error) && error.code === "ABORTED") || attempt === MAX_CONFLICTS) throw error;
      }
    }
  }

  return {
    enqueue(references) {
      for (const reference of references) queue.add(reference);
    },
    flush: queue.flush,
    close: queue.close,
  };
}

import type { Clock, KubernetesObject, ObjectKey, ObjectReference, ResourceType } from "@meshfed/core";
import { FederationError, objectKey, objectReference } from "@meshfed/core";
import type { ResourceStore } from "../store/resource-store.js";

/** What an informer saw. Level-based: `upsert` carries the newest state known, intermediate states may be left out. */
export type ObjectChange =
  | { readonly type: "upsert"; readonly object: KubernetesObject }
  | { readonly type: "delete"; readonly reference: ObjectReference };

export interface InformerOptions {
  readonly store: ResourceStore;
  readonly type: ResourceType;
  readonly clock: Clock;
  readonly onChange: (change: ObjectChange) => void;
  /** A list or a watch failed; it is tried again. */
  readonly onProblem: (error: unknown) => void;
}

/** Keeps what is known of one kind equal to the store, through restarts of the watch. */
export interface Informer {
  /** Settles after the first complete list has been delivered. */
  readonly synced: Promise<void>;
  /** Whether this state of the object, or a later one, has been delivered. */
  hasSeen(object: KubernetesObject): boolean;
  get(reference: Omit<ObjectReference, "kind">): KubernetesObject | undefined;
  /** Everything that is known now. */
  objects(): Iterable<KubernetesObject>;
  close(): Promise<void>;
}

const RETRY_DELAY_MS = 1000;

export function createInformer(options: InformerOptions): Informer {
  const { store, type, clock } = options;
  const known = new Map<ObjectKey, KubernetesObject>();
  const closing = new AbortController();
  /** The latest version of the kind that was delivered. */
  let seenVersion = 0;
  let markSynced: () => void = () => undefined;
  const synced = new Promise<void>((resolve) => {
    markSynced = resolve;
  });

  const upsert = (object: KubernetesObject) => {
    known.set(objectKey(objectReference(object)), object);
    options.onChange({ type: "upsert", object });
  };
  const remove = (reference: ObjectReference) => {
    known.delete(objectKey(reference));
    options.onChange({ type: "delete", reference });
  };

  /** Delivers the difference between what was known and the store's list; returns the list's version. */
  async function relist(): Promise<string> {
    const list = await store.list({ type });
    const gone = new Map(known);
    for (const object of list.items) {
      const key = objectKey(objectReference(object));
      if (gone.get(key)?.metadata.resourceVersion !== object.metadata.resourceVersion) upsert(object);
      gone.delete(key);
    }
    for (const object of gone.values()) remove(objectReference(object));
    seenVersion = Number(list.resourceVersion);
    markSynced();
    return list.resourceVersion;
  }

  async function follow(resourceVersion: string): Promise<void> {
    const watch = store.watch({ type, resourceVersion, signal: closing.signal });
    for await (const event of watch) {
      if (event.type !== "BOOKMARK") seenVersion = Number(event.object.metadata.resourceVersion);
      if (event.type === "DELETED") remove(objectReference(event.object));
      else if (event.type !== "BOOKMARK") upsert(event.object);
    }
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await follow(await relist());
      } catch (error) {
        if (closing.signal.aborted) return;
        // A compacted version only means that the list has to be read again.
        if (!(FederationError.is(error) && error.code === "OUT_OF_RANGE")) {
          options.onProblem(error);
          await delay(clock, RETRY_DELAY_MS, closing.signal);
        }
      }
    }
  }

  const running = run();
  return {
    synced,
    hasSeen: ({ metadata }) => Number(metadata.resourceVersion) <= seenVersion,
    objects: () => known.values(),
    get: (reference) => known.get(objectKey({ kind: type.kind, ...reference })),
    async close() {
      closing.abort();
      await running;
    },
  };
}

/** Settles after `delayMs` or when `signal` aborts, whichever comes first. */
function delay(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clock.clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.setTimeout(done, delayMs);
    signal.addEventListener("abort", done);
  });
}

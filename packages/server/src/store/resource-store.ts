import type { KubernetesObject, ObjectReference, ResourceType } from "@meshfed/core";

/** Which objects a list or a watch is about. */
export interface Selection {
  readonly type: ResourceType;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** Decides on labels and fields; absent: everything. A watch turns "no longer matches" into DELETED. */
  readonly matches?: (object: KubernetesObject) => boolean;
}

export interface ListOptions extends Selection {
  /** At most this many items; the rest is reached with `continue`. */
  readonly limit?: number;
  /** Opaque, from an earlier page; the pages together are one consistent snapshot. */
  readonly continue?: string;
}

export interface ListResult {
  readonly items: readonly KubernetesObject[];
  /** The version of the whole store that the list shows; a watch from here misses nothing. */
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export type StoreEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: KubernetesObject }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

export interface WatchOptions extends Selection {
  /** Events after this version. Absent or "0": first an ADDED per existing object, then events. */
  readonly resourceVersion?: string;
  readonly allowBookmarks?: boolean;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

export interface UpdateOptions {
  /** `status`: only `status` is written. Absent: everything but `status` (of kinds whose status is a subresource). */
  readonly subresource?: "status";
  readonly dryRun?: boolean;
}

export interface DeleteOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  /**
   * What becomes of objects whose only owner is the deleted one. `Background` (the default): they are deleted, at the latest
   * soon after the owner is gone. `Orphan`: they stay and no longer name it as an owner.
   */
  readonly propagationPolicy?: "Background" | "Orphan";
  readonly dryRun?: boolean;
}

/**
 * Objects with Kubernetes' semantics: one version counter, optimistic concurrency, watch from a version, finalizers,
 * status apart from spec. One contract suite (test/conformance/resource-store.ts) holds for every implementation.
 *
 * All methods throw FederationError: NOT_FOUND, ALREADY_EXISTS, ABORTED (a stale resourceVersion or a wrong uid),
 * OUT_OF_RANGE (a watch from a version that is compacted or unknown; a store may refuse an old page so too),
 * FAILED_PRECONDITION (create in a namespace that is being deleted), INVALID_ARGUMENT (with violations where a field is
 * wrong), UNAVAILABLE.
 *
 * The store keeps Kubernetes' rules for metadata and status; whether a spec makes sense is checked before it comes here
 * (ResourceType.parse).
 */
export interface ResourceStore {
  get(type: ResourceType, reference: Omit<ObjectReference, "kind">): Promise<KubernetesObject | undefined>;
  list(options: ListOptions): Promise<ListResult>;
  /** Sets uid, resourceVersion, generation, creationTimestamp. Returned only when the write is durable. */
  create(object: KubernetesObject, options?: { readonly dryRun?: boolean }): Promise<KubernetesObject>;
  /** Replaces. With a `metadata.resourceVersion` that is not the current one: ABORTED. A write that changes nothing keeps the version. */
  update(object: KubernetesObject, options?: UpdateOptions): Promise<KubernetesObject>;
  /**
   * Marks (finalizers present: deletionTimestamp) or removes; returns the object's last state. A namespace takes its
   * contents along and is `Terminating` as long as one of them stays.
   */
  delete(
    type: ResourceType,
    reference: Omit<ObjectReference, "kind">,
    options?: DeleteOptions,
  ): Promise<KubernetesObject>;
  /**
   * Events in the order of their versions, none left out, none twice. With `allowBookmarks` the first BOOKMARK of a watch
   * without a version says that what existed has been told. A slow consumer may fall behind what the store keeps: then
   * the iteration throws OUT_OF_RANGE. What is known to be wrong from the start is thrown by the call itself. Ends when the
   * signal aborts and when the store closes.
   */
  watch(options: WatchOptions): AsyncIterable<StoreEvent>;
  /** Answers what was begun, ends all watches; afterwards everything throws UNAVAILABLE. */
  close(): Promise<void>;
}

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
  readonly dryRun?: boolean;
}

/**
 * Objects with Kubernetes' semantics: one version counter, optimistic concurrency, watch from a version, finalizers,
 * status apart from spec. One contract suite (test/conformance/resource-store.ts) holds for every implementation.
 *
 * All methods throw FederationError: NOT_FOUND, ALREADY_EXISTS, ABORTED (a stale resourceVersion or a wrong uid),
 * OUT_OF_RANGE (a watch or a page from a version that is compacted), INVALID_ARGUMENT, UNAVAILABLE.
 */
export interface ResourceStore {
  get(type: ResourceType, reference: Omit<ObjectReference, "kind">): Promise<KubernetesObject | undefined>;
  list(options: ListOptions): Promise<ListResult>;
  /** Sets uid, resourceVersion, generation, creationTimestamp. Returned only when the write is durable. */
  create(object: KubernetesObject, options?: { readonly dryRun?: boolean }): Promise<KubernetesObject>;
  /** Replaces. With a `metadata.resourceVersion` that is not the current one: ABORTED. A write that changes nothing keeps the version. */
  update(object: KubernetesObject, options?: UpdateOptions): Promise<KubernetesObject>;
  /** Marks (finalizers present: deletionTimestamp) or removes; returns the object's last state. */
  delete(
    type: ResourceType,
    reference: Omit<ObjectReference, "kind">,
    options?: DeleteOptions,
  ): Promise<KubernetesObject>;
  watch(options: WatchOptions): AsyncIterable<StoreEvent>;
  close(): Promise<void>;
}

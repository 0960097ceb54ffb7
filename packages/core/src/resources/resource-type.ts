import type { Result } from "../result.js";
import type { KubernetesObject } from "./kubernetes-object.js";

/** What the store, the API and the command need to know of one kind. */
export interface ResourceType {
  /** `""` for the core group. */
  readonly group: string;
  /** Served versions, the preferred (and stored) one first. */
  readonly versions: readonly [string, ...string[]];
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Whether status is a subresource: main writes ignore it, status writes ignore the rest. */
  readonly statusSubresource: boolean;
  /**
   * Checks structure and meaning of a whole object; all violations at once. Returns the object with defaults applied,
   * unknown fields kept.
   */
  readonly parse: (input: unknown) => Result<KubernetesObject>;
}

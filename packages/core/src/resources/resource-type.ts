import type { z } from "zod";
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

/** A resource type whose objects have a TypeScript type of their own. */
export interface ResourceTypeOf<T extends KubernetesObject> extends ResourceType {
  /** What `parse` checks; also the source of the published OpenAPI schema. */
  readonly schema: z.ZodType<T>;
  readonly parse: (input: unknown) => Result<T>;
}

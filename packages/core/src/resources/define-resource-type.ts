import type { z } from "zod";
import type { KubernetesObject } from "./kubernetes-object.js";
import type { ResourceType, ResourceTypeOf } from "./resource-type.js";
import { type ParseOptions, parseWith } from "./violations.js";

/** What is said about a kind besides its schema; short names and categories default to none, namespaced to true. */
export type ResourceTypeDescription = Pick<
  ResourceType,
  "group" | "versions" | "kind" | "plural" | "statusSubresource"
> &
  Partial<Pick<ResourceType, "shortNames" | "categories" | "namespaced">> &
  ParseOptions;

export function defineResourceType<T extends KubernetesObject>(
  description: ResourceTypeDescription,
  schema: z.ZodType<T>,
): ResourceTypeOf<T> {
  const { secretFields = [], ...names } = description;
  return Object.freeze({
    shortNames: [],
    categories: [],
    namespaced: true,
    ...names,
    singular: description.kind.toLowerCase(),
    schema,
    parse: (input: unknown) => parseWith(schema, input, { secretFields }),
  });
}

import { invariant, RESOURCE_TYPES, type ResourceType } from "@meshfed/core";

/** The type of a kind that the plan writes. */
export function resourceTypeOf({ kind }: { readonly kind: string }): ResourceType {
  const type = RESOURCE_TYPES.find((candidate) => candidate.kind === kind);
  invariant(type !== undefined, `kind "${kind}" is served`);
  return type;
}

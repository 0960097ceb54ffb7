/**
 * Selectors, checked for structure only: what they mean, and whether they mean anything, is decided by `rules/`, which
 * reports an invalid rule with its index and lets the others work.
 */
import { z } from "zod";
import { looseObject, type Parsed } from "./loose-object.js";
import { nonEmptyText } from "./scalar-schemas.js";

const serviceNameSchema = looseObject({
  namespace: z.string().optional(),
  name: z.string().optional(),
});

export const nameSelectorSchema = looseObject({
  namespace: z.string().optional(),
  name: z.string().optional(),
  alias: serviceNameSchema.optional(),
});

/** Kubernetes' metav1.LabelSelector. */
export const labelSelectorSchema = looseObject({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z
    .array(
      looseObject({
        key: nonEmptyText("the key of a label"),
        operator: z.string().describe("In, NotIn, Exists or DoesNotExist"),
        values: z.array(z.string()).optional(),
      }),
    )
    .optional(),
});

/** What a service is called instead; an absent, empty or `*` part keeps the original. */
export type ServiceAlias = Parsed<typeof serviceNameSchema>;
/** An absent, empty or `*` part matches everything; otherwise equality. */
export type NameSelector = Parsed<typeof nameSelectorSchema>;
export type LabelSelector = Parsed<typeof labelSelectorSchema>;
export type LabelSelectorRequirement = NonNullable<LabelSelector["matchExpressions"]>[number];

import { z } from "zod";
import { annotationMap, dnsLabel, labelMap } from "./kubernetes-name.js";
import { constrained, looseObject } from "./loose-object.js";
import { nonEmptyText, nonNegative, timestamp } from "./scalar-schemas.js";
import { describeValue } from "./violations.js";

const commonFields = {
  generateName: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: nonNegative.optional(),
  creationTimestamp: timestamp.optional(),
  deletionTimestamp: timestamp.optional(),
  labels: labelMap.optional(),
  annotations: annotationMap.optional(),
  finalizers: z.array(nonEmptyText("the name of a finalizer")).optional(),
  ownerReferences: z
    .array(
      looseObject({
        apiVersion: nonEmptyText("the owner's apiVersion"),
        kind: nonEmptyText("the owner's kind"),
        name: nonEmptyText("the owner's name"),
        uid: nonEmptyText("the owner's uid"),
        controller: z.boolean().optional(),
        blockOwnerDeletion: z.boolean().optional(),
      }),
    )
    .optional(),
};

/**
 * metadata of a namespaced kind. The namespace must be there: who takes objects from a URL, a command line or a file fills
 * it in first.
 */
export function namespacedMeta<N extends z.ZodType<string>>(name: N) {
  return looseObject({ name, namespace: dnsLabel, ...commonFields });
}

/** metadata of a cluster-scoped kind. */
export function clusterMeta<N extends z.ZodType<string>>(name: N) {
  const namespace = constrained(z.string(), (text) => ({
    reason: "Forbidden",
    message: `found ${describeValue(text)}, expected none: this kind belongs to no namespace`,
  }));
  return looseObject({ name, namespace: namespace.optional(), ...commonFields });
}

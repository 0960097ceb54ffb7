import { z } from "zod";
import { looseObject } from "./loose-object.js";
import { nonEmptyText, nonNegative, timestamp } from "./scalar-schemas.js";

/** Kubernetes' metav1.Condition, of which a status has one per type; reason and lastTransitionTime may be missing in conditions that others wrote. */
export const conditionSchema = looseObject({
  type: nonEmptyText("the type of the condition"),
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string().optional(),
  message: z.string().optional(),
  observedGeneration: nonNegative.optional(),
  lastTransitionTime: timestamp.optional(),
});

import { z } from "zod";
import { conditionSchema } from "./condition.js";
import { defineResourceType } from "./define-resource-type.js";
import { dnsSubdomain } from "./kubernetes-name.js";
import { looseObject, type Parsed, unique } from "./loose-object.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";
import { labelSelectorSchema, nameSelectorSchema } from "./selector-schemas.js";

const exportRuleSchema = looseObject({
  type: z.string().describe("NameSelector or LabelSelector"),
  nameSelector: nameSelectorSchema.optional(),
  labelSelector: looseObject({
    namespace: z.string().optional(),
    selector: labelSelectorSchema.optional(),
    aliases: z.array(nameSelectorSchema).optional(),
  }).optional(),
});

const schema = looseObject({
  apiVersion: z.literal("federation.maistra.io/v1"),
  kind: z.literal("ExportedServiceSet"),
  metadata: namespacedMeta(dnsSubdomain),
  spec: looseObject({ exportRules: z.array(exportRuleSchema).optional() }).prefault({}),
  status: looseObject(
    {
      exportedServices: z
        .array(
          looseObject({
            exportedName: z.string(),
            localService: looseObject({ name: z.string(), namespace: z.string(), hostname: z.string() }),
          }),
        )
        .optional(),
      conditions: z.array(conditionSchema).optional(),
    },
    unique("exportedServices", "exportedName"),
    unique("conditions", "type"),
  ).optional(),
});

/**
 * What the mesh offers to the peer of the same name. A rule may be invalid in its meaning (an unknown type, no selector)
 * without the set being invalid. @see reference §1.2
 */
export type ExportedServiceSet = Parsed<typeof schema>;
export type ExportRule = Parsed<typeof exportRuleSchema>;

export const exportedServiceSetType: ResourceTypeOf<ExportedServiceSet> = defineResourceType(
  {
    group: "federation.maistra.io",
    versions: ["v1"],
    kind: "ExportedServiceSet",
    plural: "exportedservicesets",
    statusSubresource: true,
  },
  schema,
);

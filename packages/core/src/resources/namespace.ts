import { z } from "zod";
import { conditionSchema } from "./condition.js";
import { defineResourceType } from "./define-resource-type.js";
import { dnsLabel } from "./kubernetes-name.js";
import { looseObject, type Parsed, unique } from "./loose-object.js";
import { clusterMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";

const schema = looseObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Namespace"),
  metadata: clusterMeta(dnsLabel),
  spec: looseObject({ finalizers: z.array(z.string()).optional() }).optional(),
  status: looseObject(
    {
      phase: z.enum(["Active", "Terminating"]).optional(),
      conditions: z.array(conditionSchema).optional(),
    },
    unique("conditions", "type"),
  ).optional(),
});

export type Namespace = Parsed<typeof schema>;

export const namespaceType: ResourceTypeOf<Namespace> = defineResourceType(
  {
    group: "",
    versions: ["v1"],
    kind: "Namespace",
    plural: "namespaces",
    shortNames: ["ns"],
    namespaced: false,
    statusSubresource: true,
  },
  schema,
);

/**
 * The namespace's labels as selectors see them: with its name under `kubernetes.io/metadata.name`, which the Kubernetes API
 * server puts there.
 */
export function namespaceLabels(namespace: Namespace): Readonly<Record<string, string>> {
  return { ...namespace.metadata.labels, "kubernetes.io/metadata.name": namespace.metadata.name };
}

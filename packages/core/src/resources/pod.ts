import { z } from "zod";
import { conditionSchema } from "./condition.js";
import { defineResourceType } from "./define-resource-type.js";
import { dnsSubdomain } from "./kubernetes-name.js";
import { looseObject, type Parsed } from "./loose-object.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";

const schema = looseObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Pod"),
  metadata: namespacedMeta(dnsSubdomain),
  spec: looseObject({
    serviceAccountName: z.string().optional(),
    nodeName: z.string().optional(),
    hostNetwork: z.boolean().optional(),
  }).optional(),
  status: looseObject({
    phase: z.enum(["Pending", "Running", "Succeeded", "Failed", "Unknown"]).optional(),
    podIP: z.string().optional(),
    hostIP: z.string().optional(),
    conditions: z.array(conditionSchema).optional(),
  }).optional(),
});

/** Nothing here runs Pods: what a Pod is made of is kept unread. */
export type Pod = Parsed<typeof schema>;

export const podType: ResourceTypeOf<Pod> = defineResourceType(
  {
    group: "",
    versions: ["v1"],
    kind: "Pod",
    plural: "pods",
    shortNames: ["po"],
    categories: ["all"],
    statusSubresource: true,
  },
  schema,
);

/** The Pod's identity within its namespace; `default` where it names none. */
export function serviceAccountOf(pod: Pod): string {
  return pod.spec?.serviceAccountName || "default";
}

import { z } from "zod";
import { defineResourceType } from "./define-resource-type.js";
import { dnsSubdomain } from "./kubernetes-name.js";
import { looseObject, type Parsed } from "./loose-object.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";
import { nonNegative, timestamp } from "./scalar-schemas.js";

const schema = looseObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Event"),
  metadata: namespacedMeta(dnsSubdomain),
  involvedObject: looseObject({
    apiVersion: z.string().optional(),
    kind: z.string().optional(),
    namespace: z.string().optional(),
    name: z.string().optional(),
    uid: z.string().optional(),
    resourceVersion: z.string().optional(),
    fieldPath: z.string().optional(),
  }),
  type: z.string().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  source: looseObject({ component: z.string().optional(), host: z.string().optional() }).optional(),
  count: nonNegative.optional(),
  firstTimestamp: timestamp.optional(),
  lastTimestamp: timestamp.optional(),
  eventTime: timestamp.optional(),
  reportingComponent: z.string().optional(),
  reportingInstance: z.string().optional(),
  action: z.string().optional(),
});

/** Something that happened to an object; core v1, as `kubectl describe` lists it. */
export type Event = Parsed<typeof schema>;

export const eventType: ResourceTypeOf<Event> = defineResourceType(
  {
    group: "",
    versions: ["v1"],
    kind: "Event",
    plural: "events",
    shortNames: ["ev"],
    statusSubresource: false,
  },
  schema,
);

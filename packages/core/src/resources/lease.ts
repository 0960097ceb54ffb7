import { z } from "zod";
import { defineResourceType } from "./define-resource-type.js";
import { dnsSubdomain } from "./kubernetes-name.js";
import { looseObject, type Parsed } from "./loose-object.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";
import { nonNegative, positive, timestamp } from "./scalar-schemas.js";

const schema = looseObject({
  apiVersion: z.literal("coordination.k8s.io/v1"),
  kind: z.literal("Lease"),
  metadata: namespacedMeta(dnsSubdomain),
  spec: looseObject({
    holderIdentity: z.string().optional(),
    leaseDurationSeconds: positive.optional(),
    acquireTime: timestamp.optional(),
    renewTime: timestamp.optional(),
    leaseTransitions: nonNegative.optional(),
  }).optional(),
});

/** Who leads: one replica of the controller holds it and renews it. */
export type Lease = Parsed<typeof schema>;

export const leaseType: ResourceTypeOf<Lease> = defineResourceType(
  {
    group: "coordination.k8s.io",
    versions: ["v1"],
    kind: "Lease",
    plural: "leases",
    statusSubresource: false,
  },
  schema,
);

import { z } from "zod";
import { defineResourceType } from "./define-resource-type.js";
import { dnsSubdomain } from "./kubernetes-name.js";
import { looseObject, type Parsed } from "./loose-object.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";

const schema = looseObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("ServiceAccount"),
  metadata: namespacedMeta(dnsSubdomain),
  automountServiceAccountToken: z.boolean().optional(),
});

export type ServiceAccount = Parsed<typeof schema>;

export const serviceAccountType: ResourceTypeOf<ServiceAccount> = defineResourceType(
  {
    group: "",
    versions: ["v1"],
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    shortNames: ["sa"],
    statusSubresource: false,
  },
  schema,
);

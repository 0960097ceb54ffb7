import { z } from "zod";
import { conditionSchema } from "./condition.js";
import { defineResourceType } from "./define-resource-type.js";
import { dnsLabel, dnsSubdomain } from "./kubernetes-name.js";
import { looseObject, type Parsed, unique } from "./loose-object.js";
import { memberName } from "./member-name.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";

const schema = looseObject({
  apiVersion: z.literal("maistra.io/v1"),
  kind: z.literal("ServiceMeshMember"),
  metadata: namespacedMeta(memberName),
  spec: looseObject({
    controlPlaneRef: looseObject({ name: dnsSubdomain, namespace: dnsLabel }),
  }),
  status: looseObject({ conditions: z.array(conditionSchema).optional() }, unique("conditions", "type")).optional(),
});

/** Makes the namespace that it lives in a member of a mesh. @see reference §1.6 */
export type ServiceMeshMember = Parsed<typeof schema>;

export const serviceMeshMemberType: ResourceTypeOf<ServiceMeshMember> = defineResourceType(
  {
    group: "maistra.io",
    versions: ["v1"],
    kind: "ServiceMeshMember",
    plural: "servicemeshmembers",
    shortNames: ["smm"],
    categories: ["maistra-io"],
    statusSubresource: true,
  },
  schema,
);

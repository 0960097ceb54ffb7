import { z } from "zod";
import { isDnsLabel } from "../naming/dns-name.js";
import { conditionSchema } from "./condition.js";
import { defineResourceType } from "./define-resource-type.js";
import { constrained, looseObject, type Parsed, unique } from "./loose-object.js";
import { memberName } from "./member-name.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";
import { labelSelectorSchema } from "./selector-schemas.js";
import { describeValue } from "./violations.js";

const memberPattern = constrained(z.string(), (name) =>
  name === "*" || isDnsLabel(name)
    ? undefined
    : { reason: "Invalid", message: `found ${describeValue(name)}, expected the name of a namespace, or "*" for all` },
).describe('the name of a namespace, or "*" for all');

const schema = looseObject({
  apiVersion: z.literal("maistra.io/v1"),
  kind: z.literal("ServiceMeshMemberRoll"),
  metadata: namespacedMeta(memberName),
  spec: looseObject({
    members: z.array(memberPattern).optional(),
    memberSelectors: z.array(labelSelectorSchema).optional(),
  }).prefault({}),
  status: looseObject(
    {
      members: z.array(z.string()).optional(),
      configuredMembers: z.array(z.string()).optional(),
      pendingMembers: z.array(z.string()).optional(),
      terminatingMembers: z.array(z.string()).optional(),
      conditions: z.array(conditionSchema).optional(),
    },
    unique("conditions", "type"),
  ).optional(),
});

/** The namespaces of a mesh, beside its control plane's own. @see reference §1.6 */
export type ServiceMeshMemberRoll = Parsed<typeof schema>;

export const serviceMeshMemberRollType: ResourceTypeOf<ServiceMeshMemberRoll> = defineResourceType(
  {
    group: "maistra.io",
    versions: ["v1"],
    kind: "ServiceMeshMemberRoll",
    plural: "servicemeshmemberrolls",
    shortNames: ["smmr"],
    categories: ["maistra-io"],
    statusSubresource: true,
  },
  schema,
);

/** Namespaces of the platform, which no roll and no `*` makes members. @see reference §1.6 */
export function isNeverMember(namespaceName: string): boolean {
  return (
    namespaceName === "kube" ||
    namespaceName === "openshift" ||
    ["kube-", "openshift-", "ibm-"].some((prefix) => namespaceName.startsWith(prefix))
  );
}

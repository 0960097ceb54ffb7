import { z } from "zod";
import type { FieldViolation } from "../result.js";
import { conditionSchema } from "./condition.js";
import { defineResourceType } from "./define-resource-type.js";
import { dnsSubdomain } from "./kubernetes-name.js";
import { looseObject, type Parsed, unique } from "./loose-object.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";
import { nameSelectorSchema } from "./selector-schemas.js";
import { describeValue } from "./violations.js";

const importRuleSchema = looseObject({
  type: z.string().describe("NameSelector"),
  nameSelector: nameSelectorSchema.optional(),
  importAsLocal: z.boolean().optional(),
  domainSuffix: z.string().optional(),
});

const localitySchema = looseObject({
  region: z.string().optional(),
  zone: z.string().optional(),
  subzone: z.string().optional(),
});

const schema = looseObject({
  apiVersion: z.literal("federation.maistra.io/v1"),
  kind: z.literal("ImportedServiceSet"),
  metadata: namespacedMeta(dnsSubdomain),
  spec: looseObject({
    importRules: z.array(importRuleSchema).optional(),
    domainSuffix: z.string().optional(),
    locality: localitySchema.optional(),
  }).prefault({}),
  status: looseObject(
    {
      importedServices: z
        .array(
          looseObject({
            exportedName: z.string(),
            localService: looseObject({ name: z.string(), namespace: z.string(), hostname: z.string() }),
          }),
        )
        .optional(),
      virtualAddresses: z.array(looseObject({ hostname: z.string(), address: z.string() })).optional(),
      conditions: z.array(conditionSchema).optional(),
    },
    unique("importedServices", "exportedName"),
    unique("virtualAddresses", "hostname"),
    unique("conditions", "type"),
  ).optional(),
});

/**
 * What the mesh takes of the offer of the peer of the same name. A rule may be invalid in its meaning (an unknown type,
 * importAsLocal without alias) without the set being invalid. @see reference §1.3
 */
export type ImportedServiceSet = Parsed<typeof schema>;
export type ImportRule = Parsed<typeof importRuleSchema>;
/** `spec.locality` as written. */
export type ImportLocality = Parsed<typeof localitySchema>;

export const importedServiceSetType: ResourceTypeOf<ImportedServiceSet> = defineResourceType(
  {
    group: "federation.maistra.io",
    versions: ["v1"],
    kind: "ImportedServiceSet",
    plural: "importedservicesets",
    statusSubresource: true,
  },
  schema,
);

/** A locality with all of its parts; an unset part is empty. */
export interface ResolvedLocality {
  readonly region: string;
  readonly zone: string;
  readonly subzone: string;
}

/**
 * What is wrong with `spec.locality`; then it applies to no imported service. A zone needs a region, a subzone needs both,
 * and no part may hold the `/` that Envoy and Istio separate parts with.
 * @see reference §1.3, §10.42
 */
export function checkLocality(locality: ImportLocality | undefined): readonly FieldViolation[] {
  const { region = "", zone = "", subzone = "" } = locality ?? {};
  const violations: FieldViolation[] = [];
  const needs = (part: "region" | "zone", value: string) =>
    violations.push({
      path: `spec.locality.${part}`,
      reason: "Required",
      message: `missing, expected the ${part} of ${value}`,
    });
  if (region === "" && zone !== "") needs("region", `zone ${describeValue(zone)}`);
  if (region === "" && zone === "" && subzone !== "") needs("region", `subzone ${describeValue(subzone)}`);
  if (zone === "" && subzone !== "") needs("zone", `subzone ${describeValue(subzone)}`);
  for (const [part, value] of Object.entries({ region, zone, subzone })) {
    if (!value.includes("/")) continue;
    const message = `found ${describeValue(value)}, expected no "/": region, zone and subzone are fields of their own`;
    violations.push({ path: `spec.locality.${part}`, reason: "Invalid", message });
  }
  return violations;
}

/** The locality of imported endpoints; `undefined` when none is set, or when `checkLocality` objects. */
export function importLocalityOf(set: ImportedServiceSet): ResolvedLocality | undefined {
  const { region = "", zone = "", subzone = "" } = set.spec.locality ?? {};
  if (region === "" || checkLocality(set.spec.locality).length > 0) return undefined;
  return { region, zone, subzone };
}

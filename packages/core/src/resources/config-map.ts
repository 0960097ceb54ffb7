import { z } from "zod";
import { base64Data, textData } from "./data-map.js";
import { defineResourceType } from "./define-resource-type.js";
import { dnsSubdomain } from "./kubernetes-name.js";
import { looseObject, type Parsed } from "./loose-object.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";
import { describeValue } from "./violations.js";

const schema = looseObject(
  {
    apiVersion: z.literal("v1"),
    kind: z.literal("ConfigMap"),
    metadata: namespacedMeta(dnsSubdomain),
    data: textData.optional(),
    binaryData: base64Data.optional(),
    immutable: z.boolean().optional(),
  },
  {
    reads: [],
    objections: (map) => {
      const textKeys = new Set(keysOf(map.data));
      return keysOf(map.binaryData)
        .filter((key) => textKeys.has(key))
        .map((key) => ({
          path: ["binaryData", key],
          reason: "Duplicate",
          message: `found ${describeValue(key)} as in data, expected each key only once`,
        }));
    },
  },
);

function keysOf(map: unknown): readonly string[] {
  return typeof map === "object" && map !== null && !Array.isArray(map) ? Object.keys(map) : [];
}

export type ConfigMap = Parsed<typeof schema>;

export const configMapType: ResourceTypeOf<ConfigMap> = defineResourceType(
  {
    group: "",
    versions: ["v1"],
    kind: "ConfigMap",
    plural: "configmaps",
    shortNames: ["cm"],
    statusSubresource: false,
  },
  schema,
);

/** The key under which a mesh publishes its root certificates, in PEM. @see reference §1.5 */
export const ROOT_CERTIFICATE_KEY = "root-cert.pem";

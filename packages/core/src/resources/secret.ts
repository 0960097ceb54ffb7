import { z } from "zod";
import { encodeBase64, utf8 } from "./base64.js";
import { base64Data, textData } from "./data-map.js";
import { defineResourceType } from "./define-resource-type.js";
import { dnsSubdomain } from "./kubernetes-name.js";
import { looseObject, type Parsed } from "./loose-object.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";

const schema = looseObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Secret"),
  metadata: namespacedMeta(dnsSubdomain),
  type: z.string().default("Opaque"),
  data: base64Data.optional(),
  stringData: textData.optional(),
  immutable: z.boolean().optional(),
}).transform(({ stringData, ...secret }) => {
  if (stringData === undefined) return secret;
  const encoded = Object.entries(stringData).map(([key, text]) => [key, encodeBase64(utf8(text))] as const);
  return { ...secret, data: { ...secret.data, ...Object.fromEntries(encoded) } };
});

/** `data` holds base64; `stringData` is for writing only and is merged into it, as the Kubernetes API server does. */
export type Secret = Parsed<typeof schema>;

export const secretType: ResourceTypeOf<Secret> = defineResourceType(
  {
    group: "",
    versions: ["v1"],
    kind: "Secret",
    plural: "secrets",
    statusSubresource: false,
    secretFields: ["data", "stringData"],
  },
  schema,
);

/** Which of our representations a client accepts. */
export interface AcceptedMediaType {
  /** `type/subtype`, lower case. */
  readonly type: string;
  /** For example `as=Table`. Names and values as given. */
  readonly parameters: Readonly<Record<string, string>>;
}

export type Representation =
  | { readonly kind: "object" }
  | { readonly kind: "table"; readonly version: "v1" | "v1beta1" }
  | { readonly kind: "partial"; readonly version: "v1" | "v1beta1" };

/** The entries of an Accept header, the most wanted first; `q=0` entries are left out. */
export function parseAccept(header: string | undefined): readonly AcceptedMediaType[] {
  const entries = (header ?? "*/*").split(",").flatMap((part) => {
    const [type = "", ...parameterTexts] = part.split(";").map((piece) => piece.trim());
    if (type === "") return [];
    const parameters: Record<string, string> = {};
    for (const text of parameterTexts) {
      const [name = "", value = ""] = text.split("=", 2);
      Object.defineProperty(parameters, name, { value, enumerable: true, configurable: true });
    }
    return [{ type: type.toLowerCase(), parameters, quality: Number(parameters.q ?? 1) }];
  });
  return entries
    .filter((entry) => entry.quality > 0)
    .sort((left, right) => right.quality - left.quality)
    .map(({ type, parameters }) => ({ type, parameters }));
}

function isJson(type: string): boolean {
  return type === "application/json" || type === "application/*" || type === "*/*";
}

/** The first accepted representation of objects that we have, or undefined: 406. */
export function chooseRepresentation(header: string | undefined): Representation | undefined {
  for (const { type, parameters } of parseAccept(header)) {
    if (!isJson(type)) continue;
    const as = parameters.as;
    if (as === undefined) return { kind: "object" };
    const version = parameters.v;
    if (parameters.g !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) continue;
    if (as === "Table") return { kind: "table", version };
    if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") return { kind: "partial", version };
  }
  return undefined;
}

/** Version of aggregated discovery that the client prefers to the legacy form, if any. */
export function chooseAggregatedDiscovery(header: string | undefined): "v2" | "v2beta1" | undefined {
  for (const { type, parameters } of parseAccept(header)) {
    if (!isJson(type)) continue;
    if (parameters.as === undefined) return undefined;
    const version = parameters.v;
    const aggregated = parameters.as === "APIGroupDiscoveryList" && parameters.g === "apidiscovery.k8s.io";
    if (aggregated && (version === "v2" || version === "v2beta1")) return version;
  }
  return undefined;
}

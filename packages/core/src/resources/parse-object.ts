import { type FieldViolation, failure, type Result } from "../result.js";
import { apiVersionsOf, type KnownObject, RESOURCE_TYPES } from "./resource-types.js";
import { describeValue } from "./violations.js";

/**
 * An object of any kind that is served, found by its apiVersion and kind; otherwise every violation at once. Fields that we
 * do not know are kept; input and result may share them.
 */
export function parseObject(input: unknown): Result<KnownObject> {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    return failure({
      path: "",
      reason: input === undefined ? "Required" : "TypeInvalid",
      message: `found ${describeValue(input)}, expected an object with apiVersion, kind and metadata`,
    });
  }
  const apiVersion: unknown = Reflect.get(input, "apiVersion");
  const kind: unknown = Reflect.get(input, "kind");
  const ofKind = RESOURCE_TYPES.filter((type) => type.kind === kind);
  const type = ofKind.find((candidate) => apiVersionsOf(candidate).some((version) => version === apiVersion));
  if (type !== undefined) return type.parse(input);
  const kinds = RESOURCE_TYPES.map((candidate) => candidate.kind);
  const versions = ofKind.flatMap((candidate) => apiVersionsOf(candidate));
  return failure(
    ...(versions.length > 0
      ? [unknownValue("apiVersion", apiVersion, versions)]
      : missingText("apiVersion", apiVersion)),
    ...(ofKind.length > 0 ? [] : [unknownValue("kind", kind, kinds)]),
  );
}

function unknownValue(path: string, value: unknown, known: readonly string[]): FieldViolation {
  const expected = `expected ${known.length === 1 ? "" : "one of "}${known.join(", ")}`;
  if (value === undefined || value === null) return { path, reason: "Required", message: `missing, ${expected}` };
  const reason = typeof value === "string" ? "Unsupported" : "TypeInvalid";
  return { path, reason, message: `found ${describeValue(value)}, ${expected}` };
}

/** Of an unknown kind no version is right; that it names none at all is still worth saying. */
function missingText(path: string, value: unknown): readonly FieldViolation[] {
  if (typeof value === "string" && value !== "") return [];
  return [
    { path, reason: "Required", message: `missing, expected the version of the API, such as federation.maistra.io/v1` },
  ];
}

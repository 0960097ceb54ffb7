/**
 * `?fieldSelector=metadata.name=west,metadata.namespace!=default`: equality on the few fields that a kind offers.
 *
 * @see Kubernetes documentation, Field Selectors
 */
import type { KubernetesObject, ResourceType, Result } from "@meshfed/core";
import { failure, success } from "@meshfed/core";

export type ObjectPredicate = (object: KubernetesObject) => boolean;

const COMMON_FIELDS = ["metadata.name", "metadata.namespace"] as const;

/** What a kind offers beside name and namespace; the Kubernetes API server's own lists. */
const FIELDS_BY_KIND: Readonly<Record<string, readonly string[]>> = {
  Event: [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "type",
  ],
  Namespace: ["status.phase"],
  Pod: ["spec.nodeName", "spec.serviceAccountName", "status.phase", "status.podIP"],
  Secret: ["type"],
  Service: ["spec.clusterIP", "spec.type"],
};

export function parseFieldSelector(type: ResourceType, text: string): Result<ObjectPredicate> {
  const predicates: ObjectPredicate[] = [];
  for (const term of splitTerms(text)) {
    const match = /^\s*([^=!]+?)\s*(==|!=|=)(.*)$/s.exec(term);
    if (match === null) return invalid(`"${term.slice(0, 200)}" is not a field selector; expected FIELD=VALUE`);
    const [, field = "", operator, value = ""] = match;
    if (!isOffered(type, field)) return invalid(`field label "${field}" is not supported for ${type.kind}`);
    const wanted = unescapeValue(value);
    if (wanted === undefined) return invalid(`"${value.slice(0, 200)}" has a "\\" that escapes nothing`);
    const path = field.split(".");
    predicates.push((object) => (fieldText(object, path) === wanted) === (operator !== "!="));
  }
  return success((object) => predicates.every((matches) => matches(object)));
}

function invalid(message: string): Result<never> {
  return failure({ path: "fieldSelector", reason: "Invalid", message });
}

function isOffered(type: ResourceType, field: string): boolean {
  if (field === "metadata.namespace") return type.namespaced;
  return COMMON_FIELDS.some((common) => common === field) || (FIELDS_BY_KIND[type.kind] ?? []).includes(field);
}

/** Splits at commas that no backslash escapes; empty terms are dropped. */
function splitTerms(text: string): readonly string[] {
  return (text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? []).filter((term) => term.trim() !== "");
}

/** `\,`, `\=` and `\\` stand for themselves; any other use of a backslash is an error. */
function unescapeValue(value: string): string | undefined {
  if (/\\(?![,=\\])/.test(value.replaceAll("\\\\", ""))) return undefined;
  return value.replaceAll(/\\([,=\\])/g, "$1");
}

/** The field as text, `""` when it is absent. */
function fieldText(object: KubernetesObject, path: readonly string[]): string {
  let value: unknown = object;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return "";
    value = Object.getOwnPropertyDescriptor(value, key)?.value;
  }
  return value === undefined || value === null ? "" : String(value);
}

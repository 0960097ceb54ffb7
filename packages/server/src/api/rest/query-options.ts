import type { FieldViolation, ResourceType, Result } from "@meshfed/core";
import { failure, success } from "@meshfed/core";
import { badRequest, invalidObject } from "./api-status.js";
import { type ObjectPredicate, parseFieldSelector } from "./field-selector.js";
import { parseLabelSelector } from "./label-selector.js";

/** metav1.ListOptions after they were read and found consistent. */
export interface ListQuery {
  /** Absent: everything. */
  readonly matches?: ObjectPredicate;
  /** Absent: no limit. */
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan";
  readonly watch: boolean;
  readonly allowWatchBookmarks: boolean;
  /** Absent: the default of the given resourceVersion. */
  readonly sendInitialEvents?: boolean;
  readonly timeoutMs?: number;
}

const RESOURCE_VERSION = /^\d{1,19}$/;

/** Reads the query of a list or a watch. @throws StatusError 400 for what cannot be read, 422 for what contradicts itself. */
export function parseListQuery(type: ResourceType, query: URLSearchParams): ListQuery {
  const reader = createQueryReader(query);
  const limit = reader.integer("limit", 0);
  const timeoutSeconds = reader.integer("timeoutSeconds", 0);
  const resourceVersion = reader.text("resourceVersion", RESOURCE_VERSION, "a resource version");
  const match = reader.text("resourceVersionMatch", /^(Exact|NotOlderThan)$/, '"Exact" or "NotOlderThan"');
  const continueToken = reader.text("continue");
  const matches = reader.result(parseMatches(type, query));
  const parsed: ListQuery = {
    ...(matches === undefined ? {} : { matches }),
    ...(limit === undefined || limit === 0 ? {} : { limit }),
    ...(continueToken === undefined ? {} : { continue: continueToken }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(match === "Exact" || match === "NotOlderThan" ? { resourceVersionMatch: match } : {}),
    watch: reader.boolean("watch"),
    allowWatchBookmarks: reader.boolean("allowWatchBookmarks"),
    ...(query.has("sendInitialEvents") ? { sendInitialEvents: reader.boolean("sendInitialEvents") } : {}),
    // Zero means "no limit of mine", as it does to the Kubernetes API server.
    ...(timeoutSeconds === undefined || timeoutSeconds === 0 ? {} : { timeoutMs: timeoutSeconds * 1000 }),
  };
  reader.finish();
  const contradictions = [...checkCombination(parsed)];
  if (contradictions.length > 0) {
    throw invalidObject({ kind: "ListOptions", group: "meta.k8s.io" }, "", contradictions);
  }
  return parsed;
}

/** @see Kubernetes ValidateListOptions */
function* checkCombination(query: ListQuery): Generator<FieldViolation> {
  const initialEventsGiven = query.sendInitialEvents !== undefined;
  const forbidden = (path: string, message: string): FieldViolation => ({ path, reason: "Forbidden", message });
  if (query.watch) {
    if (initialEventsGiven && query.resourceVersionMatch !== "NotOlderThan") {
      yield forbidden("resourceVersionMatch", 'sendInitialEvents requires resourceVersionMatch "NotOlderThan"');
    }
    if (!initialEventsGiven && query.resourceVersionMatch !== undefined) {
      yield forbidden("resourceVersionMatch", "is forbidden for a watch without sendInitialEvents");
    }
    if (query.sendInitialEvents === true && !query.allowWatchBookmarks) {
      yield forbidden("allowWatchBookmarks", "sendInitialEvents requires bookmarks: its end is one");
    }
    return;
  }
  if (initialEventsGiven) yield forbidden("sendInitialEvents", "is forbidden for a list");
  if (query.resourceVersionMatch === undefined) return;
  if (query.resourceVersion === undefined) {
    yield forbidden("resourceVersionMatch", "is forbidden unless resourceVersion is given");
  }
  if (query.continue !== undefined) {
    yield forbidden("resourceVersionMatch", "is forbidden when continue is given");
  }
  if (query.resourceVersionMatch === "Exact" && query.resourceVersion === "0") {
    yield forbidden("resourceVersionMatch", 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
  }
}

function parseMatches(type: ResourceType, query: URLSearchParams): Result<ObjectPredicate | undefined> {
  const labelText = query.get("labelSelector") ?? "";
  const fieldText = query.get("fieldSelector") ?? "";
  if (labelText === "" && fieldText === "") return success(undefined);
  const labels = parseLabelSelector(labelText);
  const fields = parseFieldSelector(type, fieldText);
  if (!labels.ok || !fields.ok) {
    return failure(...(labels.ok ? [] : labels.violations), ...(fields.ok ? [] : fields.violations));
  }
  return success((object) => fields.value(object) && labels.value(object.metadata.labels ?? {}));
}

/** `?dryRun=All`: whether the write is only tried. @throws StatusError 400 for any other value. */
export function parseDryRun(query: URLSearchParams): boolean {
  return isDryRun(query.getAll("dryRun"));
}

/** The same for the list in the body of a delete. */
export function isDryRun(values: readonly unknown[]): boolean {
  if (values.some((value) => value !== "All")) throw badRequest('dryRun must be "All" or absent');
  return values.length > 0;
}

/** Collects what is wrong with the parameters, so that the caller is told of all of them at once. */
function createQueryReader(query: URLSearchParams) {
  const problems: string[] = [];
  const text = (name: string, pattern?: RegExp, expected = "a text"): string | undefined => {
    const value = query.get(name) ?? "";
    if (value === "") return undefined;
    if (pattern !== undefined && !pattern.test(value)) {
      problems.push(`${name}: "${value.slice(0, 100)}" is not valid, expected ${expected}`);
      return undefined;
    }
    return value;
  };
  return {
    text,
    integer(name: string, minimum: number): number | undefined {
      const value = text(name, /^-?\d{1,9}$/, `an integer not below ${minimum}`);
      if (value === undefined || Number(value) >= minimum) return value === undefined ? undefined : Number(value);
      problems.push(`${name}: "${value}" is not valid, expected an integer not below ${minimum}`);
      return undefined;
    },
    /** A parameter without a value (`?watch`) is true, as with Go's strconv after Kubernetes' conversion. */
    boolean(name: string): boolean {
      const value = query.get(name);
      if (value === null) return false;
      if (/^(|1|t|true)$/i.test(value)) return true;
      if (!/^(0|f|false)$/i.test(value)) problems.push(`${name}: "${value.slice(0, 100)}" is not true or false`);
      return false;
    },
    result<T>(result: Result<T>): T | undefined {
      if (result.ok) return result.value;
      problems.push(...result.violations.map((violation) => `${violation.path}: ${violation.message}`));
      return undefined;
    },
    finish(): void {
      if (problems.length > 0) throw badRequest(problems.join("; "));
    },
  };
}

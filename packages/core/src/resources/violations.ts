/** What zod holds against an input -> what we tell its author: where, what was found, what would be right. */
import { z } from "zod";
import type { FieldViolation, Result, ViolationReason } from "../result.js";
import { failure, success } from "../result.js";

const LONGEST_QUOTE = 80;
const PLAIN_FIELD = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const REASONS: ReadonlySet<string> = new Set<ViolationReason>([
  "Required",
  "Invalid",
  "Unsupported",
  "Duplicate",
  "TooLong",
  "TypeInvalid",
  "Forbidden",
]);

export interface ParseOptions {
  /** Fields of the object whose values are never repeated in a message. */
  readonly secretFields?: readonly string[];
}

/** The schema's output, or every violation at once. Unknown fields of the input are shared with the output, not copied. */
export function parseWith<T>(schema: z.ZodType<T>, input: unknown, options: ParseOptions = {}): Result<T> {
  const secretFields = options.secretFields ?? [];
  const parsed = schema.safeParse(input, { reportInput: true, error: (issue) => explain(issue, secretFields) });
  if (parsed.success) return success(parsed.data);
  return failure(...parsed.error.issues.map(toViolation));
}

/** Path segments as users write them: `spec.exportRules[2].nameSelector`, `metadata.labels["example.com/team"]`. */
export function fieldPath(segments: readonly PropertyKey[]): string {
  return segments.reduce<string>((path, segment) => {
    if (typeof segment === "number") return `${path}[${segment}]`;
    const field = String(segment);
    if (!PLAIN_FIELD.test(field)) return `${path}[${JSON.stringify(field)}]`;
    return path === "" ? field : `${path}.${field}`;
  }, "");
}

/** A value in a message: scalars as they are (long text cut), anything else by its type alone. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length <= LONGEST_QUOTE ? value : `${value.slice(0, LONGEST_QUOTE)}...`);
  }
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  return describeType(value);
}

function describeType(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function toViolation(issue: z.core.$ZodIssue): FieldViolation {
  return { path: fieldPath(issue.path), reason: reasonOf(issue), message: issue.message };
}

function reasonOf(issue: z.core.$ZodIssue): ViolationReason {
  switch (issue.code) {
    case "custom": {
      const reason: unknown = issue.params?.reason;
      return isReason(reason) ? reason : "Invalid";
    }
    case "invalid_type":
      if (issue.input === undefined) return "Required";
      return issue.expected === "int" && typeof issue.input === "number" ? "Invalid" : "TypeInvalid";
    case "invalid_union":
      return issue.input === undefined ? "Required" : "TypeInvalid";
    case "invalid_value":
      if (issue.input === undefined) return "Required";
      return typeof issue.input === typeof issue.values[0] ? "Unsupported" : "TypeInvalid";
    default:
      return "Invalid";
  }
}

function isReason(value: unknown): value is ViolationReason {
  return typeof value === "string" && REASONS.has(value);
}

function explain(issue: z.core.$ZodRawIssue, secretFields: readonly string[]): string {
  const expected = expectation(issue);
  if (issue.input === undefined) return `missing, expected ${expected}`;
  const secret = typeof issue.path?.[0] === "string" && secretFields.includes(issue.path[0]);
  const found = secret ? describeType(issue.input) : describeValue(issue.input);
  return `found ${found}, expected ${expected}${quotingHint(issue)}`;
}

/** YAML's commonest slip: a text that reads as a number or a boolean, or the reverse. */
function quotingHint(issue: z.core.$ZodRawIssue): string {
  if (issue.code !== "invalid_type") return "";
  const { expected, input } = issue;
  if (expected === "string") return typeof input === "number" || typeof input === "boolean" ? ", in quotes" : "";
  const text = typeof input === "string" ? input : "";
  if (expected === "boolean") return text === "true" || text === "false" ? ", without quotes" : "";
  return ["int", "number"].includes(expected) && /^\d+$/.test(text) ? ", without quotes" : "";
}

/** The description that the schema carries, otherwise what its type says. */
function expectation(issue: z.core.$ZodRawIssue): string {
  const schema = [issue.inst, issue.schema].find((candidate) => candidate instanceof z.ZodType);
  const description = schema?.description;
  if (description !== undefined) return description;
  switch (issue.code) {
    case "invalid_type":
      return TYPE_NAMES[issue.expected] ?? `a ${issue.expected}`;
    case "invalid_value":
      return oneOf(issue.values.map(describeValue));
    case "too_small":
      return `at least ${issue.minimum}`;
    case "too_big":
      return `at most ${issue.maximum}`;
    default:
      return "another value";
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  int: "a whole number",
  array: "a list",
  object: "an object",
  record: "an object",
};

function oneOf(choices: readonly string[]): string {
  return choices.length === 1 ? String(choices[0]) : `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
}

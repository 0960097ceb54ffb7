/** Numbers and texts that several kinds share. */
import { z } from "zod";
import { parseTimestamp } from "../timestamp.js";
import { parseDuration } from "./duration.js";
import { constrained } from "./loose-object.js";
import { describeValue } from "./violations.js";

const MAX_INT32 = 2 ** 31 - 1;
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
const PORT_NAME = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/;
const PORT_NUMBER_OR_NAME =
  'a port from 1 to 65535 or a port name: at most 15 lower-case letters, digits and single "-", with a letter';
const TIMESTAMP = "a time such as 2021-10-05T13:02:25Z";
const DURATION = "a duration of at least 1ms, such as 10s or 1m30s";

/** Text that says something: not empty. `description` completes "expected ...". */
export function nonEmptyText(description: string): z.ZodString {
  return constrained(z.string(), (text) =>
    text === "" ? { reason: "Required", message: `found "", expected ${description}` } : undefined,
  ).describe(description);
}

function wholeNumber(minimum: number, maximum: number, noun = "a whole number"): z.ZodInt {
  return z.int().min(minimum).max(maximum).describe(`${noun} from ${minimum} to ${maximum}`);
}

export const portNumber = wholeNumber(1, 65_535, "a port");

/** A port where 0 means "not set", as Go's zero value does. */
export const optionalPortNumber = wholeNumber(0, 65_535, "a port");

/** Counts and durations in seconds. */
export const nonNegative = wholeNumber(0, MAX_INT32);
export const positive = wholeNumber(1, MAX_INT32);
export const percentage = wholeNumber(0, 100, "a percentage");

/** A port by number, or by the name that it has in the Pod; 0 and "" mean "not set", as Go clients write it. */
export const portNumberOrName = constrained(
  z.union([z.int(), z.string()], {
    error: (issue) => `found ${describeValue(issue.input)}, expected ${PORT_NUMBER_OR_NAME}`,
  }),
  (value) => {
    const right = typeof value === "number" ? value >= 0 && value <= 65_535 : value === "" || PORT_NAME.test(value);
    return right
      ? undefined
      : { reason: "Invalid", message: `found ${describeValue(value)}, expected ${PORT_NUMBER_OR_NAME}` };
  },
);

/** RFC 3339 with its offset, for example `2021-10-05T13:02:25Z`; fractions of a second are kept. */
export const timestamp = constrained(z.string(), (text) =>
  RFC3339.test(text) && parseTimestamp(text) !== undefined
    ? undefined
    : { reason: "Invalid", message: `found ${describeValue(text)}, expected ${TIMESTAMP}` },
).describe(TIMESTAMP);

/** A duration of at least one millisecond, as Istio's API takes it. */
export const duration = constrained(z.string(), (text) => {
  const milliseconds = parseDuration(text);
  return milliseconds !== undefined && milliseconds >= 1
    ? undefined
    : { reason: "Invalid", message: `found ${describeValue(text)}, expected ${DURATION}` };
}).describe(DURATION);

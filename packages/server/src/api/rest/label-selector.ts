/**
 * The text form of label selectors, as in `?labelSelector=tier=gold,env in (a, b),!canary`.
 *
 * Grammar: requirements separated by commas, all of which must hold:
 * `key`, `!key`, `key=value`, `key==value`, `key!=value`, `key in (a,b)`, `key notin (a,b)`, `key>1`, `key<1`.
 * `!=` and `notin` also hold where the key is absent. An empty text selects everything.
 *
 * @see Kubernetes documentation, Labels and Selectors
 */
import type { FieldViolation, Result } from "@meshfed/core";
import { failure, success } from "@meshfed/core";

export type Labels = Readonly<Record<string, string>>;
export type LabelPredicate = (labels: Labels) => boolean;

const TOKEN = /\s*(==|!=|=|>|<|!|\(|\)|,|[^\s=!<>(),]+)\s*/y;
const QUALIFIED_NAME = /^(?:[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/;
const INTEGER = /^-?\d{1,18}$/;

export function parseLabelSelector(text: string): Result<LabelPredicate> {
  const tokens = tokenize(text);
  if (tokens === undefined) return invalid(text);
  const requirements: LabelPredicate[] = [];
  let position = 0;
  while (position < tokens.length) {
    const parsed = parseRequirement(tokens, position);
    if (parsed === undefined) return invalid(text);
    requirements.push(parsed.matches);
    position = parsed.next;
    if (position === tokens.length) break;
    // A comma must be followed by a further requirement.
    if (tokens[position] !== "," || position + 1 === tokens.length) return invalid(text);
    position += 1;
  }
  return success((labels) => requirements.every((matches) => matches(labels)));
}

function invalid(text: string): Result<never> {
  const violation: FieldViolation = {
    path: "labelSelector",
    reason: "Invalid",
    message: `"${text.slice(0, 200)}" is not a label selector; expected for example "tier=gold,env in (a,b),!canary"`,
  };
  return failure(violation);
}

function tokenize(text: string): readonly string[] | undefined {
  const tokens: string[] = [];
  const trimmed = text.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const token = TOKEN.exec(trimmed)?.[1];
    if (token === undefined) return undefined;
    tokens.push(token);
  }
  return tokens;
}

interface ParsedRequirement {
  readonly matches: LabelPredicate;
  /** Index of the token after it. */
  readonly next: number;
}

function parseRequirement(tokens: readonly string[], start: number): ParsedRequirement | undefined {
  if (tokens[start] === "!") {
    const key = tokens[start + 1];
    return isKey(key) ? { matches: (labels) => labelOf(labels, key) === undefined, next: start + 2 } : undefined;
  }
  const key = tokens[start];
  if (!isKey(key)) return undefined;
  const operator = tokens[start + 1];
  if (operator === undefined || operator === ",") {
    return { matches: (labels) => labelOf(labels, key) !== undefined, next: start + 1 };
  }
  if (operator === "in" || operator === "notin") return parseSet(tokens, start, key, operator);
  return parseComparison(tokens, start, key, operator);
}

function parseComparison(
  tokens: readonly string[],
  start: number,
  key: string,
  operator: string,
): ParsedRequirement | undefined {
  const following = tokens[start + 2];
  const absent = following === undefined || following === ",";
  const value = absent ? "" : following;
  if (!LABEL_VALUE.test(value) && !INTEGER.test(value)) return undefined;
  const compare = comparison(operator, value);
  if (compare === undefined) return undefined;
  return { matches: (labels) => compare(labelOf(labels, key)), next: start + (absent ? 2 : 3) };
}

function comparison(operator: string, value: string): ((actual: string | undefined) => boolean) | undefined {
  if (operator === "=" || operator === "==") return (actual) => actual === value;
  if (operator === "!=") return (actual) => actual !== value;
  if ((operator !== ">" && operator !== "<") || !INTEGER.test(value)) return undefined;
  const bound = BigInt(value);
  return (actual) => {
    if (actual === undefined || !INTEGER.test(actual)) return false;
    return operator === ">" ? BigInt(actual) > bound : BigInt(actual) < bound;
  };
}

function parseSet(
  tokens: readonly string[],
  start: number,
  key: string,
  operator: "in" | "notin",
): ParsedRequirement | undefined {
  const close = tokens.indexOf(")", start);
  if (tokens[start + 2] !== "(" || close === -1) return undefined;
  const values = parseValues(tokens.slice(start + 3, close));
  if (values === undefined) return undefined;
  const wanted = operator === "in";
  return {
    matches: (labels) => {
      const actual = labelOf(labels, key);
      return (actual !== undefined && values.has(actual)) === wanted;
    },
    next: close + 1,
  };
}

/** `a , b` -> {a, b}; an empty place between commas is the empty value. */
function parseValues(tokens: readonly string[]): ReadonlySet<string> | undefined {
  const values = new Set<string>();
  let pending = "";
  let complete = false;
  for (const token of tokens) {
    if (token === ",") {
      values.add(pending);
      pending = "";
      complete = false;
    } else {
      if (complete || !LABEL_VALUE.test(token)) return undefined;
      pending = token;
      complete = true;
    }
  }
  return values.add(pending);
}

function isKey(token: string | undefined): token is string {
  return token !== undefined && QUALIFIED_NAME.test(token);
}

/** Labels may carry a key such as "constructor": only own properties count. */
function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

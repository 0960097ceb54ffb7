/** The syntax of names, labels and annotations. @see Kubernetes "Object Names and IDs", "Labels and Selectors" */
import { z } from "zod";
import { isDnsSubdomain } from "../naming/dns-name.js";
import { constrained, mapOf, type Objection } from "./loose-object.js";
import { describeValue } from "./violations.js";

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** Unlike in a host name, a label in an object's name may be longer than 63 characters. */
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const QUALIFIED_NAME_PART = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;
const MAX_ANNOTATIONS = 256 * 1024;

const DNS_LABEL_HELP = 'a DNS label: lower-case letters, digits and "-", a letter or digit first and last';
const DNS_SUBDOMAIN_HELP = 'a DNS name: lower-case letters, digits, "-" and ".", a letter or digit around each "."';
const LABEL_VALUE_HELP = 'letters, digits, "-", "_" and ".", a letter or digit first and last';
const QUALIFIED_NAME_HELP = `a name of ${LABEL_VALUE_HELP}, optionally after a DNS name and "/"`;

/** What is wrong with `text` as a DNS label; `undefined` when nothing is. */
export function dnsLabelObjection(text: string): Objection | undefined {
  return textObjection(text, { pattern: DNS_LABEL, maxLength: MAX_LABEL, help: DNS_LABEL_HELP });
}

/** At most 63 characters; names of Namespaces, Services, ports and gateways. */
export const dnsLabel = constrained(z.string(), dnsLabelObjection).describe(DNS_LABEL_HELP);

/** At most 253 characters; names of most other objects. */
export const dnsSubdomain = constrained(z.string(), (text) =>
  textObjection(text, { pattern: DNS_SUBDOMAIN, maxLength: MAX_SUBDOMAIN, help: DNS_SUBDOMAIN_HELP }),
).describe(DNS_SUBDOMAIN_HELP);

/** `metadata.labels`, `spec.selector`: keys are qualified names, values at most 63 characters. */
export const labelMap = mapOf(z.string(), (key, value) => [
  qualifiedNameObjection(key),
  value === undefined
    ? undefined
    : textObjection(value, { pattern: LABEL_VALUE, maxLength: MAX_LABEL, help: LABEL_VALUE_HELP }),
]);

/** `metadata.annotations`: keys are qualified names, also in upper case; values any text; 256 KiB together. */
export const annotationMap = constrained(
  mapOf(z.string(), (key) => [qualifiedNameObjection(key.toLowerCase())]),
  (annotations) => sizeObjection(annotations, MAX_ANNOTATIONS),
);

/** `undefined` when keys and values together have at most `limit` characters. */
export function sizeObjection(map: Readonly<Record<string, string>>, limit: number): Objection | undefined {
  const characters = Object.entries(map).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (characters <= limit) return undefined;
  return { reason: "TooLong", message: `found ${characters} characters in all, expected at most ${limit}` };
}

function qualifiedNameObjection(key: string): Objection | undefined {
  const slash = key.indexOf("/");
  const prefix = slash === -1 ? undefined : key.slice(0, slash);
  const name = key.slice(slash + 1);
  if (prefix !== undefined && !isDnsSubdomain(prefix)) {
    return {
      reason: "Invalid",
      message: `found the key prefix ${describeValue(prefix)}, expected ${DNS_SUBDOMAIN_HELP}`,
    };
  }
  const rule = { pattern: QUALIFIED_NAME_PART, maxLength: MAX_LABEL, help: QUALIFIED_NAME_HELP };
  const objection = textObjection(name, rule);
  return objection && { ...objection, message: `in the key: ${objection.message}` };
}

interface TextRule {
  readonly pattern: RegExp;
  readonly maxLength: number;
  readonly help: string;
}

function textObjection(text: string, rule: TextRule): Objection | undefined {
  if (text.length > rule.maxLength) {
    return {
      reason: "TooLong",
      message: `found ${text.length} characters, expected at most ${rule.maxLength}`,
    };
  }
  if (rule.pattern.test(text)) return undefined;
  return { reason: "Invalid", message: `found ${describeValue(text)}, expected ${rule.help}` };
}

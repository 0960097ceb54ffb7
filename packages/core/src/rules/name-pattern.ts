/**
 * The name matcher of export and import rules, and the renaming that goes with it.
 * @see reference §3.1
 */
import { isDnsLabel } from "../naming/dns-name.js";
import type { FieldViolation } from "../result.js";

/** Names a service; on import by its exported name and namespace. */
export interface NamespacedName {
  readonly name: string;
  readonly namespace: string;
}

/** Parts as users write them: absent, empty or `*` stand for any (in a pattern) or for the original (in an alias). */
export interface NameParts {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** Parts that are undefined match anything; the others match by equality. */
export interface NamePattern {
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/** Parts that are undefined stay as they are. */
export type Rename = NamePattern;

export function compileNameParts(parts: NameParts | undefined): NamePattern {
  return { namespace: literalPart(parts?.namespace), name: literalPart(parts?.name) };
}

function literalPart(part: string | undefined): string | undefined {
  return part === "" || part === "*" ? undefined : part;
}

export function matchesNamePattern(pattern: NamePattern, service: NamespacedName): boolean {
  return (
    (pattern.namespace === undefined || pattern.namespace === service.namespace) &&
    (pattern.name === undefined || pattern.name === service.name)
  );
}

export function renamed(rename: Rename, service: NamespacedName): NamespacedName {
  return { name: rename.name ?? service.name, namespace: rename.namespace ?? service.namespace };
}

/**
 * Everything wrong with a pattern: a literal part that is no DNS label matches no service, ever. `rat*` is such a part;
 * there is no globbing inside a name.
 */
export function namePatternViolations(parts: NameParts, path: string): readonly FieldViolation[] {
  return labelViolations(parts, path, 'a DNS label, or "*" alone for any (no patterns inside a name)');
}

/** Everything wrong with an alias: a literal part that is no DNS label cannot stand in a host name. */
export function aliasViolations(parts: NameParts, path: string): readonly FieldViolation[] {
  return labelViolations(parts, path, 'a DNS label, or "*" to keep the original');
}

function labelViolations(parts: NameParts, path: string, expected: string): readonly FieldViolation[] {
  return (["namespace", "name"] as const).flatMap((field) => {
    const literal = literalPart(parts[field]);
    if (literal === undefined || isDnsLabel(literal)) return [];
    return {
      path: `${path}.${field}`,
      reason: "Invalid",
      message: `found "${literal}", expected ${expected}`,
    } as const;
  });
}

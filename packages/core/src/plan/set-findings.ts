/**
 * What is to be told about an ExportedServiceSet or ImportedServiceSet as a whole and about its rules, and the conditions
 * that follow from everything that is told about it.
 *
 * The published status of the two kinds has no conditions. They are written only when something is wrong, so that the
 * status of a set that works reads as the product's does.
 */
import { type FieldViolation, formatViolations } from "../result.js";
import type { InvalidRule, ShadowedRule } from "../rules/rule-set.js";
import type { ConditionState } from "./conditions.js";
import type { Diagnostic } from "./mesh-plan.js";

export type SetKind = "ExportedServiceSet" | "ImportedServiceSet";

export interface SetReference {
  readonly kind: SetKind;
  readonly namespace: string;
  /** Also the peer's name. */
  readonly name: string;
}

/** The rules as compiled. */
export interface RuleFindings {
  readonly invalid: readonly InvalidRule[];
  readonly shadowed: readonly ShadowedRule[];
}

export function ruleDiagnostics(set: SetReference, { invalid, shadowed }: RuleFindings): readonly Diagnostic[] {
  return [
    ...invalid.flatMap(({ index, violations }) => violations.map((violation) => invalidRule(set, index, violation))),
    ...shadowed.map(({ index, by }) => shadowedRule(set, index, by)),
  ];
}

function invalidRule(set: SetReference, index: number, violation: FieldViolation): Diagnostic {
  return {
    severity: "error",
    reason: "InvalidRule",
    object: set,
    path: violation.path,
    message: `rule ${index} is skipped: ${violation.message}`,
    remedy: "correct the rule; until then later rules may take what it was meant for",
  };
}

function shadowedRule(set: SetReference, index: number, by: number): Diagnostic {
  const rules = set.kind === "ExportedServiceSet" ? "exportRules" : "importRules";
  return {
    severity: "warning",
    reason: "ShadowedRule",
    object: set,
    path: `spec.${rules}[${index}]`,
    message: `rule ${index} never applies: rule ${by} comes first and matches everything that it would`,
    remedy: `put it before rule ${by}, or remove it`,
  };
}

/** The whole set is without effect as long as there is no ServiceMeshPeer of its name. */
export function missingPeer(set: SetReference): readonly Diagnostic[] {
  return [
    {
      severity: "warning",
      reason: "PeerNotFound",
      object: set,
      path: "metadata.name",
      message: `there is no ServiceMeshPeer "${set.namespace}/${set.name}"`,
      remedy: "create the ServiceMeshPeer, or give the set the name of the one that it is for",
    },
  ];
}

/** Why nothing is shared with a peer in the direction of a set. */
export interface PeerRefusal {
  readonly reason: "PeerNotAccepted" | "PeerNotResolved";
  readonly message: string;
}

/** The whole set is without effect as long as nothing may be shared with its peer. */
export function refusedPeer(set: SetReference, refusal: PeerRefusal | undefined): readonly Diagnostic[] {
  if (refusal === undefined) return [];
  return [
    {
      severity: "warning",
      reason: refusal.reason,
      object: set,
      path: "metadata.name",
      message: `nothing is shared with the peer "${set.name}": ${refusal.message}`,
      remedy: "see the conditions of the ServiceMeshPeer",
    },
  ];
}

/** @see reference 10.42: the reference drops such a locality without a word */
export function localityDiagnostics(set: SetReference, violations: readonly FieldViolation[]): readonly Diagnostic[] {
  if (violations.length === 0) return [];
  return [
    {
      severity: "error",
      reason: "LocalityDropped",
      object: set,
      path: "spec.locality",
      message: `the locality applies to no imported service: ${formatViolations(violations)}`,
      remedy: "give the region of a zone, and the region and the zone of a subzone",
    },
  ];
}

/** Which condition tells of which problem, by the diagnostic's reason. */
const CONDITIONS: readonly {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reasons: readonly string[];
}[] = [
  /**
   * Nothing in the set takes effect. Reasons: `PeerNotFound` (no ServiceMeshPeer of its name), `PeerNotAccepted` (something
   * in the ServiceMeshPeer is wrong: its condition `Accepted`), `PeerNotResolved` (only its root certificate is missing or
   * cannot be used: its condition `ResolvedRefs`). @see Gateway API
   */
  { type: "ResolvedRefs", status: "False", reasons: ["PeerNotFound", "PeerNotAccepted", "PeerNotResolved"] },
  /** Part of the set is ignored. Reasons: `InvalidRule`, `LocalityDropped`, `UnmatchedPort`. @see Gateway API */
  { type: "PartiallyInvalid", status: "True", reasons: ["InvalidRule", "LocalityDropped", "UnmatchedPort"] },
  /** A service has lost its name to another. Reasons: `ExportConflict`, `ImportConflict`. @see MCS API */
  { type: "Conflict", status: "True", reasons: ["ExportConflict", "ImportConflict"] },
];

const MOST_MESSAGES = 5;

export function setConditionStates(diagnostics: readonly Diagnostic[]): readonly ConditionState[] {
  return CONDITIONS.flatMap(({ type, status, reasons }): readonly ConditionState[] => {
    const found = diagnostics.filter(({ reason }) => reasons.includes(reason));
    const [first] = found;
    if (first === undefined) return [];
    const told = found.slice(0, MOST_MESSAGES).map(({ path, message }) => `${path}: ${message}`);
    const more = found.length > told.length ? [`and ${found.length - told.length} more`] : [];
    return [{ type, status, reason: first.reason, message: [...told, ...more].join("; ") }];
  });
}

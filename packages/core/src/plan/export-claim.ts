/** Claims of Services to exported names: who wins, and what the others are told. */
import { firstOf } from "./claimants.js";
import { compareText } from "./compare-text.js";
import { MOST_DIAGNOSTICS } from "./diagnostics.js";
import type { ExportOffer } from "./export-decision.js";
import type { Diagnostic } from "./mesh-plan.js";

export interface ExportClaim extends ExportOffer {
  /** Of the Service. */
  readonly namespace: string;
  readonly name: string;
}

/** Precedence: by rule, then by the Service's namespace and name. */
function compareExportClaims(a: ExportClaim, b: ExportClaim): number {
  return a.index - b.index || compareText(a.namespace, b.namespace) || compareText(a.name, b.name);
}

export function winningClaim(claims: Iterable<ExportClaim>): ExportClaim | undefined {
  return firstOf(claims, 1, compareExportClaims)[0];
}

export function exportConflictMessage(loser: ExportClaim, winner: ExportClaim): string {
  const cause =
    winner.index < loser.index ? `rule ${winner.index} comes first` : "it is the first by namespace and name";
  return `"${loser.namespace}/${loser.name}" is not exported: "${winner.namespace}/${winner.name}" has the name "${loser.hostname}", since ${cause}`;
}

/** Of claims to one name; `set` is the ExportedServiceSet. */
export function exportConflicts(
  claims: Iterable<ExportClaim>,
  set: { readonly namespace: string; readonly name: string },
): readonly Diagnostic[] {
  const [winner, ...losers] = [...firstOf(claims, MOST_DIAGNOSTICS + 1, compareExportClaims)];
  if (winner === undefined) return [];
  return losers.map((loser) => ({
    severity: "warning",
    reason: "ExportConflict",
    object: { kind: "ExportedServiceSet", ...set },
    path: `spec.exportRules[${loser.index}]`,
    message: exportConflictMessage(loser, winner),
    remedy: "give one of the two another name with an alias, or let the rules match only one of them",
  }));
}

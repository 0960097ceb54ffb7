/** Claims of offered services to local hosts: who wins, and what the others are told. */
import type { ServiceMessage } from "../discovery/message.js";
import type { ImportMatch } from "../rules/import-rules.js";
import { firstOf } from "./claimants.js";
import { compareText } from "./compare-text.js";
import { MOST_DIAGNOSTICS } from "./diagnostics.js";
import type { UnmatchedPort } from "./imported-service.js";
import type { Diagnostic } from "./mesh-plan.js";

export interface ImportClaim {
  readonly peer: string;
  readonly message: ServiceMessage;
  readonly match: ImportMatch;
}

/** Precedence: by peer, then rule, then exported namespace and name. */
function compareImportClaims(a: ImportClaim, b: ImportClaim): number {
  return (
    compareText(a.peer, b.peer) ||
    a.match.index - b.match.index ||
    compareText(a.message.namespace, b.message.namespace) ||
    compareText(a.message.name, b.message.name) ||
    compareText(a.message.hostname, b.message.hostname)
  );
}

/** Of claims to one host, in their order of precedence: the first, and with importAsLocal the first of each peer. */
export function winningClaims(claims: Iterable<ImportClaim>): ReadonlySet<ImportClaim> {
  const firstOfPeer = new Map<string, ImportClaim>();
  for (const claim of claims) {
    const first = firstOfPeer.get(claim.peer);
    if (first === undefined || compareImportClaims(claim, first) < 0) firstOfPeer.set(claim.peer, claim);
  }
  const [first, ...others] = [...firstOfPeer.values()].sort(compareImportClaims);
  if (first === undefined) return new Set();
  return new Set(first.match.importAsLocal ? [first, ...others] : [first]);
}

export function importConflictMessage(loser: ImportClaim, winners: ReadonlySet<ImportClaim>): string {
  const [first = loser] = winners;
  const winner = [...winners].find(({ peer }) => peer === loser.peer) ?? first;
  return `"${loser.message.hostname}" is not imported: "${winner.message.hostname}" of the peer "${winner.peer}" has the host "${loser.match.localHost}", since ${precedence(winner, loser)}`;
}

function precedence(winner: ImportClaim, loser: ImportClaim): string {
  if (winner.peer !== loser.peer) return "its peer is the first by name";
  if (winner.match.index < loser.match.index) return `rule ${winner.match.index} comes first`;
  return "it is the first by namespace, name and host";
}

export function importConflicts(
  claims: Iterable<ImportClaim>,
  winners: ReadonlySet<ImportClaim>,
  controlPlaneNamespace: string,
): readonly Diagnostic[] {
  return firstOf(claims, MOST_DIAGNOSTICS + winners.size, compareImportClaims)
    .filter((claim) => !winners.has(claim))
    .map((loser) => ({
      ...aboutRule(loser, controlPlaneNamespace),
      reason: "ImportConflict",
      message: importConflictMessage(loser, winners),
      remedy:
        "give one of the two another name with an alias or a domainSuffix, or let the rules match only one of them",
    }));
}

export function unmatchedPort(claim: ImportClaim, { port }: UnmatchedPort, controlPlaneNamespace: string): Diagnostic {
  return {
    ...aboutRule(claim, controlPlaneNamespace),
    reason: "UnmatchedPort",
    message: `port ${port.port} ("${port.name}") of "${claim.message.hostname}" is left out: "${claim.match.localHost}" has no free port of that name or number`,
    remedy: "give the local Service a port of that name or number",
  };
}

export function noVirtualAddress(claim: ImportClaim, controlPlaneNamespace: string): Diagnostic {
  return {
    ...aboutRule(claim, controlPlaneNamespace),
    reason: "VirtualAddressPoolExhausted",
    message: `no virtual address is left for "${claim.match.localHost}": its raw TCP ports cannot be reached`,
    remedy: "give the mesh a larger range of virtual addresses",
  };
}

function aboutRule({ peer, match }: ImportClaim, controlPlaneNamespace: string) {
  return {
    severity: "warning",
    object: { kind: "ImportedServiceSet", namespace: controlPlaneNamespace, name: peer },
    path: `spec.importRules[${match.index}]`,
  } as const;
}

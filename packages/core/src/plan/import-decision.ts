/**
 * Whether a service that a peer offers is imported, and as what.
 *
 * The tests in their order: PeerAccepted, Ports, Rule, Name. What comes before (Announcement) is decided when the peer's
 * message arrives, what comes after (Conflict) by the `ImportTable`.
 * @see reference §3.3
 */
import type { ServiceMessage } from "../discovery/message.js";
import { isDnsSubdomain } from "../naming/dns-name.js";
import { compileImportRules, type ImportMatch, type ImportRules } from "../rules/import-rules.js";
import { nearMissDecisions, peerDecision, ruleDecision } from "./export-decision.js";
import type { Decision } from "./mesh-plan.js";

/** A peer and the rules for what it offers. */
export interface ImportPeer {
  readonly name: string;
  /** Why nothing may be imported from it; undefined when services may be. */
  readonly refusal: string | undefined;
  /** Undefined when there is no ImportedServiceSet. */
  readonly rules: ImportRules | undefined;
}

const NO_RULES = compileImportRules([], { peer: "", clusterDomain: "" });

/** Undefined: not imported. With a `trace`, the tests that were taken are added to it, up to the first that failed. */
export function decideImport(message: ServiceMessage, peer: ImportPeer, trace?: Decision[]): ImportMatch | undefined {
  trace?.push(peerDecision(peer));
  if (peer.refusal !== undefined) return undefined;
  const isCarried = message.servicePorts.some(({ protocol }) => protocol !== "UDP");
  trace?.push(portsDecision(isCarried));
  return isCarried ? decideImportByName(message, peer, trace) : undefined;
}

/** The tests that need no more than the exported name and namespace: Rule and Name. */
export function decideImportByName(
  exported: { readonly name: string; readonly namespace: string },
  peer: ImportPeer,
  trace?: Decision[],
): ImportMatch | undefined {
  const rules = peer.rules ?? NO_RULES;
  const match = rules.match(exported);
  if (peer.rules === undefined) {
    trace?.push({ test: "Rule", outcome: "fail", message: `there is no ImportedServiceSet "${peer.name}"` });
  } else {
    trace?.push(...nearMissDecisions(peer.name, rules.nearMisses(exported)), ruleDecision(peer.name, match));
  }
  if (match === undefined) return undefined;
  const isHost = isDnsSubdomain(match.localHost);
  trace?.push({
    test: "Name",
    outcome: isHost ? "pass" : "fail",
    message: isHost
      ? `it is imported as "${match.localHost}"`
      : `"${match.localHost}" is not a host name: it is too long, or a part of it is no DNS label`,
  });
  return isHost ? match : undefined;
}

function portsDecision(isCarried: boolean): Decision {
  return isCarried
    ? { test: "Ports", outcome: "pass", message: "the service has a TCP port" }
    : { test: "Ports", outcome: "fail", message: "the service has no TCP port; federation carries nothing else" };
}

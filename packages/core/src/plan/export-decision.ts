/**
 * Whether a Service is exported to a peer, and as what. Every path comes here (a full pass, an added or changed Service, an
 * explanation), so that none of them can be more generous than another (reference 10.33).
 *
 * The tests in their order: PeerAccepted; Federated, External, Ports, Member, IngressGateway, ControlPlaneService,
 * Visibility (`rules/exportability.ts`); Rule; Name. What is left to decide among services, Conflict, is the
 * `ExportTable`'s.
 */
import { exportedHost } from "../naming/host-names.js";
import type { Service } from "../resources/service.js";
import { compileExportRules, type ExportMatch, type ExportRules } from "../rules/export-rules.js";
import { explainExportTests, findExportObstacle } from "../rules/exportability.js";
import type { NamespaceMembership } from "../rules/membership.js";
import type { NearMiss } from "../rules/near-miss.js";
import type { Decision } from "./mesh-plan.js";

/** A peer and its rules, as exports are decided for it. */
export interface ExportPeer {
  readonly name: string;
  /** Why nothing may be exported to it; undefined when services may be. */
  readonly refusal: string | undefined;
  /** `spec.gateways.ingress.name`, when it names one. */
  readonly ingressGateway: string | undefined;
  /** Undefined when there is no ExportedServiceSet. */
  readonly rules: ExportRules | undefined;
}

/** What is known of the Service besides itself. */
export interface ExportSurroundings {
  readonly controlPlaneNamespace: string;
  /** Of the Service's namespace. */
  readonly membership: NamespaceMembership;
}

/** What a Service would be exported as. */
export interface ExportOffer extends ExportMatch {
  readonly hostname: string;
}

const NO_RULES = compileExportRules([], { controlPlaneNamespace: "" });

/** Undefined: not exported. With a `trace`, the tests that were taken are added to it, up to the first that failed. */
export function decideExport(
  service: Service,
  peer: ExportPeer,
  surroundings: ExportSurroundings,
  trace?: Decision[],
): ExportOffer | undefined {
  trace?.push(peerDecision(peer));
  if (peer.refusal !== undefined) return undefined;
  const rules = peer.rules ?? NO_RULES;
  const context = { ...surroundings, ingressGateway: peer.ingressGateway, rules };
  trace?.push(...explainExportTests(service, context));
  if (findExportObstacle(service, context) !== undefined) return undefined;
  const { name, namespace, labels = {} } = service.metadata;
  const candidate = { name, namespace, labels };
  const match = rules.match(candidate);
  trace?.push(...ruleDecisions(peer, match, rules.nearMisses(candidate)));
  if (match === undefined) return undefined;
  const hostname = exportedHost(match.exportedName, match.exportedNamespace, peer.name);
  trace?.push({ test: "Name", outcome: "pass", message: `it is exported as "${hostname}"` });
  return { ...match, hostname };
}

export function peerDecision({
  name,
  refusal,
}: {
  readonly name: string;
  readonly refusal: string | undefined;
}): Decision {
  return refusal === undefined
    ? { test: "PeerAccepted", outcome: "pass", message: `the peer "${name}" is accepted` }
    : { test: "PeerAccepted", outcome: "fail", message: `the peer "${name}" is not accepted: ${refusal}` };
}

function ruleDecisions(
  peer: ExportPeer,
  match: ExportMatch | undefined,
  nearMisses: readonly NearMiss[],
): readonly Decision[] {
  if (peer.rules === undefined) {
    return [{ test: "Rule", outcome: "fail", message: `there is no ExportedServiceSet "${peer.name}"` }];
  }
  return [...nearMissDecisions(peer.name, nearMisses), ruleDecision(peer.name, match)];
}

/** Rules that nearly matched. */
export function nearMissDecisions(set: string, nearMisses: readonly NearMiss[]): readonly Decision[] {
  return nearMisses.map(({ index, message }) => ({ test: "Rule", outcome: "info", rule: { set, index }, message }));
}

export function ruleDecision(set: string, match: { readonly index: number } | undefined): Decision {
  if (match === undefined) return { test: "Rule", outcome: "fail", message: `no rule of the set "${set}" matches` };
  const { index } = match;
  return { test: "Rule", outcome: "pass", rule: { set, index }, message: `rule ${index} is the first that matches` };
}

/** @meshfed/core: the pure part. Trust and the gateway engine are `@meshfed/core/trust` and `@meshfed/core/gateway`. */
export * from "./clock.js";
export * from "./discovery/announcement.js";
export * from "./discovery/backoff.js";
export * from "./discovery/checksum.js";
export * from "./discovery/decode-message.js";
export * from "./discovery/discovery-limits.js";
export * from "./discovery/discovery-status.js";
export * from "./discovery/encode-message.js";
export * from "./discovery/exporter.js";
export * from "./discovery/message.js";
export * from "./discovery/remote-watches.js";
export * from "./discovery/service-message.js";
export type { CheckService, ServiceChanges } from "./discovery/service-view.js";
export * from "./discovery/watch-event-decoder.js";
export * from "./discovery/watcher.js";
export * from "./discovery/watcher-messages.js";
export * from "./discovery/watcher-options.js";
export * from "./errors.js";
export * from "./naming/dns-name.js";
export * from "./naming/gateway-identity.js";
export * from "./naming/generated-names.js";
export * from "./naming/host-names.js";
export * from "./naming/imported-service.js";
export * from "./naming/server-name.js";
export * from "./naming/spiffe-id.js";
export * from "./naming/well-known-names.js";
export type { GatewayProblem } from "./plan/gateway-problem.js";
export * from "./plan/gateway-resource.js";
export { OUTBOUND_PORT, OUTBOUND_SERVICE } from "./plan/installation.js";
export * from "./plan/mesh-plan.js";
export { type ControlPlaneReference, isManaged, isOwnedBy, ownerLabels } from "./plan/owned-object.js";
export type {
  NotAcceptedReason,
  NotProgrammedReason,
  PeerConditionType,
  UnresolvedReason,
} from "./plan/peer-conditions.js";
export * from "./plan/planned-status.js";
export * from "./plan/planner.js";
export type { MeshPlannerOptions } from "./plan/planner-options.js";
export * from "./resources/config-map.js";
export * from "./resources/destination-rule.js";
export * from "./resources/duration.js";
export * from "./resources/endpoint-slice.js";
export * from "./resources/event.js";
export * from "./resources/exported-service-set.js";
export * from "./resources/federation-gateway.js";
export * from "./resources/federation-gateway-check.js";
export * from "./resources/imported-service-set.js";
export * from "./resources/kubernetes-object.js";
export * from "./resources/lease.js";
export * from "./resources/namespace.js";
export * from "./resources/parse-object.js";
export * from "./resources/pod.js";
export * from "./resources/resource-type.js";
export * from "./resources/resource-types.js";
export * from "./resources/secret.js";
export type {
  LabelSelector,
  LabelSelectorRequirement,
  NameSelector,
  ServiceAlias,
} from "./resources/selector-schemas.js";
export * from "./resources/service.js";
export * from "./resources/service-account.js";
export * from "./resources/service-mesh-control-plane.js";
export * from "./resources/service-mesh-member.js";
export * from "./resources/service-mesh-member-roll.js";
export * from "./resources/service-mesh-peer.js";
export * from "./resources/service-mesh-peer-check.js";
export * from "./result.js";
export {
  compileExportRules,
  type ExportCandidate,
  type ExportMatch,
  type ExportRuleOptions,
  type ExportRules,
} from "./rules/export-rules.js";
export * from "./rules/exportability.js";
export type { ImportRuleOptions } from "./rules/import-rule.js";
export { compileImportRules, type ImportMatch, type ImportRules } from "./rules/import-rules.js";
export * from "./rules/label-requirement.js";
export * from "./rules/label-selector.js";
export {
  compileMembership,
  type Membership,
  type MembershipInput,
  type MembershipReason,
  type NamespaceCandidate,
  type NamespaceMembership,
} from "./rules/membership.js";
export type { NamespacedName } from "./rules/name-pattern.js";
export type { NearMiss, NearMissReason } from "./rules/near-miss.js";
export type { InvalidRule, ShadowedRule } from "./rules/rule-set.js";
export * from "./rules/visibility.js";
export * from "./timestamp.js";

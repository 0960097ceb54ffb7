/**
 * What keeps a Service from being exported to a peer, whatever the rules say.
 *
 * The tests run in the order of `EXPORT_TESTS`; the first that fails decides. They are one table, so that the decision and
 * its explanation cannot differ.
 *
 * @see reference §3.2 rows 1, 2, 4, 7 and 8
 */
import { isImportedService } from "../naming/imported-service.js";
import { EXPORT_TO_ANNOTATION, exportToOf, isExternalName, type Service } from "../resources/service.js";
import type { ExportRules } from "./export-rules.js";
import type { MembershipReason, NamespaceMembership } from "./membership.js";
import { isVisibleTo } from "./visibility.js";

/** The mesh that exports, and the peer that it exports to. */
export interface ExportContext {
  readonly controlPlaneNamespace: string;
  /** Of the Service's namespace. */
  readonly membership: NamespaceMembership;
  /** `spec.gateways.ingress.name` of the ServiceMeshPeer, when it names one. */
  readonly ingressGateway: string | undefined;
  readonly rules: ExportRules;
}

export type ExportTestName =
  /** It stands for a service of another mesh. */
  | "Federated"
  /** It stands for a host outside the mesh. */
  | "External"
  /** It has no TCP port: federation gateways carry nothing else. */
  | "Ports"
  /** Its namespace is not in the mesh. */
  | "Member"
  /** It is the ingress gateway that the peer comes in through. */
  | "IngressGateway"
  /** It is in the control-plane namespace, and no rule names it exactly. */
  | "ControlPlaneService"
  /** `exportTo` hides it from the control plane. */
  | "Visibility";

/** How one test went. */
export interface ExportTestResult {
  readonly test: ExportTestName;
  readonly outcome: "pass" | "fail";
  /** One sentence, lower case. */
  readonly message: string;
}

interface ExportTest {
  readonly test: ExportTestName;
  readonly fails: (service: Service, context: ExportContext) => boolean;
  /** What is so when the test passes. */
  readonly passed: (service: Service, context: ExportContext) => string;
  readonly failed: (service: Service, context: ExportContext) => string;
}

/** The first test that the Service fails, or undefined when only the rules can keep it from being exported. */
export function findExportObstacle(service: Service, context: ExportContext): ExportTestName | undefined {
  return EXPORT_TESTS.find(({ fails }) => fails(service, context))?.test;
}

/** The tests as they went, up to the first that fails. */
export function explainExportTests(service: Service, context: ExportContext): readonly ExportTestResult[] {
  const obstacle = EXPORT_TESTS.findIndex(({ fails }) => fails(service, context));
  const taken = obstacle === -1 ? EXPORT_TESTS : EXPORT_TESTS.slice(0, obstacle + 1);
  return taken.map(({ test, passed, failed }, position) =>
    position === obstacle
      ? { test, outcome: "fail", message: failed(service, context) }
      : { test, outcome: "pass", message: passed(service, context) },
  );
}

const EXPORT_TESTS: readonly ExportTest[] = [
  {
    test: "Federated",
    fails: ({ metadata }) => metadata.labels !== undefined && isImportedService(metadata.labels),
    passed: () => "the Service is the mesh's own",
    failed: () => "the Service stands for a service imported from another mesh, which alone can export it",
  },
  {
    test: "External",
    fails: isExternalName,
    passed: () => "the Service is inside the mesh",
    failed: ({ spec }) => `the Service is an ExternalName and stands for "${spec.externalName ?? ""}" outside the mesh`,
  },
  {
    test: "Ports",
    fails: ({ spec }) => !spec.ports?.some(({ protocol }) => protocol === "TCP"),
    passed: () => "the Service has a TCP port",
    failed: ({ spec }) =>
      spec.ports?.length
        ? `the Service has ${listed(spec.ports.map(({ protocol }) => protocol))} ports only; federation carries TCP`
        : "the Service has no port",
  },
  {
    test: "Member",
    fails: (_service, { membership }) => !membership.inMesh,
    passed: ({ metadata }, { membership }) =>
      `the namespace "${metadata.namespace}" is in the mesh: ${MEMBERSHIP_CAUSE[membership.reason]}`,
    failed: ({ metadata }, { membership }) =>
      `the namespace "${metadata.namespace}" is not in the mesh: ${MEMBERSHIP_CAUSE[membership.reason]}`,
  },
  {
    test: "IngressGateway",
    fails: ({ metadata }, { controlPlaneNamespace, ingressGateway }) =>
      metadata.namespace === controlPlaneNamespace && metadata.name === ingressGateway,
    passed: () => "the Service is not the ingress gateway of the peer",
    failed: () => "the Service is the ingress gateway of the peer, which is never exported to it",
  },
  {
    test: "ControlPlaneService",
    fails: ({ metadata }, { controlPlaneNamespace, rules }) =>
      metadata.namespace === controlPlaneNamespace && !rules.namesExactly(metadata),
    passed: ({ metadata }, { controlPlaneNamespace }) =>
      metadata.namespace === controlPlaneNamespace
        ? "the Service is in the control-plane namespace, and a rule names it exactly"
        : "the Service is not in the control-plane namespace",
    failed: () =>
      "the Service is in the control-plane namespace, where only a rule with its namespace and name exports it",
  },
  {
    test: "Visibility",
    fails: (service, { controlPlaneNamespace }) =>
      !isVisibleTo(controlPlaneNamespace, { exportTo: exportToOf(service), namespace: service.metadata.namespace }),
    passed: (_service, { controlPlaneNamespace }) => `the Service is visible to "${controlPlaneNamespace}"`,
    failed: (service, { controlPlaneNamespace }) =>
      `the annotation ${EXPORT_TO_ANNOTATION} (${listed(exportToOf(service) ?? [])}) hides the Service from "${controlPlaneNamespace}"`,
  },
];

const MEMBERSHIP_CAUSE: Readonly<Record<MembershipReason, string>> = {
  ControlPlane: "it is the control plane's own",
  Listed: "the ServiceMeshMemberRoll lists it",
  AllNamespaces: 'the ServiceMeshMemberRoll lists "*"',
  Selected: "a selector of the ServiceMeshMemberRoll matches its labels",
  ServiceMeshMember: "its ServiceMeshMember refers to the control plane",
  ClusterWide: "the control plane is cluster-wide",
  NeverMember: "it belongs to the platform",
  OtherControlPlane: "its ServiceMeshMember refers to another control plane",
  NotAMember: "neither the ServiceMeshMemberRoll nor a ServiceMeshMember makes it a member",
};

function listed(values: readonly string[]): string {
  return [...new Set(values)].join(", ");
}

import {
  compileMembership,
  type LabelSelector,
  type MembershipReason,
  type ServiceMeshMember,
  type ServiceMeshMemberRoll,
} from "@meshfed/core";
import { describe, expect, test } from "vitest";

const NAMESPACE = "red-mesh-system";
const controlPlane = { name: "red-mesh", namespace: NAMESPACE };

function roll(members?: string[], memberSelectors?: LabelSelector[], name = "default", namespace = NAMESPACE) {
  return {
    apiVersion: "maistra.io/v1",
    kind: "ServiceMeshMemberRoll",
    metadata: { name, namespace },
    spec: { ...(members && { members }), ...(memberSelectors && { memberSelectors }) },
  } satisfies ServiceMeshMemberRoll;
}

function member(namespace: string, reference = controlPlane, name = "default") {
  return {
    apiVersion: "maistra.io/v1",
    kind: "ServiceMeshMember",
    metadata: { name, namespace },
    spec: { controlPlaneRef: reference },
  } satisfies ServiceMeshMember;
}

interface Row {
  readonly case: string;
  readonly roll?: ServiceMeshMemberRoll;
  readonly mode?: string;
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  readonly member?: ServiceMeshMember;
  readonly inMesh: boolean;
  readonly reason: MembershipReason;
}

const byTeam: LabelSelector = { matchLabels: { team: "a" } };
const ROWS: Row[] = [
  { case: "a roll lists it", roll: roll(["other", "info"]), inMesh: true, reason: "Listed" },
  { case: "a roll lists *", roll: roll(["*"]), inMesh: true, reason: "AllNamespaces" },
  { case: "a selector matches", roll: roll([], [byTeam]), labels: { team: "a" }, inMesh: true, reason: "Selected" },
  {
    case: "the second selector matches",
    roll: roll([], [{ matchLabels: { team: "b" } }, byTeam]),
    labels: { team: "a" },
    inMesh: true,
    reason: "Selected",
  },
  { case: "an empty selector", roll: roll([], [{}]), inMesh: true, reason: "Selected" },
  { case: "its ServiceMeshMember", member: member("info"), inMesh: true, reason: "ServiceMeshMember" },
  {
    case: "its ServiceMeshMember beside a roll",
    roll: roll(["other"]),
    member: member("info"),
    inMesh: true,
    reason: "ServiceMeshMember",
  },
  { case: "the control plane itself", namespace: NAMESPACE, inMesh: true, reason: "ControlPlane" },
  {
    case: "the control plane, listed",
    namespace: NAMESPACE,
    roll: roll([NAMESPACE]),
    inMesh: true,
    reason: "ControlPlane",
  },
  { case: "cluster-wide", mode: "ClusterWide", inMesh: true, reason: "ClusterWide" },
  {
    case: "cluster-wide, a roll selects it",
    mode: "ClusterWide",
    roll: roll([], [byTeam]),
    labels: { team: "a" },
    inMesh: true,
    reason: "Selected",
  },

  { case: "nothing", inMesh: false, reason: "NotAMember" },
  { case: "another mode", mode: "MultiTenant", inMesh: false, reason: "NotAMember" },
  { case: "the mode in another case", mode: "clusterwide", inMesh: false, reason: "NotAMember" },
  { case: "an empty roll", roll: roll(), inMesh: false, reason: "NotAMember" },
  {
    case: "cluster-wide, a roll does not select it",
    mode: "ClusterWide",
    roll: roll([], [byTeam]),
    inMesh: false,
    reason: "NotAMember",
  },
  { case: "a roll lists others", roll: roll(["inf", "info2"]), inMesh: false, reason: "NotAMember" },
  { case: "no globbing", roll: roll(["inf*"]), inMesh: false, reason: "NotAMember" },
  { case: "a roll of another name", roll: roll(["info"], [], "mine"), inMesh: false, reason: "NotAMember" },
  {
    case: "a roll of another namespace",
    roll: roll(["info"], [], "default", "blue-mesh-system"),
    inMesh: false,
    reason: "NotAMember",
  },
  {
    case: "a selector does not match",
    roll: roll([], [byTeam]),
    labels: { team: "b" },
    inMesh: false,
    reason: "NotAMember",
  },
  {
    case: "a ServiceMeshMember of another name",
    member: member("info", controlPlane, "mine"),
    inMesh: false,
    reason: "NotAMember",
  },
  { case: "the ServiceMeshMember of another namespace", member: member("books"), inMesh: false, reason: "NotAMember" },
  {
    case: "a ServiceMeshMember for another control plane",
    member: member("info", { name: "blue-mesh", namespace: "blue-mesh-system" }),
    inMesh: false,
    reason: "OtherControlPlane",
  },
  {
    case: "a ServiceMeshMember for another name in the namespace",
    member: member("info", { name: "red", namespace: NAMESPACE }),
    inMesh: false,
    reason: "OtherControlPlane",
  },
  ...["kube", "openshift", "kube-system", "openshift-monitoring", "ibm-observe"].map((namespace) => ({
    case: `${namespace}, listed, selected, referring and cluster-wide`,
    namespace,
    mode: "ClusterWide",
    roll: roll(["*", namespace], [{}]),
    member: member(namespace),
    inMesh: false,
    reason: "NeverMember" as const,
  })),
  {
    case: "only the prefix with its dash is the platform's",
    namespace: "kubernetes",
    roll: roll(["kubernetes"]),
    inMesh: true,
    reason: "Listed",
  },
];

test.each(ROWS)("$case", ({ roll: memberRoll, mode, namespace = "info", labels = {}, member: own, inMesh, reason }) => {
  const membership = compileMembership({ controlPlane: { ...controlPlane, mode }, memberRoll });
  expect(membership.of({ name: namespace, labels, member: own })).toEqual({ inMesh, reason });
  expect(membership.violations).toEqual([]);
});

describe("a wrong selector of the roll", () => {
  const wrong: LabelSelector = { matchExpressions: [{ key: "team", operator: "In" }] };
  const membership = compileMembership({ controlPlane, memberRoll: roll(["listed"], [wrong, byTeam]) });

  test("is reported", () => {
    expect(membership.violations).toEqual([
      {
        path: "spec.memberSelectors[0].matchExpressions[0].values",
        reason: "Required",
        message: "expected at least one value with the operator In",
      },
    ]);
  });

  test("selects nothing, and disables no other", () => {
    expect(membership.of({ name: "info", labels: {} }).inMesh).toBe(false);
    expect(membership.of({ name: "info", labels: { team: "a" } }).inMesh).toBe(true);
    expect(membership.of({ name: "listed", labels: {} }).inMesh).toBe(true);
  });
});

/** What is to be told about the members of a mesh, and about what was put into the wrong one of its namespaces. */
import type { MemberTable } from "./member-table.js";
import type { Diagnostic } from "./mesh-plan.js";
import type { Snapshot } from "./snapshot.js";
import type { NamespaceState } from "./statuses.js";

/** Wrong selectors of the ServiceMeshMemberRoll. */
export function memberRollDiagnostics(members: MemberTable, controlPlaneNamespace: string): readonly Diagnostic[] {
  return (members.membership?.violations ?? []).map(({ path, message }) => ({
    severity: "error",
    reason: "InvalidSelector",
    object: { kind: "ServiceMeshMemberRoll", namespace: controlPlaneNamespace, name: "default" },
    path,
    message: `the selector selects nothing: ${message}`,
    remedy: "correct the selector",
  }));
}

/** Federation resources in member namespaces. What other meshes have in theirs is not this one's business. */
export function wrongNamespaceDiagnostics(
  snapshot: Snapshot,
  members: MemberTable,
  controlPlaneNamespace: string,
): readonly Diagnostic[] {
  return [...snapshot.elsewhere.values()]
    .filter((object) => members.of(object.namespace ?? "").inMesh)
    .map((object) => ({
      severity: "warning",
      reason: "WrongNamespace",
      object,
      path: "metadata.namespace",
      message: `${object.kind} "${object.name}" has no effect in the namespace "${object.namespace}"`,
      remedy: `create it in the namespace of the control plane, "${controlPlaneNamespace}"`,
    }));
}

/** Every namespace that exists or that the roll names. */
export function namespaceStates(
  snapshot: Snapshot,
  members: MemberTable,
  controlPlaneNamespace: string,
): readonly NamespaceState[] {
  const listed = [...snapshot.memberRolls.values()].flatMap((roll) => roll.spec.members ?? []);
  const names = new Set([...snapshot.namespaces.keys(), ...listed, ...snapshot.members.keys()]);
  names.delete("*");
  names.delete(controlPlaneNamespace);
  return [...names].map((name) => ({
    name,
    exists: snapshot.namespaces.has(name),
    isMember: members.of(name).inMesh,
  }));
}

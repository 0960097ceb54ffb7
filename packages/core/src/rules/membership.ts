/**
 * Which namespaces belong to a mesh.
 *
 * A namespace is asked about with what concerns it alone (its labels, its ServiceMeshMember), so that a change of one
 * namespace is answered without looking at the others. Where the control plane's mode is `ClusterWide` and there is no
 * ServiceMeshMemberRoll, every namespace is a member; a roll that is there decides in either mode.
 *
 * @see reference §1.4 (`spec.mode`), §1.6
 */
import type { ServiceMeshMember } from "../resources/service-mesh-member.js";
import { isNeverMember, type ServiceMeshMemberRoll } from "../resources/service-mesh-member-roll.js";
import type { FieldViolation } from "../result.js";
import { type LabelRequirement, type Labels, matchesLabels } from "./label-requirement.js";
import { compileLabelSelector } from "./label-selector.js";

/** The only name under which a ServiceMeshMemberRoll or ServiceMeshMember counts. */
const MEMBER_OBJECT_NAME = "default";

export interface MembershipInput {
  readonly controlPlane: {
    readonly name: string;
    readonly namespace: string;
    /** `spec.mode`; anything but `ClusterWide` is the default, MultiTenant. */
    readonly mode?: string | undefined;
  };
  /** The roll `default` of the control plane's namespace; any other is ignored. */
  readonly memberRoll?: ServiceMeshMemberRoll | undefined;
}

/** A namespace to ask about. */
export interface NamespaceCandidate {
  readonly name: string;
  /** As selectors see them: `namespaceLabels`. */
  readonly labels: Labels;
  /** The ServiceMeshMember `default` of this namespace; any other is ignored. */
  readonly member?: ServiceMeshMember | undefined;
}

export type MembershipReason =
  /** It is where the control plane lives: in the mesh without being a member. */
  | "ControlPlane"
  /** `spec.members` of the roll names it. */
  | "Listed"
  /** `spec.members` of the roll has `*`. */
  | "AllNamespaces"
  /** One of the roll's `spec.memberSelectors` matches its labels. */
  | "Selected"
  /** Its ServiceMeshMember refers to the control plane. */
  | "ServiceMeshMember"
  /** The control plane is cluster-wide, and no roll says otherwise. */
  | "ClusterWide"
  /** It is a namespace of the platform: not in any mesh. */
  | "NeverMember"
  /** Its ServiceMeshMember refers to another control plane; not in this mesh. */
  | "OtherControlPlane"
  /** Nothing makes it a member: not in the mesh. */
  | "NotAMember";

export interface NamespaceMembership {
  /** Whether the mesh knows the Services of this namespace. */
  readonly inMesh: boolean;
  readonly reason: MembershipReason;
}

export function compileMembership(input: MembershipInput): Membership {
  return new Membership(input);
}

/** Made by `compileMembership`; never changes. */
export class Membership {
  /** What is wrong with the roll's selectors. A wrong one selects nothing; the others count. */
  readonly violations: readonly FieldViolation[];
  readonly #controlPlane: MembershipInput["controlPlane"];
  readonly #hasRoll: boolean;
  readonly #listed: ReadonlySet<string>;
  readonly #selectors: readonly (readonly LabelRequirement[])[];

  constructor({ controlPlane, memberRoll }: MembershipInput) {
    const roll = memberRoll !== undefined && isRollOf(controlPlane.namespace, memberRoll) ? memberRoll : undefined;
    const selectors = (roll?.spec.memberSelectors ?? []).map((selector, index) =>
      compileLabelSelector(selector, `spec.memberSelectors[${index}]`),
    );
    this.#controlPlane = controlPlane;
    this.#hasRoll = roll !== undefined;
    this.#listed = new Set(roll?.spec.members);
    this.#selectors = selectors.flatMap((result) => (result.ok ? [result.value] : []));
    this.violations = selectors.flatMap((result) => (result.ok ? [] : result.violations));
  }

  /** Whether a namespace is in the mesh, and what makes it so. */
  of(namespace: NamespaceCandidate): NamespaceMembership {
    if (namespace.name === this.#controlPlane.namespace) return { inMesh: true, reason: "ControlPlane" };
    if (isNeverMember(namespace.name)) return { inMesh: false, reason: "NeverMember" };
    const reason = this.#byRoll(namespace) ?? this.#byMember(namespace);
    if (reason !== undefined) return { inMesh: true, reason };
    if (!this.#hasRoll && this.#controlPlane.mode === "ClusterWide") return { inMesh: true, reason: "ClusterWide" };
    const isElsewhere = ownMember(namespace) !== undefined;
    return { inMesh: false, reason: isElsewhere ? "OtherControlPlane" : "NotAMember" };
  }

  #byRoll({ name, labels }: NamespaceCandidate): MembershipReason | undefined {
    if (this.#listed.has(name)) return "Listed";
    if (this.#listed.has("*")) return "AllNamespaces";
    return this.#selectors.some((requirements) => matchesLabels(requirements, labels)) ? "Selected" : undefined;
  }

  #byMember(namespace: NamespaceCandidate): MembershipReason | undefined {
    const reference = ownMember(namespace)?.spec.controlPlaneRef;
    if (reference === undefined || reference.namespace !== this.#controlPlane.namespace) return undefined;
    return reference.name === this.#controlPlane.name ? "ServiceMeshMember" : undefined;
  }
}

function isRollOf(controlPlaneNamespace: string, { metadata }: ServiceMeshMemberRoll): boolean {
  return metadata.name === MEMBER_OBJECT_NAME && metadata.namespace === controlPlaneNamespace;
}

function ownMember({ name, member }: NamespaceCandidate): ServiceMeshMember | undefined {
  const isOwn = member?.metadata.name === MEMBER_OBJECT_NAME && member.metadata.namespace === name;
  return isOwn ? member : undefined;
}

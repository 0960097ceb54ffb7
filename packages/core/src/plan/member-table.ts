import { namespaceLabels } from "../resources/namespace.js";
import { compileMembership, type Membership, type NamespaceMembership } from "../rules/membership.js";
import type { Mesh } from "./mesh.js";
import type { Snapshot } from "./snapshot.js";

/** The only name under which a ServiceMeshMemberRoll or ServiceMeshMember counts. */
const MEMBER_OBJECT_NAME = "default";

const NOT_IN_A_MESH: NamespaceMembership = { inMesh: false, reason: "NotAMember" };

/** Which namespaces are in the mesh; answers are kept, and told when they change. */
export class MemberTable {
  readonly #snapshot: Snapshot;
  #membership: Membership | undefined;
  readonly #known = new Map<string, NamespaceMembership>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  of(namespace: string): NamespaceMembership {
    let membership = this.#known.get(namespace);
    if (membership === undefined) {
      membership = this.#decide(namespace);
      this.#known.set(namespace, membership);
    }
    return membership;
  }

  /** What is wrong with the roll. */
  get membership(): Membership | undefined {
    return this.#membership;
  }

  /** The rules of membership changed. Returns the namespaces that came in or went out. */
  recompile(mesh: Mesh | undefined): ReadonlySet<string> {
    this.#membership = mesh && compileMembership(this.#input(mesh));
    return this.reconsider([...this.#known.keys()]);
  }

  /** Something about these namespaces changed. Returns those that came in or went out. */
  reconsider(namespaces: Iterable<string>): ReadonlySet<string> {
    const moved = new Set<string>();
    for (const namespace of namespaces) {
      const before = this.#known.get(namespace);
      if (before === undefined) continue;
      const now = this.#decide(namespace);
      this.#known.set(namespace, now);
      if (before.inMesh !== now.inMesh) moved.add(namespace);
    }
    return moved;
  }

  #input({ controlPlane }: Mesh) {
    return {
      controlPlane: { ...controlPlane.metadata, mode: controlPlane.spec.mode },
      memberRoll: this.#snapshot.memberRolls.get(MEMBER_OBJECT_NAME),
    };
  }

  #decide(name: string): NamespaceMembership {
    const namespace = this.#snapshot.namespaces.get(name);
    const labels = namespace === undefined ? {} : namespaceLabels(namespace);
    const member = this.#snapshot.members.get(name)?.get(MEMBER_OBJECT_NAME);
    return this.#membership?.of({ name, labels, member }) ?? NOT_IN_A_MESH;
  }
}

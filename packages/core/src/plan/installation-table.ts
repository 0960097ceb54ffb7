import {
  type KubernetesObject,
  type ObjectKey,
  type ObjectReference,
  objectKey,
  objectReference,
} from "../resources/kubernetes-object.js";
import type { DiagnosticTable } from "./diagnostics.js";
import { foreignObject } from "./installation.js";
import type { MeshPlanChange } from "./mesh-plan.js";
import { type ControlPlaneReference, correctionOf, isOwnedBy } from "./owned-object.js";
import { isStructurallyEqual } from "./structural-equality.js";

/** What has to be done with one object. */
type Action =
  | { readonly kind: "upsert"; readonly object: KubernetesObject }
  | { readonly kind: "remove"; readonly reference: ObjectReference };

/** The objects that a control plane needs, held against those that are there. */
export class InstallationTable {
  readonly #owner: ControlPlaneReference;
  readonly #actualOf: (reference: ObjectReference) => KubernetesObject | undefined;
  readonly #diagnostics: DiagnosticTable;
  #desired: ReadonlyMap<ObjectKey, KubernetesObject> = new Map();
  /** Objects that are there and ours. */
  readonly #owned = new Map<ObjectKey, KubernetesObject>();
  /** Seen since the last update. */
  readonly #seen = new Set<ObjectKey>();
  /** What was asked for and is not seen to be done. */
  #pending: ReadonlyMap<ObjectKey, Action> = new Map();

  constructor(
    owner: ControlPlaneReference,
    actualOf: (reference: ObjectReference) => KubernetesObject | undefined,
    diagnostics: DiagnosticTable,
  ) {
    this.#owner = owner;
    this.#actualOf = actualOf;
    this.#diagnostics = diagnostics;
  }

  /** A live view. */
  get desired(): ReadonlyMap<ObjectKey, KubernetesObject> {
    return this.#desired;
  }

  /** A Service or ServiceAccount came, changed or went. Returns whether that matters. */
  observe(reference: ObjectReference, object: KubernetesObject | undefined): boolean {
    const key = objectKey(reference);
    const isOurs = object !== undefined && isOwnedBy(object, this.#owner);
    const matters = isOurs || this.#owned.has(key) || this.#desired.has(key);
    if (matters) this.#seen.add(key);
    if (isOurs) this.#owned.set(key, object);
    else this.#owned.delete(key);
    return matters;
  }

  /**
   * What has to be done now. An action is asked for when it arises, and again only when its object was seen and is still
   * not as it has to be.
   */
  update(objects: Iterable<KubernetesObject>): MeshPlanChange["objects"] {
    this.#desired = new Map([...objects].map((object) => [objectKey(objectReference(object)), object]));
    const pending = new Map([...this.#actions()]);
    const due = [...pending].filter(
      ([key, action]) => this.#seen.has(key) || !isStructurallyEqual(this.#pending.get(key), action),
    );
    this.#pending = pending;
    this.#seen.clear();
    return {
      upserted: due.flatMap(([, action]) => (action.kind === "upsert" ? [action.object] : [])),
      removed: due.flatMap(([, action]) => (action.kind === "remove" ? [action.reference] : [])),
    };
  }

  *#actions(): Iterable<readonly [ObjectKey, Action]> {
    const foreign = [];
    for (const [key, desired] of this.#desired) {
      const actual = this.#actualOf(objectReference(desired));
      const diagnostic = foreignObject(this.#owner, desired, actual);
      if (diagnostic !== undefined) foreign.push(diagnostic);
      const object = actual === undefined ? desired : correctionOf(actual, desired);
      if (diagnostic === undefined && object !== undefined) yield [key, { kind: "upsert", object }];
    }
    this.#diagnostics.set("installation", foreign);
    for (const [key, object] of this.#owned) {
      if (this.#desired.has(key) || object.metadata.deletionTimestamp !== undefined) continue;
      yield [key, { kind: "remove", reference: objectReference(object) }];
    }
  }
}

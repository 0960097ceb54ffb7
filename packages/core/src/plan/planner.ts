/**
 * The planner: keeps a mesh's plan up to date as its snapshot changes.
 *
 * An update has two halves. `PlannerInput` takes the changes in and notes what they touch; `MeshState` then brings its
 * tables up to date in the order in which one depends on the other: the mesh, its members, services, peers and rules.
 * What a change does not touch is not looked at, and a table compares before it passes a change on, so that one Service
 * among many costs one decision per peer. Planning from scratch is the same with everything touched.
 */
import type { KubernetesObject } from "../resources/kubernetes-object.js";
import type { MeshPlan, MeshPlanChange, PeerObservation, SnapshotChange } from "./mesh-plan.js";
import { MeshState } from "./mesh-state.js";
import type { ControlPlaneReference } from "./owned-object.js";
import { PlanView } from "./plan-view.js";
import { type MeshPlannerOptions, resolvePlannerOptions } from "./planner-options.js";

export interface MeshIdentity {
  /** The ServiceMeshControlPlane. It need not exist yet; without it nothing is shared. */
  readonly controlPlane: ControlPlaneReference;
}

export interface MeshPlanner {
  /** A live view of the state after the latest update. */
  readonly plan: MeshPlan;
  /**
   * Takes in changes and returns what they changed in the plan. Objects must have passed their type's `parse`, and may not
   * be changed afterwards. `now` is in epoch milliseconds and dates conditions.
   */
  update(changes: Iterable<SnapshotChange>, now: number): MeshPlanChange;
}

/** @throws FederationError INVALID_ARGUMENT for an option that cannot be used */
export function createMeshPlanner(identity: MeshIdentity, options: MeshPlannerOptions = {}): MeshPlanner {
  const state = new MeshState(identity.controlPlane, resolvePlannerOptions(options));
  return { plan: new PlanView(state), update: (changes, now) => state.update(changes, now) };
}

/** Everything that a plan follows from. */
export interface MeshSnapshot {
  readonly controlPlane: ControlPlaneReference;
  /** The cluster's objects, in any order; those that do not concern the mesh are ignored. */
  readonly objects: Iterable<KubernetesObject>;
  readonly observations: Iterable<PeerObservation>;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The plan of a snapshot. The same whatever the order of objects and observations. */
export function planMesh(snapshot: MeshSnapshot, options: MeshPlannerOptions = {}): MeshPlan {
  const planner = createMeshPlanner(snapshot, options);
  planner.update(changesOf(snapshot), snapshot.now);
  return planner.plan;
}

function* changesOf({ objects, observations }: MeshSnapshot): Iterable<SnapshotChange> {
  for (const object of objects) yield { type: "upsert", object };
  for (const observation of observations) yield { type: "peerSync", observation };
}

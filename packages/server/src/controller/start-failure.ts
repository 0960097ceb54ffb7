import {
  type Clock,
  type Condition,
  FederationError,
  formatTimestamp,
  objectReference,
  type ServiceMeshControlPlane,
  serviceMeshControlPlaneType,
} from "@meshfed/core";
import type { ResourceStore } from "../store/resource-store.js";

/**
 * Reason of `Ready` = False while the mesh cannot be run at all; the message says why.
 * @see Maistra, ConditionReasonReconcileError
 */
export const RECONCILE_ERROR = "ReconcileError";

/** Tells in the control plane's status why its mesh does not run: there is no plan yet that could. */
export async function writeStartFailure(
  store: ResourceStore,
  clock: Clock,
  controlPlane: ServiceMeshControlPlane,
  error: unknown,
): Promise<void> {
  const { generation, uid } = controlPlane.metadata;
  const current = await store.get(serviceMeshControlPlaneType, objectReference(controlPlane));
  if (current === undefined || current.metadata.uid !== uid) return;
  const before = controlPlane.status?.conditions?.find(({ type }) => type === "Ready");
  const kept = before?.status === "False" ? before.lastTransitionTime : undefined;
  const condition: Condition = {
    type: "Ready",
    status: "False",
    reason: RECONCILE_ERROR,
    // Only errors that are meant for users are shown to them.
    message: FederationError.is(error) ? error.message : "internal error; see the server's log",
    ...(generation !== undefined && { observedGeneration: generation }),
    lastTransitionTime: kept ?? formatTimestamp(clock.now()),
  };
  const status = { ...(generation !== undefined && { observedGeneration: generation }), conditions: [condition] };
  await store.update(Object.assign({}, current, { status }), { subresource: "status" });
}

import type { KubernetesObject } from "@meshfed/core";
import type { Selection, StoreEvent } from "../resource-store.js";
import type { Change } from "./change-log.js";
import { deepFreeze } from "./frozen-json.js";
import { withResourceVersion } from "./stored-object.js";

/**
 * What a change means to a watch of a selection: entering it is ADDED, leaving it is DELETED (with the state that was
 * still inside, at the version of the change), and what happens outside is nothing.
 * @see Kubernetes API concepts, efficient detection of changes
 */
export function toStoreEvent(
  change: Change,
  selection: Pick<Selection, "namespace" | "matches">,
): StoreEvent | undefined {
  const { namespace, matches = () => true } = selection;
  if (namespace !== undefined && change.object.metadata.namespace !== namespace) return undefined;
  const before = change.previous !== undefined && matches(change.previous) ? change.previous : undefined;
  const isInside = change.action !== "DELETED" && matches(change.object);
  if (isInside) return { type: before === undefined ? "ADDED" : "MODIFIED", object: change.object };
  return before === undefined ? undefined : { type: "DELETED", object: lastState(change, before) };
}

function lastState(change: Change, before: KubernetesObject): KubernetesObject {
  return change.action === "DELETED" ? change.object : deepFreeze(withResourceVersion(before, String(change.version)));
}

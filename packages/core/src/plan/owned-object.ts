/**
 * Objects that a control plane owns: how they are recognised, and what has to be written so that one is as desired
 * without taking back what others set (allocated addresses and node ports, status, further labels).
 */
import type { KubernetesObject } from "../resources/kubernetes-object.js";
import { isStructurallyEqual } from "./structural-equality.js";

/** Which control plane an object belongs to. @see reference §1.4, the labels of the operator */
export interface ControlPlaneReference {
  readonly namespace: string;
  readonly name: string;
}

const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";
const MANAGER = "meshfed";
const OWNER_LABEL = "maistra.io/owner";
const OWNER_NAME_LABEL = "maistra.io/owner-name";

/** The labels of everything that is made for a ServiceMeshControlPlane. */
export function ownerLabels(owner: ControlPlaneReference): Record<string, string> {
  return { [MANAGED_BY_LABEL]: MANAGER, [OWNER_LABEL]: owner.namespace, [OWNER_NAME_LABEL]: owner.name };
}

/** True for objects that some control plane made. */
export function isManaged(object: KubernetesObject): boolean {
  return object.metadata.labels?.[MANAGED_BY_LABEL] === MANAGER;
}

/** True for objects that this control plane made. */
export function isOwnedBy(object: KubernetesObject, owner: ControlPlaneReference): boolean {
  const labels = object.metadata.labels;
  return isManaged(object) && labels?.[OWNER_LABEL] === owner.namespace && labels[OWNER_NAME_LABEL] === owner.name;
}

/**
 * What to write so that `actual` is as desired: the fields of `desired`, with lists that others may share merged. Undefined
 * when nothing has to be written; fields that `desired` does not have are nobody's business here.
 */
export function correctionOf(actual: KubernetesObject, desired: KubernetesObject): KubernetesObject | undefined {
  const wanted = { ...desired, ...mergeFields(actual, desired) };
  return hasFields(actual, wanted) ? undefined : wanted;
}

/** Lists of records that are maps by one of their fields, as in Kubernetes' strategic merge patch. */
const MERGE_KEYS: Readonly<Record<string, string>> = { ports: "port", ownerReferences: "uid" };
/** Of those, the ones to which others may add. */
const SHARED_LISTS: ReadonlySet<string> = new Set(["ownerReferences"]);

function mergeFields(actual: object, desired: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(desired).map(([field, value]) => [field, mergeField(field, Reflect.get(actual, field), value)]),
  );
}

function mergeField(field: string, actual: unknown, desired: unknown): unknown {
  const mergeKey = MERGE_KEYS[field];
  if (Array.isArray(desired) && Array.isArray(actual) && mergeKey !== undefined) {
    return mergeList(field, mergeKey, actual, desired);
  }
  return isRecord(desired) && isRecord(actual) ? mergeFields(actual, desired) : desired;
}

/** The desired elements, each keeping what `actual` has beyond it (a node port, say). */
function mergeList(field: string, mergeKey: string, actual: readonly unknown[], desired: readonly unknown[]): unknown {
  const keyOf = (element: unknown) => (isRecord(element) ? Reflect.get(element, mergeKey) : undefined);
  const merged = desired.map((element) => {
    const match = actual.find((candidate) => keyOf(candidate) === keyOf(element));
    return isRecord(element) && isRecord(match) ? { ...match, ...mergeFields(match, element) } : element;
  });
  if (!SHARED_LISTS.has(field)) return merged;
  const ours = new Set(desired.map(keyOf));
  return [...actual.filter((element) => !ours.has(keyOf(element))), ...merged];
}

function hasFields(actual: unknown, wanted: unknown): boolean {
  if (!isRecord(wanted) || !isRecord(actual)) return isStructurallyEqual(actual, wanted);
  return Object.entries(wanted).every(([field, value]) => hasFields(Reflect.get(actual, field), value));
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

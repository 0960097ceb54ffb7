/** A value that JSON can carry. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean | undefined;
  readonly blockOwnerDeletion?: boolean | undefined;
}

/** Kubernetes' metav1.ObjectMeta, the fields that we read; others are kept as they came. */
export interface ObjectMeta {
  readonly name: string;
  readonly generateName?: string | undefined;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  /** Opaque to clients; the store compares it. */
  readonly resourceVersion?: string | undefined;
  /** Grows with each change of the desired state, never with status. */
  readonly generation?: number | undefined;
  /** RFC 3339. */
  readonly creationTimestamp?: string | undefined;
  readonly deletionTimestamp?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly finalizers?: readonly string[] | undefined;
  readonly ownerReferences?: readonly OwnerReference[] | undefined;
}

/** Any object of the Kubernetes API. Fields that we do not know are kept. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** Names one object. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectReference {
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** `Kind/namespace/name`, or `Kind/name` for cluster-scoped kinds. Kinds that we serve are unique without their group. */
export type ObjectKey = string;

export function objectKey(reference: ObjectReference): ObjectKey {
  return reference.namespace === undefined
    ? `${reference.kind}/${reference.name}`
    : `${reference.kind}/${reference.namespace}/${reference.name}`;
}

export function objectReference(object: KubernetesObject): ObjectReference {
  return object.metadata.namespace === undefined
    ? { kind: object.kind, name: object.metadata.name }
    : { kind: object.kind, namespace: object.metadata.namespace, name: object.metadata.name };
}

/** Kubernetes' metav1.Condition. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number | undefined;
  /** RFC 3339; the time of the last change of `status`. */
  readonly lastTransitionTime: string;
}

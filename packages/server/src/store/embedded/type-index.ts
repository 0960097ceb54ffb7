import {
  apiVersionsOf,
  FederationError,
  type KubernetesObject,
  type OwnerReference,
  type ResourceType,
} from "@meshfed/core";

/** `Kind.group`, or `Kind` for the core group: names a kind whatever its version. */
export type TypeId = string;

/** The one kind whose objects hold others. */
export const NAMESPACE: TypeId = "Namespace";

/** Names one object of any kind. `namespace` is "" for cluster-scoped kinds. */
export interface RowKey {
  readonly type: TypeId;
  readonly namespace: string;
  readonly name: string;
}

export function typeId(type: { readonly group: string; readonly kind: string }): TypeId {
  return type.group === "" ? type.kind : `${type.kind}.${type.group}`;
}

export function rowKey(type: TypeId, object: KubernetesObject): RowKey {
  return { type, namespace: object.metadata.namespace ?? "", name: object.metadata.name };
}

/** `Kind "namespace/name"`, for messages. */
export function describe(
  kind: string,
  key: { readonly namespace?: string | undefined; readonly name: string },
): string {
  return key.namespace ? `${kind} "${key.namespace}/${key.name}"` : `${kind} "${key.name}"`;
}

/** The kinds that a store serves. */
export class TypeIndex {
  readonly #types: ReadonlyMap<TypeId, ResourceType>;

  constructor(types: readonly ResourceType[]) {
    this.#types = new Map(types.map((type) => [typeId(type), type]));
  }

  /** The kind Namespace, when it is served. */
  get namespaces(): ResourceType | undefined {
    return this.#types.get(NAMESPACE);
  }

  find(id: TypeId): ResourceType | undefined {
    return this.#types.get(id);
  }

  /** @throws FederationError INVALID_ARGUMENT when the kind is not served. */
  idOf(type: ResourceType): TypeId {
    const id = typeId(type);
    if (!this.#types.has(id)) throw new FederationError("INVALID_ARGUMENT", `kind "${id}" is not served by this store`);
    return id;
  }

  /** @throws FederationError INVALID_ARGUMENT when the object's kind, or its version of the kind, is not served. */
  ofObject(object: KubernetesObject): ResourceType {
    const type = this.#types.get(typeId({ group: groupOf(object.apiVersion), kind: object.kind }));
    const served: readonly string[] = type === undefined ? [] : apiVersionsOf(type);
    if (type !== undefined && served.includes(object.apiVersion)) return type;
    const expected = served.map((apiVersion) => `"${apiVersion}"`).join(" or ");
    throw new FederationError(
      "INVALID_ARGUMENT",
      `no kind "${object.kind}" in apiVersion "${object.apiVersion}": ${expected ? `expected ${expected}` : "it is not served by this store"}`,
    );
  }

  /** Whether the owner is of a kind that is kept here, so that its absence means that it is gone. */
  knowsOwner(owner: OwnerReference): boolean {
    return this.#types.has(typeId({ group: groupOf(owner.apiVersion), kind: owner.kind }));
  }
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}

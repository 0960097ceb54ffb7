import {
  configMapType,
  type ErrorCode,
  FederationError,
  type KubernetesObject,
  namespaceType,
  type ObjectMeta,
  type ResourceType,
  serviceMeshPeerType,
} from "@meshfed/core";
import type { ResourceStore } from "@meshfed/server";

/** A store under test. */
export interface StoreRig {
  /** Serves at least Namespace, ConfigMap and ServiceMeshPeer. */
  readonly store: ResourceStore;
  /** How many random histories to try; default 100. */
  readonly modelRuns?: number;
  close(): Promise<void>;
}

export type CreateStoreRig = () => Promise<StoreRig>;

/** Has a status subresource. */
export const PEER: ResourceType = serviceMeshPeerType;
/** Has none. */
export const CONFIG_MAP: ResourceType = configMapType;
export const NAMESPACE: ResourceType = namespaceType;

/** What the tests of the contract share: the store and objects to put into it. */
export class StoreSuite {
  readonly #rig: () => StoreRig;

  constructor(rig: () => StoreRig) {
    this.#rig = rig;
  }

  get store(): ResourceStore {
    return this.#rig().store;
  }

  get modelRuns(): number {
    return this.#rig().modelRuns ?? 100;
  }

  /** Creates a namespace that nothing else uses; returns its name. */
  async namespace(): Promise<string> {
    const { metadata } = await this.store.create(namespaceWith({ generateName: "contract-" }));
    return metadata.name;
  }
}

export function namespaceWith(metadata: Partial<ObjectMeta>): KubernetesObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name: "", ...metadata } };
}

/** `metadata` names at least the namespace; `port` is the part of the spec that tests change. */
export function peerWith(metadata: Partial<ObjectMeta>, port = 8188): KubernetesObject & { readonly spec: object } {
  return {
    apiVersion: "federation.maistra.io/v1",
    kind: "ServiceMeshPeer",
    metadata: { name: "green-mesh", ...metadata },
    spec: { remote: { addresses: ["ingress.green-mesh.example"], discoveryPort: port } },
  };
}

/** A status that names a pod, so that two of them differ. */
export function statusOf(pod: string): { readonly status: object } {
  return { status: { discoveryStatus: { inactive: [{ pod, watch: { connected: false } }] } } };
}

export function configMapWith(
  metadata: Partial<ObjectMeta>,
  data: Readonly<Record<string, string>> = {},
): KubernetesObject & { readonly data: object } {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "root-cert", ...metadata }, data };
}

/** The code of the FederationError that the promise rejects with; any other outcome fails the test. */
export async function codeOf(promise: Promise<unknown>): Promise<ErrorCode> {
  return (await errorOf(promise)).code;
}

export async function errorOf(promise: Promise<unknown>): Promise<FederationError> {
  const outcome: unknown = await promise.then(
    (value) => new Error(`did not throw, returned ${JSON.stringify(value)}`),
    (error) => error,
  );
  if (FederationError.is(outcome)) return outcome;
  throw outcome;
}

/**
 * What a planner knows of the cluster: the objects that can concern its mesh, found by what the plan asks for.
 *
 * A cluster may hold several meshes. Federation resources count in the control plane's own namespace only; Services,
 * EndpointSlices and Namespaces are kept from everywhere, since any namespace may become a member.
 */
import type { ConfigMap } from "../resources/config-map.js";
import { type EndpointSlice, serviceNameOf } from "../resources/endpoint-slice.js";
import type { ExportedServiceSet } from "../resources/exported-service-set.js";
import type { ImportedServiceSet } from "../resources/imported-service-set.js";
import {
  type KubernetesObject,
  type ObjectKey,
  type ObjectReference,
  objectKey,
  objectReference,
} from "../resources/kubernetes-object.js";
import type { Namespace } from "../resources/namespace.js";
import { isKind } from "../resources/resource-types.js";
import type { Service } from "../resources/service.js";
import type { ServiceAccount } from "../resources/service-account.js";
import type { ServiceMeshControlPlane } from "../resources/service-mesh-control-plane.js";
import type { ServiceMeshMember } from "../resources/service-mesh-member.js";
import type { ServiceMeshMemberRoll } from "../resources/service-mesh-member-roll.js";
import type { ServiceMeshPeer } from "../resources/service-mesh-peer.js";

/** `namespace/name` of a Service. */
export type ServiceKey = string;

export function serviceKey(namespace: string, name: string): ServiceKey {
  return `${namespace}/${name}`;
}

/** Kinds that count in the control plane's namespace only, and that a user may put elsewhere by mistake. */
const FEDERATION_KINDS: ReadonlySet<string> = new Set(["ServiceMeshPeer", "ExportedServiceSet", "ImportedServiceSet"]);

export class Snapshot {
  readonly #controlPlaneNamespace: string;
  /** By name. */
  readonly controlPlanes = new Map<string, ServiceMeshControlPlane>();
  /** By name. */
  readonly peers = new Map<string, ServiceMeshPeer>();
  /** By peer. */
  readonly exportSets = new Map<string, ExportedServiceSet>();
  /** By peer. */
  readonly importSets = new Map<string, ImportedServiceSet>();
  /** Of the control plane's namespace, by name. */
  readonly configMaps = new Map<string, ConfigMap>();
  /** Of the control plane's namespace, by name. */
  readonly memberRolls = new Map<string, ServiceMeshMemberRoll>();
  /** By namespace, then by name. */
  readonly members = new Map<string, Map<string, ServiceMeshMember>>();
  /** By name. */
  readonly namespaces = new Map<string, Namespace>();
  readonly serviceAccounts = new Map<ObjectKey, ServiceAccount>();
  /** Federation resources of other namespaces. */
  readonly elsewhere = new Map<ObjectKey, ObjectReference>();
  /** By namespace, then by name. */
  readonly #services = new Map<string, Map<string, Service>>();
  /** By Service, then by the slice's name. */
  readonly #endpointSlices = new Map<ServiceKey, Map<string, EndpointSlice>>();
  /** Name of the Service that a slice was put under. */
  readonly #serviceOfSlice = new Map<ObjectKey, string>();

  constructor(controlPlaneNamespace: string) {
    this.#controlPlaneNamespace = controlPlaneNamespace;
  }

  service(namespace: string, name: string): Service | undefined {
    return this.#services.get(namespace)?.get(name);
  }

  /** A Service or ServiceAccount. */
  ownable(reference: ObjectReference): Service | ServiceAccount | undefined {
    if (reference.kind === "Service") return this.service(reference.namespace ?? "", reference.name);
    return this.serviceAccounts.get(objectKey(reference));
  }

  servicesIn(namespace: string): ReadonlyMap<string, Service> {
    return this.#services.get(namespace) ?? NO_SERVICES;
  }

  *services(): Iterable<Service> {
    for (const services of this.#services.values()) yield* services.values();
  }

  /** Namespaces that have a Service. */
  serviceNamespaces(): Iterable<string> {
    return this.#services.keys();
  }

  /** By the slices' names. */
  endpointSlices(service: ServiceKey): readonly EndpointSlice[] {
    const slices = [...(this.#endpointSlices.get(service)?.values() ?? [])];
    return slices.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  /** Name of the Service, in its namespace, that the slice belongs to as it was last seen. */
  serviceOfSlice(reference: ObjectReference): string | undefined {
    return this.#serviceOfSlice.get(objectKey(reference));
  }

  /** Puts in or replaces an object that has passed its type's `parse`. Kinds that do not matter are ignored. */
  upsert(object: KubernetesObject): void {
    const { name, namespace = "" } = object.metadata;
    const isOurs = namespace === this.#controlPlaneNamespace;
    if (FEDERATION_KINDS.has(object.kind) && !isOurs) {
      this.elsewhere.set(objectKey(objectReference(object)), objectReference(object));
    } else if (isKind(object, "ServiceMeshPeer")) this.peers.set(name, object);
    else if (isKind(object, "ExportedServiceSet")) this.exportSets.set(name, object);
    else if (isKind(object, "ImportedServiceSet")) this.importSets.set(name, object);
    else if (isKind(object, "ServiceMeshControlPlane")) {
      if (isOurs) this.controlPlanes.set(name, object);
    } else if (isKind(object, "ServiceMeshMemberRoll")) {
      if (isOurs) this.memberRolls.set(name, object);
    } else if (isKind(object, "ConfigMap")) {
      if (isOurs) this.configMaps.set(name, object);
    } else if (isKind(object, "ServiceMeshMember")) entriesOf(this.members, namespace).set(name, object);
    else if (isKind(object, "Namespace")) this.namespaces.set(name, object);
    else if (isKind(object, "ServiceAccount")) this.serviceAccounts.set(objectKey(objectReference(object)), object);
    else if (isKind(object, "Service")) entriesOf(this.#services, namespace).set(name, object);
    else if (isKind(object, "EndpointSlice")) this.#upsertSlice(object, namespace);
  }

  delete(reference: ObjectReference): void {
    const { kind, name, namespace = "" } = reference;
    const isOurs = namespace === this.#controlPlaneNamespace;
    if (FEDERATION_KINDS.has(kind) && !isOurs) this.elsewhere.delete(objectKey(reference));
    else if (kind === "ServiceMeshPeer") this.peers.delete(name);
    else if (kind === "ExportedServiceSet") this.exportSets.delete(name);
    else if (kind === "ImportedServiceSet") this.importSets.delete(name);
    else if (kind === "ServiceMeshControlPlane" && isOurs) this.controlPlanes.delete(name);
    else if (kind === "ServiceMeshMemberRoll" && isOurs) this.memberRolls.delete(name);
    else if (kind === "ConfigMap" && isOurs) this.configMaps.delete(name);
    else if (kind === "ServiceMeshMember") deleteEntry(this.members, namespace, name);
    else if (kind === "Namespace") this.namespaces.delete(name);
    else if (kind === "ServiceAccount") this.serviceAccounts.delete(objectKey(reference));
    else if (kind === "Service") deleteEntry(this.#services, namespace, name);
    else if (kind === "EndpointSlice") this.#deleteSlice(reference);
  }

  #upsertSlice(slice: EndpointSlice, namespace: string): void {
    const reference = objectReference(slice);
    this.#deleteSlice(reference);
    const serviceName = serviceNameOf(slice);
    if (serviceName === undefined) return;
    this.#serviceOfSlice.set(objectKey(reference), serviceName);
    entriesOf(this.#endpointSlices, serviceKey(namespace, serviceName)).set(slice.metadata.name, slice);
  }

  #deleteSlice(reference: ObjectReference): void {
    const service = this.serviceOfSlice(reference);
    if (service === undefined) return;
    this.#serviceOfSlice.delete(objectKey(reference));
    deleteEntry(this.#endpointSlices, serviceKey(reference.namespace ?? "", service), reference.name);
  }
}

const NO_SERVICES: ReadonlyMap<string, Service> = new Map();

function entriesOf<V>(index: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let entries = index.get(key);
  if (entries === undefined) {
    entries = new Map();
    index.set(key, entries);
  }
  return entries;
}

function deleteEntry<V>(index: Map<string, Map<string, V>>, key: string, name: string): void {
  const entries = index.get(key);
  entries?.delete(name);
  if (entries?.size === 0) index.delete(key);
}

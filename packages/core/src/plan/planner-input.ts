import {
  type KubernetesObject,
  type ObjectKey,
  type ObjectReference,
  objectKey,
  objectReference,
} from "../resources/kubernetes-object.js";
import type { GatewayProblem } from "./gateway-problem.js";
import type { SnapshotChange } from "./mesh-plan.js";
import { ObservationTable } from "./observation-table.js";
import { type ServiceKey, Snapshot, serviceKey } from "./snapshot.js";

/** What changes have touched: where a plan has to be looked at again. */
export interface Touched {
  /** The ServiceMeshControlPlanes of the namespace. */
  mesh: boolean;
  /** The ServiceMeshMemberRoll. */
  memberRoll: boolean;
  /** ServiceMeshPeers, or something that they refer to. */
  peers: boolean;
  /** Federation resources outside the control plane's namespace. */
  elsewhere: boolean;
  /** Namespaces whose membership may be another. */
  readonly namespaces: Set<string>;
  readonly exportSets: Set<string>;
  readonly importSets: Set<string>;
  readonly services: Map<ServiceKey, ServiceName>;
  /** Services with other workloads than before. */
  readonly endpoints: Map<ServiceKey, ServiceName>;
  /** Services and ServiceAccounts. */
  readonly ownable: Map<ObjectKey, ObjectReference>;
  /** By peer, exported hosts. */
  readonly offers: Map<string, Set<string>>;
  /** What the data plane says does not run. */
  gatewayProblems: boolean;
  /** Objects that were written, so that their status may have been. */
  readonly objects: Map<ObjectKey, ObjectReference>;
}

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

function nothingTouched(): Touched {
  return {
    mesh: false,
    memberRoll: false,
    peers: false,
    elsewhere: false,
    namespaces: new Set(),
    exportSets: new Set(),
    importSets: new Set(),
    services: new Map(),
    endpoints: new Map(),
    ownable: new Map(),
    offers: new Map(),
    gatewayProblems: false,
    objects: new Map(),
  };
}

/** Objects of these kinds count as gone from the moment that their deletion is asked for. */
const GONE_WHEN_DELETED: ReadonlySet<string> = new Set([
  "ServiceMeshControlPlane",
  "ServiceMeshPeer",
  "ExportedServiceSet",
  "ImportedServiceSet",
]);

/** Takes changes in, and notes what they touch. */
export class PlannerInput {
  readonly snapshot: Snapshot;
  readonly observations = new ObservationTable();
  #gatewayProblems: readonly GatewayProblem[] = [];
  readonly #controlPlaneNamespace: string;
  #touched = nothingTouched();

  constructor(controlPlaneNamespace: string) {
    this.#controlPlaneNamespace = controlPlaneNamespace;
    this.snapshot = new Snapshot(controlPlaneNamespace);
  }

  get gatewayProblems(): readonly GatewayProblem[] {
    return this.#gatewayProblems;
  }

  apply(change: SnapshotChange): void {
    if (change.type === "upsert") this.#upsert(change.object);
    else if (change.type === "delete") this.#delete(change.reference);
    else if (change.type === "gatewayProblems") {
      this.#gatewayProblems = change.problems;
      this.#touched.gatewayProblems = true;
    } else {
      const peer = change.type === "peerSync" ? change.observation.peer : change.peer;
      const hostnames = this.#touched.offers.get(peer) ?? new Set();
      this.#touched.offers.set(peer, hostnames);
      for (const hostname of this.observations.apply(change)) hostnames.add(hostname);
    }
  }

  /** What was touched since the last call. */
  takeTouched(): Touched {
    const touched = this.#touched;
    this.#touched = nothingTouched();
    return touched;
  }

  #upsert(object: KubernetesObject): void {
    const reference = objectReference(object);
    if (object.metadata.deletionTimestamp !== undefined && GONE_WHEN_DELETED.has(object.kind)) {
      this.#delete(reference);
      return;
    }
    this.#touch(reference);
    this.snapshot.upsert(object);
    this.#touch(reference);
  }

  #delete(reference: ObjectReference): void {
    this.#touch(reference);
    this.snapshot.delete(reference);
  }

  #touch(reference: ObjectReference): void {
    const { kind, name, namespace = "" } = reference;
    const touched = this.#touched;
    if (kind === "Service") this.#touchService(reference, namespace);
    else if (kind === "EndpointSlice") {
      const service = this.snapshot.serviceOfSlice(reference);
      if (service !== undefined) touched.endpoints.set(serviceKey(namespace, service), { namespace, name: service });
    } else if (kind === "ServiceAccount") touched.ownable.set(objectKey(reference), reference);
    else if (kind === "Namespace") touched.namespaces.add(name);
    else if (kind === "ServiceMeshMember") touched.namespaces.add(namespace);
    else if (namespace === this.#controlPlaneNamespace) this.#touchFederation(reference);
    else if (kind !== "ConfigMap") touched.elsewhere = true;
  }

  #touchService(reference: ObjectReference, namespace: string): void {
    const touched = this.#touched;
    touched.services.set(serviceKey(namespace, reference.name), { namespace, name: reference.name });
    touched.ownable.set(objectKey(reference), reference);
    if (namespace === this.#controlPlaneNamespace) touched.peers = true;
  }

  /** An object of the control plane's namespace. */
  #touchFederation(reference: ObjectReference): void {
    const touched = this.#touched;
    switch (reference.kind) {
      case "ServiceMeshControlPlane":
        touched.mesh = true;
        break;
      case "ServiceMeshMemberRoll":
        touched.memberRoll = true;
        break;
      case "ServiceMeshPeer":
      case "ConfigMap":
        touched.peers = true;
        break;
      case "ExportedServiceSet":
        touched.exportSets.add(reference.name);
        break;
      case "ImportedServiceSet":
        touched.importSets.add(reference.name);
        break;
      default:
        return;
    }
    touched.objects.set(objectKey(reference), reference);
  }
}

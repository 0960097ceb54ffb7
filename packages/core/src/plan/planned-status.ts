/**
 * The statuses that a plan derives, in the published shapes.
 * @see reference §1.1, §1.2, §1.3, §1.4, §1.6
 */
import type { DiscoveryStatus } from "../discovery/discovery-status.js";
import type { Condition } from "../resources/kubernetes-object.js";
import type { LocalService } from "./mesh-plan.js";

export interface ServiceMeshPeerStatus {
  /** Absent until discovery has been tried. */
  readonly discoveryStatus?: DiscoveryStatus;
  /** `Accepted`, `ResolvedRefs`, `Programmed`; see `peer-conditions.ts` for their reasons. */
  readonly conditions: readonly Condition[];
}

export interface ExportedServiceSetStatus {
  /** By local namespace, local name and exported name. */
  readonly exportedServices: readonly { readonly exportedName: string; readonly localService: LocalService }[];
  /** Only what is wrong; absent when nothing is. */
  readonly conditions?: readonly Condition[];
}

/** Where workloads of the mesh reach the raw TCP ports of an imported service, which have no `Host` to be routed by. */
export interface VirtualAddress {
  /** `localService.hostname` of the imported service. */
  readonly hostname: string;
  /** IPv4, of the mesh's range; the ports are those of the service. */
  readonly address: string;
}

export interface ImportedServiceSetStatus {
  /** All that the peer offers, by exported name; the fields of `localService` are `""` where it is not imported. */
  readonly importedServices: readonly { readonly exportedName: string; readonly localService: LocalService }[];
  /**
   * Of the imported services that have one, by hostname; absent when none has. Not a field of the published status: there
   * a sidecar's DNS answers with the address.
   */
  readonly virtualAddresses?: readonly VirtualAddress[];
  /** Only what is wrong; absent when nothing is. */
  readonly conditions?: readonly Condition[];
}

export interface ServiceMeshControlPlaneStatus {
  readonly observedGeneration?: number;
  /** `readyComponentCount`: ready and all components, as in `5/5`. */
  readonly annotations: { readonly readyComponentCount: string };
  /** `Ready`. */
  readonly conditions: readonly Condition[];
  readonly readiness: {
    readonly components: {
      readonly pending: readonly string[];
      readonly ready: readonly string[];
      readonly unready: readonly string[];
    };
  };
}

export interface ServiceMeshMemberRollStatus {
  /** Namespaces that exist and are in the mesh; all lists ascend. */
  readonly configuredMembers: readonly string[];
  /** Configured and pending members. */
  readonly members: readonly string[];
  /** Namespaces that were named and do not exist. */
  readonly pendingMembers: readonly string[];
}

export type PlannedStatus =
  | ServiceMeshPeerStatus
  | ExportedServiceSetStatus
  | ImportedServiceSetStatus
  | ServiceMeshControlPlaneStatus
  | ServiceMeshMemberRollStatus;

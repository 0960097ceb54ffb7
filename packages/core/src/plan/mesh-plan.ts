/**
 * The plan of a mesh: everything that was decided, and nothing else. The engine, the statuses, explanations and previews
 * are read from it.
 */
import type { ServiceMessage } from "../discovery/message.js";
import type { KubernetesObject, ObjectKey, ObjectReference } from "../resources/kubernetes-object.js";
import type { FieldViolation } from "../result.js";
import type { GatewayResource, GatewayResourceKey } from "./gateway-resource.js";

/** What was tested for one (service, peer), in the order in which it was tested. */
export type DecisionTest =
  | "PeerAccepted"
  | "Federated"
  | "External"
  | "Ports"
  | "Member"
  | "ControlPlaneService"
  | "IngressGateway"
  | "Visibility"
  | "Rule"
  | "Name"
  | "Announcement"
  | "Conflict"
  | "Locality"
  | "Authorization";

export interface RuleReference {
  /** Name of the ExportedServiceSet or ImportedServiceSet. */
  readonly set: string;
  /** Position in `spec.exportRules` or `spec.importRules`, from 0. */
  readonly index: number;
}

/** One step of the answer to "why is this service (not) shared with that peer?". */
export interface Decision {
  readonly test: DecisionTest;
  /** `unknown`: only the peer can know. */
  readonly outcome: "pass" | "fail" | "info" | "unknown";
  readonly rule?: RuleReference;
  /** Constant phrasing with the object's names in quotes. */
  readonly message: string;
}

/** A problem found in the input. Never stops what is right. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  /** Stable, CamelCase, for programs: `InvalidRule`, `ShadowedRule`, `ExportConflict`, `LocalityDropped`, ... */
  readonly reason: string;
  readonly object: ObjectReference;
  /** Path in the object, for example `spec.exportRules[2]`; empty for the object as a whole. */
  readonly path: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** A local service and what it is exported as. */
export interface ExportedService {
  readonly peer: string;
  readonly rule: RuleReference;
  readonly localService: { readonly name: string; readonly namespace: string; readonly hostname: string };
  readonly message: ServiceMessage;
}

/** What the controller learned of a peer over discovery. */
export interface PeerObservation {
  readonly peer: string;
  /** The peer's whole list, by hostname; only announcements that passed `checkAnnouncement`. */
  readonly services: ReadonlyMap<string, ServiceMessage>;
  /** Announcements that were not believed, by hostname. */
  readonly rejected: ReadonlyMap<string, readonly FieldViolation[]>;
  /** Ready to be written; see reference §1.1. */
  readonly discoveryStatus: DiscoveryStatus;
  /** Epoch milliseconds of the last contact that confirmed the list; absent: never. */
  readonly lastConfirmed?: number;
}

export interface WatchStatus {
  readonly connected: boolean;
  readonly lastConnected?: string;
  readonly lastEvent?: string;
  readonly lastFullSync?: string;
  readonly lastDisconnect?: string;
  readonly lastDisconnectStatus?: string;
}

export interface RemoteStatus extends WatchStatus {
  /** Where the peer's watch comes from. */
  readonly source: string;
}

export interface PodDiscoveryStatus {
  readonly pod: string;
  readonly watch: WatchStatus;
  readonly remotes?: readonly RemoteStatus[];
}

export interface DiscoveryStatus {
  readonly active?: readonly PodDiscoveryStatus[];
  readonly inactive?: readonly PodDiscoveryStatus[];
}

/** One change of a planner's input. */
export type SnapshotChange =
  | { readonly type: "upsert"; readonly object: KubernetesObject }
  | { readonly type: "delete"; readonly reference: ObjectReference }
  /** Replaces everything known of the peer's list. */
  | { readonly type: "peerSync"; readonly observation: PeerObservation }
  /** Part of the peer's list changed. */
  | {
      readonly type: "peerServices";
      readonly peer: string;
      readonly upserted: readonly ServiceMessage[];
      /** Hostnames. */
      readonly removed: readonly string[];
      readonly lastConfirmed?: number;
    }
  | {
      readonly type: "peerStatus";
      readonly peer: string;
      readonly discoveryStatus: DiscoveryStatus;
      readonly lastConfirmed?: number;
    }
  | { readonly type: "peerForgotten"; readonly peer: string };

/** What a planner update changed, so that adapters do work for that alone. */
export interface MeshPlanChange {
  readonly gateway: { readonly upserted: readonly GatewayResource[]; readonly removed: readonly GatewayResourceKey[] };
  /** Exported services that appeared, changed or went, by peer. A rename is a removal and an upsert. */
  readonly exports: ReadonlyMap<
    string,
    { readonly upserted: readonly ServiceMessage[]; readonly removed: readonly string[] }
  >;
  /** Objects whose status may differ now; read it with `plan.status`. */
  readonly statuses: ReadonlySet<ObjectKey>;
  /** Objects that the mesh owns and that must exist (gateway Services, ServiceAccounts, ...) or must go. */
  readonly objects: { readonly upserted: readonly KubernetesObject[]; readonly removed: readonly ObjectReference[] };
}

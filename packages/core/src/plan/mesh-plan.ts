/**
 * The plan of a mesh: everything that was decided, and nothing else. The engine, the statuses, explanations and previews
 * are read from it.
 */
import type { DiscoveryStatus } from "../discovery/discovery-status.js";
import type { ServiceMessage } from "../discovery/message.js";
import type { KubernetesObject, ObjectKey, ObjectReference } from "../resources/kubernetes-object.js";
import type { FieldViolation } from "../result.js";
import type { GatewayProblem } from "./gateway-problem.js";
import type { GatewayResource, GatewayResourceKey } from "./gateway-resource.js";
import type { ControlPlaneReference } from "./owned-object.js";
import type { PlannedStatus } from "./planned-status.js";

export type { DiscoveryStatus, PodDiscoveryStatus, RemoteStatus, WatchStatus } from "../discovery/discovery-status.js";

/** What was tested for one (service, peer), in the order in which it was tested. */
export type DecisionTest =
  /** Whether there is a usable ServiceMeshPeer. */
  | "PeerAccepted"
  /** Whether there is such a Service at all. */
  | "Exists"
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
  | "Authorization"
  /** Whether the peer imports what is exported to it. */
  | "Imported";

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

/** A service as its own mesh names it. */
export interface LocalService {
  readonly name: string;
  readonly namespace: string;
  readonly hostname: string;
}

/** A local service and what it is exported as. */
export interface ExportedService {
  readonly peer: string;
  readonly rule: RuleReference;
  readonly localService: LocalService;
  readonly message: ServiceMessage;
}

/** A service that a peer offers, and what it is imported as. */
export interface OfferedService {
  readonly peer: string;
  readonly message: ServiceMessage;
  /** Absent: offered and not imported; `explainImport` says why. */
  readonly imported?: {
    readonly rule: RuleReference;
    readonly localService: LocalService;
    readonly importAsLocal: boolean;
  };
}

/** What a peer offers. */
export interface PeerImports {
  /** Epoch milliseconds of the last contact that confirmed the offer; absent: never. Not the same as "connected". */
  readonly lastConfirmed?: number;
  /** By the exported host. */
  readonly services: ReadonlyMap<string, OfferedService>;
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
      /**
       * Announcements that are not believed from now on, by hostname; they are no longer among the services. A hostname
       * in `upserted` or `removed` is no longer rejected.
       */
      readonly rejected?: ReadonlyMap<string, readonly FieldViolation[]>;
      readonly lastConfirmed?: number;
    }
  | {
      readonly type: "peerStatus";
      readonly peer: string;
      readonly discoveryStatus: DiscoveryStatus;
      readonly lastConfirmed?: number;
    }
  | { readonly type: "peerForgotten"; readonly peer: string }
  /** Everything of the gateway configuration that does not run, as the data plane says; replaces what it said before. */
  | { readonly type: "gatewayProblems"; readonly problems: readonly GatewayProblem[] };

/** What is said of a mesh's objects now and was not before, and the other way round. */
export interface DiagnosticsChange {
  /** In the order of `MeshPlan.diagnostics`. A problem whose message is another now has been resolved and has appeared. */
  readonly appeared: readonly Diagnostic[];
  /** In the order of `MeshPlan.diagnostics`; also of objects that are gone. */
  readonly resolved: readonly Diagnostic[];
}

/** What a planner update changed, so that adapters do work for that alone. */
export interface MeshPlanChange {
  readonly gateway: { readonly upserted: readonly GatewayResource[]; readonly removed: readonly GatewayResourceKey[] };
  /**
   * Exported services that appeared, changed or went, by peer; peers without a change are left out. A rename is a removal
   * and an upsert.
   */
  readonly exports: ReadonlyMap<
    string,
    { readonly upserted: readonly ServiceMessage[]; readonly removed: readonly string[] }
  >;
  /** Objects whose status may differ now; read it with `plan.status`. */
  readonly statuses: ReadonlyMap<ObjectKey, ObjectReference>;
  /**
   * What to do so that the objects that the mesh owns (gateway Services, ServiceAccounts) are as desired: `upserted` ones
   * hold the fields to set, others are to be kept.
   */
  readonly objects: { readonly upserted: readonly KubernetesObject[]; readonly removed: readonly ObjectReference[] };
  /** The net difference of `MeshPlan.diagnostics`, for logs: not every diagnostic leads to a condition. */
  readonly diagnostics: DiagnosticsChange;
}

/** Asks about one local service and one peer. */
export interface ExportQuestion {
  readonly service: { readonly namespace: string; readonly name: string };
  readonly peer: string;
}

/** Asks about one service of a peer: by the host that it is exported under, or by its exported name and namespace. */
export type ImportQuestion =
  | { readonly peer: string; readonly hostname: string }
  | { readonly peer: string; readonly namespace: string; readonly name: string };

/**
 * Everything that follows from a mesh's snapshot. The plan of a planner is a live view: it shows the state after the
 * latest update, and its maps must not be kept across updates. The plan of `planMesh` never changes.
 */
export interface MeshPlan {
  readonly controlPlane: ControlPlaneReference;
  readonly gatewayResources: ReadonlyMap<GatewayResourceKey, GatewayResource>;
  /** By peer, then by exported host. Every ServiceMeshPeer has an entry. */
  readonly exports: ReadonlyMap<string, ReadonlyMap<string, ExportedService>>;
  /** By peer. Every ServiceMeshPeer has an entry. */
  readonly imports: ReadonlyMap<string, PeerImports>;
  /** The objects that the mesh owns, with the fields that it sets, whether they exist yet or not. */
  readonly objects: ReadonlyMap<ObjectKey, KubernetesObject>;
  /** By object, path, reason and message. */
  readonly diagnostics: readonly Diagnostic[];
  /**
   * The status that an object should have; undefined for objects that are not there or whose status is not the mesh's to
   * write. Times of conditions that did not change come from the object's present status.
   */
  status(reference: ObjectReference): PlannedStatus | undefined;
  /** The tests that were taken, in order, up to the first that failed. */
  explainExport(question: ExportQuestion): readonly Decision[];
  /** The tests that were taken, in order, up to the first that failed; a service that is not offered is no failure. */
  explainImport(question: ImportQuestion): readonly Decision[];
}

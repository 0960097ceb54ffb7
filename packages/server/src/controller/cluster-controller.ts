/**
 * Runs every control plane of the store: one informer per kind, one mesh controller per ServiceMeshControlPlane. The
 * meshes share the informers of the cluster that they live in, and nothing else.
 */
import {
  type Clock,
  isKind,
  type KubernetesObject,
  type ObjectKey,
  type ObjectReference,
  objectKey,
  objectReference,
  RESOURCE_TYPES,
  type ServiceMeshControlPlane,
} from "@meshfed/core";
import type { Logger } from "pino";
import type { ResourceStore } from "../store/resource-store.js";
import { createInformer, type Informer, type ObjectChange } from "./informer.js";
import type { MeshController } from "./mesh-controller.js";
import { createSerialQueue } from "./workqueue.js";

/** The kinds that decide what a mesh does. */
const WATCHED_KINDS: ReadonlySet<string> = new Set([
  "ServiceMeshControlPlane",
  "ServiceMeshPeer",
  "ExportedServiceSet",
  "ImportedServiceSet",
  "ServiceMeshMemberRoll",
  "ServiceMeshMember",
  "DestinationRule",
  "Namespace",
  "Service",
  "EndpointSlice",
  "ConfigMap",
  "Secret",
]);

/** What a mesh gets of the cluster that it lives in. */
export interface MeshSurroundings {
  /** The object as the informers know it. */
  readonly findObject: (reference: ObjectReference) => KubernetesObject | undefined;
  /** To be called after each replan. */
  readonly onPlanned: () => void;
}

export interface ClusterControllerOptions {
  readonly store: ResourceStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once per control plane, after every informer has synced. */
  readonly createMesh: (controlPlane: ServiceMeshControlPlane, cluster: MeshSurroundings) => Promise<MeshController>;
  /** Get every change too: what serves the whole cluster, such as the load balancer. */
  readonly observers: readonly ((change: ObjectChange) => void)[];
}

export interface ClusterController {
  /** Settles when `objects` (as the store returned them) have been seen and every control plane serves its gateways. */
  serving(objects: readonly KubernetesObject[]): Promise<void>;
  close(): Promise<void>;
}

interface RunningMesh {
  readonly uid: string | undefined;
  readonly mesh: MeshController;
}

/** Settles after the first complete list of every kind. */
export async function createClusterController(options: ClusterControllerOptions): Promise<ClusterController> {
  const { store, logger } = options;
  const informers = new Map<string, Informer>();
  const meshes = new Map<ObjectKey, RunningMesh>();
  /** Control planes whose mesh could not start: a change of a Secret beside them is one new try. */
  const failed = new Map<ObjectKey, ServiceMeshControlPlane>();
  const lifecycle = createSerialQueue();
  const waiting = new Set<() => void>();
  let synced = false;

  function onChange(change: ObjectChange): void {
    // What arrives before every kind is known stays in the informers and is handed out once, complete.
    if (!synced) return;
    for (const observer of options.observers) observer(change);
    for (const { mesh } of meshes.values()) mesh.onChange(change);
    followControlPlanes(change);
    recheck();
  }

  function followControlPlanes(change: ObjectChange): void {
    if (change.type === "delete") {
      if (change.reference.kind === "ServiceMeshControlPlane") schedule(() => stop(objectKey(change.reference)));
    } else if (isKind(change.object, "ServiceMeshControlPlane")) {
      const controlPlane = change.object;
      schedule(() => start(controlPlane));
    } else if (change.object.kind === "Secret") {
      for (const controlPlane of failed.values()) {
        if (controlPlane.metadata.namespace === change.object.metadata.namespace) schedule(() => start(controlPlane));
      }
    }
  }

  function schedule(work: () => Promise<void>): void {
    lifecycle.run(work).catch((error: unknown) => logger.error({ err: error }, "could not start or stop a mesh"));
  }

  async function start(controlPlane: ServiceMeshControlPlane): Promise<void> {
    const key = objectKey(objectReference(controlPlane));
    const running = meshes.get(key);
    if (running !== undefined && running.uid === controlPlane.metadata.uid) return;
    if (running !== undefined) await stop(key);
    try {
      const mesh = await options.createMesh(controlPlane, { findObject, onPlanned: recheck });
      failed.delete(key);
      for (const informer of informers.values()) {
        for (const object of informer.objects()) mesh.onChange({ type: "upsert", object });
      }
      meshes.set(key, { uid: controlPlane.metadata.uid, mesh });
      logger.info({ mesh: key }, "started a mesh");
    } catch (error) {
      failed.set(key, controlPlane);
      logger.error({ err: error, mesh: key }, "could not start a mesh, trying again when a Secret beside it changes");
    }
  }

  /** The mesh has seen the deletion like any other change: it withdraws everything before it ends. */
  async function stop(key: ObjectKey): Promise<void> {
    failed.delete(key);
    const running = meshes.get(key);
    if (running === undefined) return;
    await running.mesh.idle();
    meshes.delete(key);
    await running.mesh.close();
    logger.info({ mesh: key }, "stopped a mesh");
  }

  function findObject(reference: ObjectReference): KubernetesObject | undefined {
    return informers.get(reference.kind)?.get(reference);
  }

  function recheck(): void {
    for (const check of waiting) check();
  }

  function isSeen(object: KubernetesObject): boolean {
    if (!informers.has(object.kind)) return true;
    const known = findObject(objectReference(object));
    return known !== undefined && Number(known.metadata.resourceVersion) >= Number(object.metadata.resourceVersion);
  }

  function isServing(): boolean {
    const controlPlanes = [...(informers.get("ServiceMeshControlPlane")?.objects() ?? [])];
    return controlPlanes.every((controlPlane) => {
      const running = meshes.get(objectKey(objectReference(controlPlane)));
      return running !== undefined && running.uid === controlPlane.metadata.uid && running.mesh.isReady();
    });
  }

  for (const type of RESOURCE_TYPES) {
    if (!WATCHED_KINDS.has(type.kind)) continue;
    const onProblem = (error: unknown) =>
      logger.error({ err: error, kind: type.kind }, "could not watch the store, trying again");
    informers.set(type.kind, createInformer({ store, type, clock: options.clock, onChange, onProblem }));
  }
  await Promise.all([...informers.values()].map((informer) => informer.synced));
  synced = true;
  for (const informer of informers.values()) {
    for (const object of informer.objects()) onChange({ type: "upsert", object });
  }

  return {
    async serving(objects) {
      await new Promise<void>((resolve) => {
        const check = () => {
          if (!objects.every(isSeen) || !isServing()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      });
      await lifecycle.idle();
      await Promise.all([...meshes.values()].map(({ mesh }) => mesh.idle()));
    },
    async close() {
      await Promise.all([...informers.values()].map((informer) => informer.close()));
      await lifecycle.idle();
      await Promise.all([...meshes.values()].map(({ mesh }) => mesh.close()));
    },
  };
}

/**
 * Runs every control plane of the store: one informer per kind, one mesh controller per ServiceMeshControlPlane. The
 * meshes share the informers of the cluster that they live in, and nothing else.
 */
import {
  type Clock,
  FederationError,
  type KubernetesObject,
  type ObjectKey,
  type ObjectReference,
  objectKey,
  objectReference,
  RESOURCE_TYPES,
  type ServiceMeshControlPlane,
  type TimerHandle,
} from "@meshfed/core";
import type { Logger } from "pino";
import type { ResourceStore } from "../store/resource-store.js";
import { createInformer, type Informer, type ObjectChange } from "./informer.js";
import type { MeshController } from "./mesh-controller.js";
import { createMeshRunner, type MeshRunner } from "./mesh-runner.js";

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
  "ServiceAccount",
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
  readonly createMesh: (controlPlane: ServiceMeshControlPlane, cluster: MeshSurroundings) => Promise<MeshController>;
  /** Get every change too: what serves the whole cluster, such as the load balancer. */
  readonly observers: readonly ((change: ObjectChange) => void)[];
  /** How long connections of a mesh that ends may take to finish. */
  readonly drainTimeoutMs: number;
}

export interface ClusterController {
  /**
   * Settles when `objects` (as the store returned them) have been seen and every control plane serves its gateways. What
   * it waits for is logged from time to time.
   * @throws FederationError UNAVAILABLE when closed meanwhile
   */
  serving(objects: readonly KubernetesObject[]): Promise<void>;
  close(): Promise<void>;
}

interface Waiter {
  readonly isMet: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: FederationError) => void;
}

const REPORT_INTERVAL_MS = 10_000;

/** Settles after the first complete list of every kind. */
export async function createClusterController(options: ClusterControllerOptions): Promise<ClusterController> {
  const { store, clock, logger } = options;
  const informers = new Map<string, Informer>();
  const runners = new Map<ObjectKey, MeshRunner>();
  const waiters = new Set<Waiter>();
  let synced = false;
  let closed = false;

  function onChange(change: ObjectChange): void {
    // What arrives before every kind is known stays in the informers and is handed out once, complete.
    if (!synced) return;
    for (const observer of options.observers) observer(change);
    const reference = change.type === "upsert" ? objectReference(change.object) : change.reference;
    if (reference.kind === "ServiceMeshControlPlane") ensureRunner(reference);
    for (const runner of runners.values()) runner.onChange(change);
    if (reference.kind === "ServiceMeshControlPlane" && change.type === "delete") void forgetWhenIdle(reference);
    recheck();
  }

  function ensureRunner(reference: ObjectReference): void {
    const key = objectKey(reference);
    if (runners.has(key)) return;
    const runner = createMeshRunner({
      reference,
      store,
      clock,
      logger: logger.child({ mesh: `${reference.namespace}/${reference.name}` }),
      createMesh: (controlPlane) => options.createMesh(controlPlane, { findObject, onPlanned: recheck }),
      findControlPlane: () => findObject(reference),
      objects: allObjects,
      drainTimeoutMs: options.drainTimeoutMs,
      onTransition: recheck,
    });
    runners.set(key, runner);
  }

  async function forgetWhenIdle(reference: ObjectReference): Promise<void> {
    const key = objectKey(reference);
    const runner = runners.get(key);
    await runner?.idle();
    if (runner === undefined || !runner.isIdle() || runners.get(key) !== runner) return;
    runners.delete(key);
    await runner.close();
  }

  function findObject(reference: ObjectReference): KubernetesObject | undefined {
    return informers.get(reference.kind)?.get(reference);
  }

  function* allObjects(): Iterable<KubernetesObject> {
    for (const informer of informers.values()) yield* informer.objects();
  }

  function recheck(): void {
    for (const waiter of waiters) {
      if (!waiter.isMet()) continue;
      waiters.delete(waiter);
      waiter.resolve();
    }
  }

  function until(isMet: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (closed) reject(closedError());
      else if (isMet()) resolve();
      else waiters.add({ isMet, resolve, reject });
    });
  }

  function isSeen(object: KubernetesObject): boolean {
    const informer = informers.get(object.kind);
    return informer === undefined || informer.hasSeen(object);
  }

  function isServing(): boolean {
    return [...runners.values()].every((runner) => runner.waitingFor() === undefined);
  }

  function reportWaiting(): void {
    for (const [mesh, runner] of runners) {
      const reason = runner.waitingFor();
      if (reason !== undefined) logger.warn({ mesh, ...reason }, "waiting for a mesh to be served");
    }
  }

  async function serving(objects: readonly KubernetesObject[]): Promise<void> {
    let unseen = objects;
    const isMet = () => {
      unseen = unseen.filter((object) => !isSeen(object));
      return unseen.length === 0 && isServing();
    };
    // What is planned may turn out not to run when it is carried out.
    do {
      await until(isMet);
      await Promise.all([...runners.values()].map((runner) => runner.idle()));
    } while (!isMet());
  }

  for (const type of RESOURCE_TYPES) {
    if (!WATCHED_KINDS.has(type.kind)) continue;
    const onProblem = (error: unknown) =>
      logger.error({ err: error, kind: type.kind }, "could not watch the store, trying again");
    informers.set(type.kind, createInformer({ store, type, clock, onChange, onProblem }));
  }
  await Promise.all([...informers.values()].map((informer) => informer.synced));
  synced = true;
  for (const object of allObjects()) onChange({ type: "upsert", object });

  return {
    async serving(objects) {
      const report = repeat(clock, REPORT_INTERVAL_MS, reportWaiting);
      try {
        await serving(objects);
      } finally {
        report.stop();
      }
    },
    async close() {
      closed = true;
      for (const waiter of waiters) waiter.reject(closedError());
      waiters.clear();
      await Promise.all([...informers.values()].map((informer) => informer.close()));
      await Promise.all([...runners.values()].map((runner) => runner.close()));
    },
  };
}

function closedError(): FederationError {
  return new FederationError("UNAVAILABLE", "the server is closed");
}

function repeat(clock: Clock, intervalMs: number, work: () => void): { stop(): void } {
  const again = (): TimerHandle =>
    clock.setTimeout(() => {
      work();
      timer = again();
    }, intervalMs);
  let timer = again();
  return { stop: () => clock.clearTimeout(timer) };
}

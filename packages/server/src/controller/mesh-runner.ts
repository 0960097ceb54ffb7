/**
 * Runs the mesh of one ServiceMeshControlPlane name: starts it, ends it, and starts it anew when the control plane is
 * another one or has another identity. A start that fails is tried again, with exponential backoff and whenever something
 * changes that may help.
 */
import {
  type Clock,
  type Condition,
  clusterDomainOf,
  isKind,
  type KubernetesObject,
  type ObjectReference,
  objectKey,
  type ServiceMeshControlPlane,
  trustDomainOf,
} from "@meshfed/core";
import type { Logger } from "pino";
import type { ResourceStore } from "../store/resource-store.js";
import type { ObjectChange } from "./informer.js";
import type { MeshController } from "./mesh-controller.js";
import { createRetryQueue } from "./retry-queue.js";
import { RECONCILE_ERROR, writeStartFailure } from "./start-failure.js";

export interface MeshRunnerOptions {
  readonly reference: ObjectReference;
  readonly store: ResourceStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly createMesh: (controlPlane: ServiceMeshControlPlane) => Promise<MeshController>;
  /** The control plane as it is known now. */
  readonly findControlPlane: () => KubernetesObject | undefined;
  /** Everything that is known now: what a mesh is given when it has started. */
  readonly objects: () => Iterable<KubernetesObject>;
  /** How long connections of a mesh that ends may take to finish. */
  readonly drainTimeoutMs: number;
  /** A mesh was started or ended. */
  readonly onTransition: () => void;
}

export interface MeshRunner {
  /** A change of any object. */
  onChange(change: ObjectChange): void;
  /** Undefined when everything that should be served is; otherwise why it is not. */
  waitingFor(): Pick<Condition, "reason" | "message"> | undefined;
  /** Whether there is neither a control plane nor a mesh. */
  isIdle(): boolean;
  /** Settles when everything that was fed so far is carried out. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

interface RunningMesh {
  readonly controlPlane: ServiceMeshControlPlane;
  readonly mesh: MeshController;
}

export function createMeshRunner(options: MeshRunnerOptions): MeshRunner {
  const { reference, store, clock, logger } = options;
  const key = objectKey(reference);
  let running: RunningMesh | undefined;
  /** Of the latest start, while it has not succeeded. */
  let failure: string | undefined;
  let closed = false;
  const queue = createRetryQueue<null>({
    clock,
    keyOf: () => key,
    work: reconcile,
    delayMs: 0,
    onFailure: (_, error, retryAfterMs) => {
      const text = error instanceof Error ? error.message : String(error);
      if (failure !== text) logger.error({ err: error, retryAfterMs }, "could not start or end a mesh");
      failure = text;
    },
  });

  function wanted(): ServiceMeshControlPlane | undefined {
    const object = closed ? undefined : options.findControlPlane();
    if (object === undefined || !isKind(object, "ServiceMeshControlPlane")) return undefined;
    return object.metadata.deletionTimestamp === undefined ? object : undefined;
  }

  async function reconcile(): Promise<void> {
    const controlPlane = wanted();
    if (running !== undefined && (controlPlane === undefined || !isSameMesh(running.controlPlane, controlPlane))) {
      await end(running.mesh);
    }
    if (running === undefined && controlPlane !== undefined) await start(controlPlane);
    if (running !== undefined || controlPlane === undefined) failure = undefined;
  }

  async function start(controlPlane: ServiceMeshControlPlane): Promise<void> {
    let mesh: MeshController;
    try {
      mesh = await options.createMesh(controlPlane);
    } catch (error) {
      // A control plane that went or changed meanwhile has been queued again.
      if (wanted() !== controlPlane) return;
      await writeStartFailure(store, clock, controlPlane, error);
      throw error;
    }
    running = { controlPlane, mesh };
    for (const object of options.objects()) deliver({ type: "upsert", object });
    logger.info("started a mesh");
    options.onTransition();
  }

  /** A mesh whose control plane is gone has seen that like any other change: it withdraws everything before it ends. */
  async function end(mesh: MeshController): Promise<void> {
    await mesh.idle();
    await mesh.close({ drainTimeoutMs: options.drainTimeoutMs });
    running = undefined;
    logger.info("ended a mesh");
    options.onTransition();
  }

  /** Another control plane under the same name is to the mesh that runs the end of its own. */
  function deliver(change: ObjectChange): void {
    if (running === undefined) return;
    const { controlPlane, mesh } = running;
    const isOwn = change.type === "upsert" && isKind(change.object, "ServiceMeshControlPlane") && isAbout(change);
    if (!isOwn || isSameMesh(controlPlane, change.object)) mesh.onChange(change);
    else if (controlPlane.metadata.uid !== change.object.metadata.uid) mesh.onChange({ type: "delete", reference });
  }

  function isAbout(change: ObjectChange): boolean {
    const { kind, name, namespace } =
      change.type === "delete" ? change.reference : { kind: change.object.kind, ...change.object.metadata };
    return kind === reference.kind && name === reference.name && namespace === reference.namespace;
  }

  /** A repaired `cacerts` is the usual remedy. */
  function mayHelp(change: ObjectChange): boolean {
    if (failure === undefined || change.type === "delete") return false;
    return change.object.kind === "Secret" && change.object.metadata.namespace === reference.namespace;
  }

  return {
    onChange(change) {
      deliver(change);
      if ((isAbout(change) && !isOwnStatus(change)) || mayHelp(change)) queue.add(null);
    },
    waitingFor() {
      const controlPlane = wanted();
      if (controlPlane === undefined) return undefined;
      if (failure !== undefined) return { reason: RECONCILE_ERROR, message: failure };
      const condition =
        running !== undefined && isSameMesh(running.controlPlane, controlPlane) ? running.mesh.readiness() : undefined;
      if (condition === undefined) return { reason: "Starting", message: "the mesh is being started" };
      return condition.status === "True" ? undefined : condition;
    },
    isIdle: () => running === undefined && wanted() === undefined,
    async idle() {
      await queue.flush();
      await running?.mesh.idle();
    },
    async close() {
      closed = true;
      await queue.close();
      if (running !== undefined) await end(running.mesh);
    },
  };

  /** What `writeStartFailure` wrote must not bring about the next try at once. */
  function isOwnStatus(change: ObjectChange): boolean {
    if (failure === undefined || change.type === "delete") return false;
    const { object } = change;
    if (!isKind(object, "ServiceMeshControlPlane")) return false;
    return (
      object.status?.conditions?.some(
        ({ reason, observedGeneration }) =>
          reason === RECONCILE_ERROR && observedGeneration === object.metadata.generation,
      ) ?? false
    );
  }
}

/** What a mesh keeps all its life: its object, and the names that its certificates and hosts are made of. */
function isSameMesh(one: ServiceMeshControlPlane, other: ServiceMeshControlPlane): boolean {
  return (
    one.metadata.uid === other.metadata.uid &&
    trustDomainOf(one) === trustDomainOf(other) &&
    clusterDomainOf(one) === clusterDomainOf(other)
  );
}

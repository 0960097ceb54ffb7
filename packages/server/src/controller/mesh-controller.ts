/**
 * Runs one control plane: changes of objects and news of peers go into the planner, and what the planner says has changed
 * is carried out: gateways, exports and imports over discovery, owned objects, statuses. It decides nothing itself, and
 * does work for what changed alone.
 */
import { isDeepStrictEqual } from "node:util";
import {
  type Clock,
  type Condition,
  createMeshPlanner,
  type MeshPlan,
  type MeshPlanChange,
  type ObjectReference,
  objectReference,
  type PlannedStatus,
  type ServiceMeshControlPlane,
  type SnapshotChange,
  serviceMeshControlPlaneType,
} from "@meshfed/core";
import {
  type CertificateRotation,
  checkTrustBundle,
  createCertificateRotation,
  toSecretData,
} from "@meshfed/core/trust";
import type { Logger } from "pino";
import type { DataPlane } from "../dataplane/data-plane.js";
import type { ResourceStore } from "../store/resource-store.js";
import { createDiagnosticLog } from "./diagnostic-log.js";
import { createGatewayApplier } from "./gateway-applier.js";
import type { ObjectChange } from "./informer.js";
import { ensureMeshAuthority, isAuthorityObject } from "./mesh-authority.js";
import { createObjectApplier } from "./object-applier.js";
import { createPeerDiscovery, type PeerDiscovery } from "./peer-discovery.js";
import { resourceTypeOf } from "./resource-type-of.js";
import { createStatusWriter } from "./status-writer.js";
import { createSerialQueue, type SerialQueue } from "./workqueue.js";

export interface DataPlaneDependencies {
  readonly certificates: CertificateRotation;
  /** An authenticated connection of a peer to its ingress gateway's discovery port. */
  readonly onDiscoveryConnection: PeerDiscovery["accept"];
}

export interface MeshControllerOptions {
  readonly store: ResourceStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly controlPlane: ServiceMeshControlPlane;
  /** Range of the virtual addresses of imported TCP services; this mesh's alone. */
  readonly virtualAddressRange: string;
  /** Where gateways of type NodePort listen. */
  readonly nodeAddress: string;
  /** Name under which this process appears in `status.discoveryStatus`. */
  readonly pod: string;
  readonly createDataPlane: (dependencies: DataPlaneDependencies) => DataPlane;
  /** Called after each replan. */
  readonly onPlanned: () => void;
}

export interface MeshController {
  onChange(change: ObjectChange): void;
  /** Settles when everything that was fed so far is carried out, statuses included. */
  idle(): Promise<void>;
  /** The control plane's condition Ready: True when all its gateways are served. Undefined before it was planned. */
  readiness(): Condition | undefined;
  readonly plan: MeshPlan;
  /** Ends everything the mesh runs; objects stay as they are. Connections under way may finish within the time given. */
  close(options: CloseOptions): Promise<void>;
}

export interface CloseOptions {
  readonly drainTimeoutMs: number;
}

/** @throws FederationError when the mesh's certificate authority cannot be used */
export async function createMeshController(options: MeshControllerOptions): Promise<MeshController> {
  const { store, clock, logger, controlPlane } = options;
  const { name, namespace } = controlPlane.metadata;
  const self: ObjectReference = { kind: controlPlane.kind, namespace, name };

  const loadAuthority = () => ensureMeshAuthority({ store, controlPlane, now: clock.now() });
  let authority = await loadAuthority();
  const certificates = createCertificateRotation({
    authority,
    clock,
    random: options.random,
    onFailure: ({ id, error, ...failure }) =>
      logger.error({ err: error, id, ...failure }, "could not renew a certificate"),
  });
  const planner = createMeshPlanner(
    { controlPlane: { namespace, name } },
    {
      virtualAddressRange: options.virtualAddressRange,
      nodeAddress: options.nodeAddress,
      checkRootCertificates: (pem) => checkTrustBundle(pem),
    },
  );

  /** Gateway changes have a queue of their own: what is no longer trusted does not wait for a write to the store. */
  const gatewayChanges = createSerialQueue();
  const authorityChanges = createSerialQueue();
  let pending: SnapshotChange[] = [];
  let scheduled = false;
  let closed = false;

  const discovery = createPeerDiscovery({
    clock,
    random: options.random,
    logger,
    pod: options.pod,
    plan: () => planner.plan,
    onObservation: feed,
    connect: (peer, signal) => dataPlane.connectDiscovery(peer, signal),
  });
  const dataPlane = options.createDataPlane({
    certificates,
    onDiscoveryConnection: discovery.accept,
  });
  const gateways = createGatewayApplier({
    dataPlane,
    clock,
    logger,
    onProblems: (problems) => feed({ type: "gatewayProblems", problems }),
  });
  const objects = createObjectApplier({
    store,
    clock,
    logger,
    typeOf: resourceTypeOf,
    isDesired: (key) => planner.plan.objects.has(key),
  });
  const diagnostics = createDiagnosticLog({ clock, logger });
  const statuses = createStatusWriter({
    store,
    clock,
    logger,
    typeOf: resourceTypeOf,
    desiredStatus: (reference) => planner.plan.status(reference),
  });

  function feed(change: SnapshotChange): void {
    if (closed) return;
    pending.push(change);
    if (scheduled) return;
    scheduled = true;
    setImmediate(replan);
  }

  function replan(): void {
    scheduled = false;
    const changes = pending;
    pending = [];
    if (closed || changes.length === 0) return;
    carryOut(planner.update(changes, clock.now()));
    options.onPlanned();
  }

  function carryOut(change: MeshPlanChange): void {
    statuses.enqueue(change.statuses.values());
    diagnostics.note(change.diagnostics);
    objects.apply(change.objects);
    const { gateway, exports } = change;
    if (gateway.upserted.length + gateway.removed.length + exports.size === 0) return;
    background(gatewayChanges, "gateways", async () => {
      discovery.withdraw(change);
      await gateways.apply(gateway);
      discovery.publish(change);
    });
  }

  function background(queue: SerialQueue, what: string, work: () => Promise<void>): void {
    queue.run(work).catch((error: unknown) => logger.error({ err: error, what }, "could not carry out a change"));
  }

  /** What the authority is made of goes with its control plane, and is not made anew then. */
  async function reloadAuthority(): Promise<void> {
    const current = await store.get(serviceMeshControlPlaneType, { namespace, name });
    if (current?.metadata.uid !== controlPlane.metadata.uid || current?.metadata.deletionTimestamp !== undefined)
      return;
    const loaded = await loadAuthority();
    // Every certificate is renewed with another authority; the same one may be read any number of times.
    if (isDeepStrictEqual(toSecretData(loaded), toSecretData(authority))) return;
    authority = loaded;
    certificates.replaceAuthority(authority);
  }

  /** One round carries out what was fed; what that brings to light (peers that came or went) is fed in turn. */
  async function settle(): Promise<void> {
    for (let round = 1; round <= 2; round++) {
      while (scheduled) await new Promise((resolve) => setImmediate(resolve));
      await Promise.all([gatewayChanges.idle(), authorityChanges.idle(), objects.flush()]);
      await statuses.flush();
    }
  }

  async function close({ drainTimeoutMs }: CloseOptions): Promise<void> {
    await discovery.close();
    await settle();
    closed = true;
    gateways.close();
    diagnostics.close();
    await dataPlane.close(drainTimeoutMs);
    certificates.close();
    await Promise.all([objects.close(), statuses.close()]);
  }

  return {
    get plan() {
      return planner.plan;
    },
    readiness: () => readyCondition(planner.plan.status(self)),
    onChange(change) {
      const reference = change.type === "upsert" ? objectReference(change.object) : change.reference;
      if (isAuthorityObject(reference, namespace)) {
        background(authorityChanges, "certificate authority", reloadAuthority);
      }
      // No plan depends on a Secret.
      if (reference.kind !== "Secret") feed(change);
    },
    idle: settle,
    close,
  };
}

function readyCondition(status: PlannedStatus | undefined): Condition | undefined {
  if (status === undefined || !("conditions" in status)) return undefined;
  return status.conditions?.find(({ type }) => type === "Ready");
}

/**
 * Runs one control plane: changes of objects and news of peers go into the planner, and what the planner says has changed
 * is carried out: gateways, exports and imports over discovery, owned objects, statuses. It decides nothing itself, and
 * does work for what changed alone.
 */
import {
  type Clock,
  createMeshPlanner,
  type MeshPlan,
  type MeshPlanChange,
  type ObjectReference,
  objectReference,
  type PlannedStatus,
  type ServiceMeshControlPlane,
  type SnapshotChange,
} from "@meshfed/core";
import { type CertificateRotation, createCertificateRotation, parseTrustBundle } from "@meshfed/core/trust";
import type { Logger } from "pino";
import type { DataPlane } from "../dataplane/data-plane.js";
import type { ResourceStore } from "../store/resource-store.js";
import { createGatewayApplier } from "./gateway-applier.js";
import type { ObjectChange } from "./informer.js";
import { ensureMeshAuthority, isAuthoritySecret } from "./mesh-authority.js";
import { applyObject, removeObject } from "./object-applier.js";
import { createPeerDiscovery, type PeerDiscovery } from "./peer-discovery.js";
import { resourceTypeOf } from "./resource-type-of.js";
import { createStatusWriter } from "./status-writer.js";
import { createSerialQueue } from "./workqueue.js";

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
  /** Whether the control plane's gateways all have what they need to be served; see its condition Ready. */
  isReady(): boolean;
  readonly plan: MeshPlan;
  /** Ends everything the mesh runs; objects stay as they are. */
  close(): Promise<void>;
}

/** @throws FederationError when the mesh's certificate authority cannot be used */
export async function createMeshController(options: MeshControllerOptions): Promise<MeshController> {
  const { store, clock, logger, controlPlane } = options;
  const { name, namespace } = controlPlane.metadata;
  const self: ObjectReference = { kind: controlPlane.kind, namespace, name };

  const loadAuthority = () => ensureMeshAuthority({ store, controlPlane, now: clock.now() });
  const certificates = createCertificateRotation({
    authority: await loadAuthority(),
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
      checkRootCertificates: (pem) => {
        const bundle = parseTrustBundle(pem, { now: clock.now() });
        return bundle.ok ? [] : bundle.violations;
      },
    },
  );

  const effects = createSerialQueue();
  let pending: SnapshotChange[] = [];
  let scheduled = false;

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
  const gateways = createGatewayApplier({ dataPlane, clock, logger });
  const statuses = createStatusWriter({
    store,
    clock,
    logger,
    typeOf: resourceTypeOf,
    desiredStatus: (reference) => planner.plan.status(reference),
  });

  function feed(change: SnapshotChange): void {
    pending.push(change);
    if (scheduled) return;
    scheduled = true;
    setImmediate(replan);
  }

  function replan(): void {
    scheduled = false;
    const changes = pending;
    pending = [];
    if (changes.length === 0) return;
    carryOut(planner.update(changes, clock.now()));
    options.onPlanned();
  }

  function carryOut(change: MeshPlanChange): void {
    statuses.enqueue(change.statuses.values());
    const { gateway, objects, exports } = change;
    if (gateway.upserted.length + gateway.removed.length + exports.size > 0) {
      background("gateways", async () => {
        discovery.withdraw(change);
        await gateways.apply(gateway);
        discovery.publish(change);
      });
    }
    if (objects.upserted.length + objects.removed.length > 0) {
      background("owned objects", async () => {
        for (const reference of objects.removed) await removeObject(applier, reference);
        for (const object of objects.upserted) await applyObject(applier, object);
      });
    }
  }

  const applier = { store, logger, typeOf: resourceTypeOf };

  function background(what: string, work: () => Promise<void>): void {
    effects.run(work).catch((error: unknown) => logger.error({ err: error, what }, "could not carry out a change"));
  }

  async function reloadAuthority(): Promise<void> {
    certificates.replaceAuthority(await loadAuthority());
  }

  return {
    get plan() {
      return planner.plan;
    },
    isReady: () => hasReadyCondition(planner.plan.status(self)),
    onChange(change) {
      const reference = change.type === "upsert" ? objectReference(change.object) : change.reference;
      if (isAuthoritySecret(reference, namespace)) background("certificate authority", reloadAuthority);
      else feed(change);
    },
    async idle() {
      while (scheduled) await new Promise((resolve) => setImmediate(resolve));
      await effects.idle();
      await statuses.flush();
    },
    async close() {
      await discovery.close();
      await effects.idle();
      gateways.close();
      await dataPlane.close();
      certificates.close();
      await statuses.close();
    },
  };
}

function hasReadyCondition(status: PlannedStatus | undefined): boolean {
  if (status === undefined || !("conditions" in status)) return false;
  return status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false;
}

/**
 * Runs one control plane: changes of objects and news of peers go into the planner, and what the planner says has changed
 * is carried out: gateways, exports and imports over discovery, owned objects, statuses. It decides nothing itself, and
 * does work for what changed alone.
 */
import {
  type Clock,
  createMeshPlanner,
  findResourceType,
  formatViolations,
  invariant,
  type KubernetesObject,
  type MeshPlan,
  type MeshPlanChange,
  type ObjectReference,
  objectKey,
  type ServiceMeshControlPlane,
  type SnapshotChange,
  trustDomainOf,
} from "@meshfed/core";
import { type CertificateRotation, createCertificateRotation, parseTrustBundle } from "@meshfed/core/trust";
import type { Logger } from "pino";
import type { DataPlane } from "../dataplane/data-plane.js";
import type { ResourceStore } from "../store/resource-store.js";
import { resourceTypeOf } from "../store/resource-type-of.js";
import type { ObjectChange } from "./informer.js";
import { ensureMeshAuthority, isAuthoritySecret } from "./mesh-authority.js";
import { applyObject, removeObject } from "./object-applier.js";
import { createPeerDiscovery, type PeerDiscovery } from "./peer-discovery.js";
import { createStatusWriter } from "./status-writer.js";
import { createSerialQueue } from "./workqueue.js";

export interface DataPlaneDependencies {
  readonly mesh: ObjectReference;
  readonly certificates: CertificateRotation;
  /** An authenticated connection of a peer to its ingress gateway's discovery port. */
  readonly onDiscoveryConnection: PeerDiscovery["accept"];
  readonly logger: Logger;
}

export interface MeshControllerOptions {
  readonly store: ResourceStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly controlPlane: ServiceMeshControlPlane;
  /** Range of the virtual addresses of imported TCP services; this mesh's alone. */
  readonly virtualAddressPool: string;
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
  const namespace = controlPlane.metadata.namespace;
  invariant(namespace !== undefined, "a ServiceMeshControlPlane has a namespace");

  const loadAuthority = () =>
    ensureMeshAuthority({
      store,
      namespace,
      owner: ownerReferenceTo(controlPlane),
      trustDomain: trustDomainOf(controlPlane),
      now: clock.now(),
    });
  const certificates = createCertificateRotation({
    authority: await loadAuthority(),
    clock,
    random: options.random,
    onProblem: (problem: unknown) => logger.error({ err: problem }, "could not renew a certificate, keeping the last"),
  });

  const planner = createMeshPlanner(
    { namespace, name: controlPlane.metadata.name },
    {
      virtualAddressPool: options.virtualAddressPool,
      nodeAddress: options.nodeAddress,
      checkRootCertificates: (pem: string) => {
        const bundle = parseTrustBundle(pem, clock.now());
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
    mesh: { kind: "ServiceMeshControlPlane", namespace, name: controlPlane.metadata.name },
    certificates,
    onDiscoveryConnection: discovery.accept,
    logger,
  });
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
        for (const problem of await dataPlane.apply(gateway)) logger.error(problem, "a part of a gateway does not run");
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
    isReady: () => isReady(planner.plan.status(self)),
    onChange(change) {
      if (isAuthoritySecret(change, namespace)) {
        background("certificate authority", reloadAuthority);
        return;
      }
      feed(change);
    },
    async idle() {
      while (scheduled) await new Promise((resolve) => setImmediate(resolve));
      await effects.idle();
      await statuses.flush();
    },
    async close() {
      await discovery.close();
      await effects.idle();
      await dataPlane.close();
      certificates.close();
      await statuses.close();
    },
  };
}

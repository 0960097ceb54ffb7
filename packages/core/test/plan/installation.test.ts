import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isManaged, isOwnedBy, type KubernetesObject, objectKey, objectReference } from "../../src/index.js";
import { correctionOf } from "../../src/plan/owned-object.js";
import { CONTROL_PLANE, controlPlane, gatewayService, MANAGED, service } from "./cluster-objects.js";
import { toObject } from "./golden-case.js";
import { PlanRun } from "./plan-run.js";

const gateway = (type: string, ...ports: readonly object[]) => ({ enabled: true, service: { type, ports } });
const tls = { name: "tls", port: 15443 };
const discovery = { name: "https-discovery", port: 8188 };

const ingressOnly = controlPlane(
  { gateways: { additionalIngress: { "ingress-green-mesh": gateway("LoadBalancer", tls, discovery) } } },
  { uid: "1" },
);

/** A cluster that does what a plan asks for, as the Kubernetes API server would. */
class Cluster {
  readonly objects = new Map<string, KubernetesObject>();
  readonly #run: PlanRun;
  written = 0;

  constructor(run: PlanRun) {
    this.#run = run;
  }

  /** Carries out what an update asks for until nothing is asked for any more. */
  settle(first: ReturnType<PlanRun["put"]>): void {
    let rounds = 0;
    for (let change = first; change.objects.upserted.length + change.objects.removed.length > 0; rounds++) {
      expect(rounds).toBeLessThan(5);
      const { upserted, removed } = change.objects;
      this.written += upserted.length + removed.length;
      const gone = removed.map((reference) => ({ type: "delete", reference }) as const);
      for (const { reference } of gone) this.objects.delete(objectKey(reference));
      const stored = upserted.map((object) => ({ type: "upsert", object: this.#store(object) }) as const);
      change = this.#run.update(...gone, ...stored);
    }
  }

  /** Merges as a PATCH does, and completes as the API server and a load balancer do. */
  #store(object: KubernetesObject): KubernetesObject {
    const key = objectKey(objectReference(object));
    const merged = toObject({ ...this.objects.get(key), ...object });
    const uid = { ...merged, metadata: { ...merged.metadata, uid: key, resourceVersion: String(this.written) } };
    const complete = {
      ...uid,
      ...(merged.kind === "Service" && { status: { loadBalancer: { ingress: [{ ip: "127.80.0.1" }] } } }),
    };
    this.objects.set(key, complete);
    return complete;
  }
}

describe("the installation", () => {
  it("is complete after one round, then asks for nothing, and is removed with the control plane", () => {
    const run = new PlanRun([]);
    const cluster = new Cluster(run);
    cluster.settle(run.put(ingressOnly));
    expect([...cluster.objects.keys()].sort()).toEqual([
      "Service/red-mesh-system/ingress-green-mesh",
      "Service/red-mesh-system/outbound",
      "ServiceAccount/red-mesh-system/ingress-green-mesh-service-account",
    ]);
    expect(cluster.written).toBe(3);
    expect([...cluster.objects.values()].every((object) => isManaged(object) && isOwnedBy(object, CONTROL_PLANE))).toBe(
      true,
    );
    expect(run.conditions(ingressOnly)).toEqual({ Ready: "True/ComponentsReady" });
    expect(run.keys()).toEqual(["OutboundListener/red-mesh"]);
    cluster.settle(run.remove(ingressOnly));
    expect([...cluster.objects.keys()]).toEqual([]);
    expect(run.keys()).toEqual([]);
  });

  it("follows the control plane: a gateway that is no longer enabled goes", () => {
    const run = new PlanRun([]);
    const cluster = new Cluster(run);
    cluster.settle(run.put(ingressOnly));
    cluster.settle(run.put(controlPlane({}, { uid: "1" })));
    expect([...cluster.objects.keys()]).toEqual(["Service/red-mesh-system/outbound"]);
  });

  it("puts right what somebody changed of its own fields, and leaves the others alone", () => {
    const run = new PlanRun([]);
    const cluster = new Cluster(run);
    cluster.settle(run.put(ingressOnly));
    const key = "Service/red-mesh-system/ingress-green-mesh";
    const stored = cluster.objects.get(key) ?? ingressOnly;
    const labelled = { ...stored, metadata: { ...stored.metadata, labels: { ...stored.metadata.labels, team: "a" } } };
    expect(run.put(labelled).objects.upserted).toEqual([]);
    const other = toObject({ ...labelled, spec: { type: "ClusterIP", clusterIP: "10.0.0.1", ports: [tls] } });
    const { upserted } = run.put(other).objects;
    expect(upserted).toMatchObject([
      {
        metadata: { name: "ingress-green-mesh" },
        spec: { type: "LoadBalancer", ports: [{ port: 15443 }, { port: 8188 }] },
      },
    ]);
    expect(upserted[0]).not.toHaveProperty("status");
    expect(upserted[0]).not.toHaveProperty("spec.clusterIP");
  });

  it("asks again only when the object was seen and is still wrong", () => {
    const run = new PlanRun([]);
    expect(run.put(ingressOnly).objects.upserted).toHaveLength(3);
    expect(run.put(ingressOnly).objects.upserted).toEqual([]);
    expect(run.put(service("shop/ratings")).objects.upserted).toEqual([]);
    const half = gatewayService("outbound");
    expect(run.put(half).objects.upserted.map(({ metadata }) => metadata.name)).toEqual(["outbound"]);
  });

  it.each([
    ["without our label", {}],
    ["of another control plane", { ...MANAGED, "maistra.io/owner-name": "crimson-mesh" }],
    ["of a control plane elsewhere", { ...MANAGED, "maistra.io/owner": "crimson-mesh-system" }],
  ])("does not touch a Service of a gateway's name %s, and says so", (_what, labels) => {
    const foreign = gatewayService("ingress-green-mesh", "127.80.0.1", labels);
    const run = new PlanRun([foreign]);
    const { upserted } = run.put(ingressOnly).objects;
    expect(upserted.map(({ metadata }) => metadata.name).sort()).toEqual([
      "ingress-green-mesh-service-account",
      "outbound",
    ]);
    expect(run.diagnostics()).toEqual(["Service/ingress-green-mesh metadata.labels ForeignObject"]);
    expect(run.remove(ingressOnly).objects.removed).toEqual([]);
  });

  it("asks for the same whatever the order in which control plane and objects are seen", () => {
    const stale = gatewayService("egress-old", "127.80.0.9");
    const one = new PlanRun([]);
    // Without the control plane it cannot be told what is stale: it may not have been read yet.
    expect(one.put(stale).objects.removed).toEqual([]);
    expect(one.put(ingressOnly).objects.removed.map(({ name }) => name)).toEqual(["egress-old"]);
    const other = new PlanRun([ingressOnly]);
    expect(other.put(stale).objects.removed.map(({ name }) => name)).toEqual(["egress-old"]);
  });

  it("makes no outbound Service where its addresses are given, or where none is wanted", () => {
    const given = new PlanRun([ingressOnly], { outbound: [{ address: "127.0.0.1", port: 15001 }] });
    expect([...given.plan.objects.keys()]).not.toContain("Service/red-mesh-system/outbound");
    expect(given.plan.gatewayResources.get("OutboundListener/red-mesh")).toMatchObject({
      http: [{ address: "127.0.0.1", port: 15001 }],
    });
    const none = new PlanRun([ingressOnly, gatewayService("outbound", "127.80.0.1")], { outbound: "none" });
    expect(none.keys()).toEqual([]);
  });
});

describe("correctionOf", () => {
  const desired = toObject({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "g", namespace: "n", labels: { app: "g" } },
    spec: { type: "NodePort", ports: [tls, discovery] },
  });

  it("keeps node ports that were assigned, and owners that others added", () => {
    const owner = { apiVersion: "v1", kind: "ConfigMap", name: "c", uid: "7" };
    const actual = toObject({
      ...desired,
      metadata: { ...desired.metadata, ownerReferences: [owner] },
      spec: {
        type: "NodePort",
        ports: [
          { ...discovery, nodePort: 30001 },
          { ...tls, nodePort: 30002 },
        ],
      },
    });
    const ours = { apiVersion: "maistra.io/v2", kind: "ServiceMeshControlPlane", name: "red-mesh", uid: "1" };
    const wanted = { ...desired, metadata: { ...desired.metadata, ownerReferences: [ours] } };
    expect(correctionOf(actual, wanted)).toMatchObject({
      metadata: { ownerReferences: [owner, ours] },
      spec: {
        ports: [
          { port: 15443, nodePort: 30002 },
          { port: 8188, nodePort: 30001 },
        ],
      },
    });
  });

  it("asks for nothing once it was carried out, whatever else is in the object", () => {
    const extra = fc.dictionary(fc.constantFrom("app", "team", "zone"), fc.constantFrom("g", "x"));
    const ports = fc.subarray([tls, discovery, { name: "status", port: 15021 }]);
    fc.assert(
      fc.property(extra, ports, fc.boolean(), (labels, actualPorts, hasStatus) => {
        const actual = {
          ...desired,
          metadata: { ...desired.metadata, labels, resourceVersion: "5" },
          spec: { type: "ClusterIP", clusterIP: "10.0.0.1", ports: actualPorts },
          ...(hasStatus && { status: { loadBalancer: {} } }),
        };
        const correction = correctionOf(actual, desired);
        const carriedOut = {
          ...actual,
          ...correction,
          metadata: { ...actual.metadata, labels: { ...labels, ...correction?.metadata.labels } },
        };
        expect(correctionOf(carriedOut, desired)).toBeUndefined();
      }),
    );
  });
});

/** An incremental plan is the plan of the snapshot, and its changes tell all that changed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createMeshPlanner,
  type Diagnostic,
  type GatewayResource,
  gatewayResourceKey,
  type MeshPlan,
  type MeshPlanChange,
  objectKey,
  objectReference,
  planMesh,
  type ServiceMessage,
  type SnapshotChange,
} from "../../src/index.js";
import { ClusterModel } from "./cluster-model.js";
import { CONTROL_PLANE } from "./cluster-objects.js";
import { COMPLETE_CLUSTER, COMPLETE_OBSERVATIONS, change } from "./cluster-universe.js";
import { renderPlan } from "./golden-case.js";

const NOW = Date.UTC(2026, 0, 1);
/** So few addresses that services compete for them. */
const OPTIONS = { virtualAddressRange: "10.0.0.0/30" } as const;

function planOf(model: ClusterModel): MeshPlan {
  const planner = createMeshPlanner({ controlPlane: CONTROL_PLANE }, OPTIONS);
  planner.update(model.changes, NOW);
  return planner.plan;
}

const complete: readonly SnapshotChange[] = [
  ...COMPLETE_CLUSTER.map((object) => ({ type: "upsert", object }) as const),
  ...COMPLETE_OBSERVATIONS.map((observation) => ({ type: "peerSync", observation }) as const),
];

/** Batches of changes, from an empty cluster or from one in which everything is in place. */
const history = fc
  .record({
    start: fc.boolean().map((isComplete) => (isComplete ? [[...complete]] : [])),
    batches: fc.array(fc.array(change, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 }),
  })
  .map(({ start, batches }) => [...start, ...batches]);

describe("an incremental plan", () => {
  it("is the plan of the snapshot, after every update", () => {
    fc.assert(
      fc.property(history, (batches) => {
        const planner = createMeshPlanner({ controlPlane: CONTROL_PLANE }, OPTIONS);
        const model = new ClusterModel();
        for (const batch of batches) {
          for (const each of batch) model.apply(each);
          planner.update(batch, NOW);
          expect(renderPlan(planner.plan, model.objects)).toEqual(renderPlan(planOf(model), model.objects));
        }
      }),
      { numRuns: 400 },
    );
  });

  it("is reproduced by its changes, from nothing", () => {
    fc.assert(
      fc.property(history, (batches) => {
        const planner = createMeshPlanner({ controlPlane: CONTROL_PLANE }, OPTIONS);
        const replica = new Replica();
        for (const batch of batches) {
          replica.apply(planner.update(batch, NOW));
          expect(replica.resources).toEqual(new Map(planner.plan.gatewayResources));
          expect(replica.messages).toEqual(messagesOf(planner.plan));
          expect([...replica.diagnostics].sort()).toEqual(planner.plan.diagnostics.map(textOf).sort());
        }
      }),
      { numRuns: 200 },
    );
  });

  it("names every object whose status changed", () => {
    fc.assert(
      fc.property(history, (batches) => {
        const planner = createMeshPlanner({ controlPlane: CONTROL_PLANE }, OPTIONS);
        const model = new ClusterModel();
        const written = new Map<string, unknown>();
        for (const batch of batches) {
          for (const each of batch) model.apply(each);
          const { statuses } = planner.update(batch, NOW);
          for (const [key, reference] of statuses) written.set(key, planner.plan.status(reference));
          for (const object of model.objects) {
            const key = objectKey(objectReference(object));
            const status = planner.plan.status(objectReference(object));
            if (status !== undefined) expect([key, written.get(key)]).toEqual([key, status]);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it("changes nothing when nothing changes", () => {
    const planner = createMeshPlanner({ controlPlane: CONTROL_PLANE }, OPTIONS);
    planner.update(complete, NOW);
    const before = renderPlan(planner.plan, COMPLETE_CLUSTER);
    const again = planner.update(complete, NOW);
    expect(again.gateway).toEqual({ upserted: [], removed: [] });
    expect(again.exports).toEqual(new Map());
    expect(again.diagnostics).toEqual({ appeared: [], resolved: [] });
    expect(renderPlan(planner.plan, COMPLETE_CLUSTER)).toEqual(before);
    expect(planner.update([], NOW)).toEqual({
      gateway: { upserted: [], removed: [] },
      exports: new Map(),
      statuses: new Map(),
      objects: { upserted: [], removed: [] },
      diagnostics: { appeared: [], resolved: [] },
    });
  });
});

describe("a plan", () => {
  const snapshotOf = (changes: readonly SnapshotChange[]) => {
    const model = new ClusterModel();
    for (const each of changes) model.apply(each);
    return { controlPlane: CONTROL_PLANE, objects: model.objects, observations: model.observations, now: NOW };
  };

  it("is the same whatever the order of its input", () => {
    const shuffled = fc.shuffledSubarray([...complete], { minLength: complete.length, maxLength: complete.length });
    const expected = renderPlan(planMesh(snapshotOf(complete), OPTIONS), COMPLETE_CLUSTER);
    fc.assert(
      fc.property(shuffled, (changes) => {
        expect(renderPlan(planMesh(snapshotOf(changes), OPTIONS), COMPLETE_CLUSTER)).toEqual(expected);
      }),
    );
  });

  it("is the same in whatever order things are created, one by one", () => {
    const shuffled = fc.shuffledSubarray([...complete], { minLength: complete.length, maxLength: complete.length });
    const expected = renderPlan(planMesh(snapshotOf(complete), OPTIONS), COMPLETE_CLUSTER);
    fc.assert(
      fc.property(shuffled, (changes) => {
        const planner = createMeshPlanner({ controlPlane: CONTROL_PLANE }, OPTIONS);
        for (const each of changes) planner.update([each], NOW);
        expect(renderPlan(planner.plan, COMPLETE_CLUSTER)).toEqual(expected);
      }),
    );
  });

  it("is empty after everything is deleted, in whatever order", () => {
    const shuffled = fc.shuffledSubarray([...COMPLETE_CLUSTER], { minLength: COMPLETE_CLUSTER.length });
    fc.assert(
      fc.property(shuffled, (objects) => {
        const planner = createMeshPlanner({ controlPlane: CONTROL_PLANE }, OPTIONS);
        planner.update(complete, NOW);
        for (const object of objects) planner.update([{ type: "delete", reference: objectReference(object) }], NOW);
        expect(renderPlan(planner.plan, [])).toEqual({
          gatewayResources: {},
          exports: {},
          imports: {},
          objects: {},
          statuses: {},
          diagnostics: [],
        });
      }),
    );
  });
});

/** What an adapter holds that does what each change says. */
class Replica {
  readonly resources = new Map<string, GatewayResource>();
  readonly messages = new Map<string, Map<string, ServiceMessage>>();
  readonly diagnostics: string[] = [];

  apply({ gateway, exports, diagnostics }: MeshPlanChange): void {
    for (const key of gateway.removed) expect(this.resources.delete(key)).toBe(true);
    for (const resource of gateway.upserted) {
      expect(this.resources.get(gatewayResourceKey(resource))).not.toEqual(resource);
      this.resources.set(gatewayResourceKey(resource), resource);
    }
    for (const [peer, { upserted, removed }] of exports) {
      const messages = this.messages.get(peer) ?? new Map();
      for (const hostname of removed) expect(messages.delete(hostname)).toBe(true);
      for (const message of upserted) messages.set(message.hostname, message);
      if (messages.size === 0) this.messages.delete(peer);
      else this.messages.set(peer, messages);
    }
    const [appeared, resolved] = [diagnostics.appeared.map(textOf), diagnostics.resolved.map(textOf)];
    expect(appeared.filter((text) => resolved.includes(text))).toEqual([]);
    for (const text of resolved) {
      const index = this.diagnostics.indexOf(text);
      expect(index).toBeGreaterThanOrEqual(0);
      this.diagnostics.splice(index, 1);
    }
    this.diagnostics.push(...appeared);
  }
}

function textOf(diagnostic: Diagnostic): string {
  const { kind, namespace = "", name } = diagnostic.object;
  return JSON.stringify({ ...diagnostic, object: `${kind}/${namespace}/${name}` }, Object.keys(diagnostic).sort());
}

function messagesOf(plan: MeshPlan): ReadonlyMap<string, ReadonlyMap<string, ServiceMessage>> {
  const exported = [...plan.exports].map(([peer, services]) => {
    const messages = [...services].map(([hostname, { message }]) => [hostname, message] as const);
    return [peer, new Map(messages)] as const;
  });
  return new Map(exported.filter(([, messages]) => messages.size > 0));
}

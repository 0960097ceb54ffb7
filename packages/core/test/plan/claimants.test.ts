import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Claimants, firstOf } from "../../src/plan/claimants.js";
import { byName, exportSet, importSet, message, service } from "./cluster-objects.js";
import { meshWithPeers, PlanRun } from "./plan-run.js";

describe("Claimants", () => {
  it("holds what was added and not deleted", () => {
    const claims = Array.from({ length: 4 }, (_, index) => ({ index }));
    const step = fc.record({ name: fc.constantFrom("a", "b"), claim: fc.constantFrom(...claims), add: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const claimants = new Claimants<(typeof claims)[number]>();
        const expected = new Map([
          ["a", new Set<object>()],
          ["b", new Set<object>()],
        ]);
        for (const { name, claim, add } of steps) {
          if (add) {
            claimants.add(name, claim);
            expected.get(name)?.add(claim);
          } else {
            claimants.delete(name, claim);
            expected.get(name)?.delete(claim);
          }
        }
        for (const [name, held] of expected) {
          expect(new Set(claimants.of(name))).toEqual(held);
          expect([...claimants.of(name)]).toHaveLength(held.size);
          expect(claimants.has(name)).toBe(held.size > 0);
        }
        expect(new Set(claimants.names())).toEqual(new Set([...expected.keys()].filter((name) => claimants.has(name))));
      }),
    );
  });
});

describe("firstOf", () => {
  it("is the beginning of the sorted list", () => {
    const compare = (a: number, b: number) => a - b;
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 5 }), (numbers, limit) => {
        expect(firstOf(numbers, limit, compare)).toEqual([...numbers].sort(compare).slice(0, limit));
      }),
    );
  });
});

describe("a rule that gives all services one name", () => {
  const one = { alias: { namespace: "info", name: "ratings" } };

  it("costs a diagnostic for some of the losers, and the right winner at each change", () => {
    const set = exportSet("green-mesh", [byName("*", "*", one)]);
    const services = Array.from({ length: 60 }, (_, index) => service(`shop/s-${String(index).padStart(2, "0")}`));
    const run = new PlanRun([...meshWithPeers("green-mesh"), set, ...services]);
    const winner = () =>
      [...(run.plan.exports.get("green-mesh")?.values() ?? [])].map(({ localService }) => localService.name);
    expect(winner()).toEqual(["s-00"]);
    expect(run.plan.diagnostics).toHaveLength(20);
    for (const [index, each] of services.entries()) {
      expect(winner()).toEqual([each.metadata.name]);
      expect(run.plan.diagnostics).toHaveLength(Math.min(20, services.length - index - 1));
      run.remove(each);
    }
    expect(winner()).toEqual([]);
  });

  it("does not let a peer slow the planner down by announcing many", () => {
    const set = importSet("green-mesh", { importRules: [byName("*", "*", one)] });
    const run = new PlanRun([...meshWithPeers("green-mesh"), set]);
    const offers = Array.from({ length: 20_000 }, (_, index) => message(`n/s-${20_000 - index}`));
    run.offer("green-mesh", ...offers);
    expect(run.imported("ratings.info.svc.green-mesh-imports.local")?.ports[0]?.remotes).toMatchObject([
      { exportedHost: "s-1.n.svc.red-mesh-exports.local" },
    ]);
    expect(run.plan.diagnostics).toHaveLength(20);
    run.offer("green-mesh");
    expect(run.keys()).toEqual(["EgressGateway/green-mesh", "IngressGateway/green-mesh"]);
  });
});

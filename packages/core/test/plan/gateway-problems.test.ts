import { expect, it } from "vitest";
import type { GatewayProblem, KubernetesObject, MeshPlannerOptions, SnapshotChange } from "../../src/index.js";
import { controlPlane, gatewayService, gateways, peer } from "./cluster-objects.js";
import { meshWithPeers, PlanRun } from "./plan-run.js";

const red = controlPlane({ gateways: gateways("green-mesh", "blue-mesh") });
const OPTIONS: MeshPlannerOptions = { outbound: [{ address: "127.0.0.1", port: 15001 }] };

function problem(resource: string): GatewayProblem {
  const listener = { address: "127.80.0.1", port: 15443 };
  return {
    resource,
    reason: "AddressInUse",
    listener,
    message: `${resource} is taken`,
    remedy: "stop the other program",
  };
}

const told = (...problems: readonly GatewayProblem[]): SnapshotChange => ({ type: "gatewayProblems", problems });

function mesh(): PlanRun {
  const run = new PlanRun([...meshWithPeers("green-mesh", "blue-mesh"), red], OPTIONS);
  const addressed = (name: string) => gatewayService(name, "127.80.0.1");
  run.put(addressed("ingress-green-mesh"), addressed("ingress-blue-mesh"));
  return run;
}

function programmed(run: PlanRun, object: KubernetesObject): string | undefined {
  return run.conditions(object).Programmed;
}

it.each([
  ["an ingress gateway", "IngressGateway/green-mesh", "ingress-green-mesh"],
  ["an egress gateway", "EgressGateway/green-mesh", "egress-green-mesh"],
])("%s that does not run is told to its peer and its control plane alone", (_which, resource, component) => {
  const run = mesh();
  expect(run.conditions(red)).toEqual({ Ready: "True/ComponentsReady" });
  const change = run.update(told(problem(resource)));
  expect([...change.statuses.keys()].sort()).toEqual([
    "ServiceMeshControlPlane/red-mesh-system/red-mesh",
    "ServiceMeshPeer/red-mesh-system/green-mesh",
  ]);
  expect(change.gateway).toEqual({ upserted: [], removed: [] });
  expect(programmed(run, peer("green-mesh"))).toBe("False/AddressInUse");
  expect(programmed(run, peer("blue-mesh"))).toBe("True/Programmed");
  expect(run.status(red)).toMatchObject({
    conditions: [{ type: "Ready", status: "False", message: expect.stringContaining(`${resource} is taken`) }],
    readiness: { components: { unready: [component] } },
  });
});

it("an outbound listener that does not run is told to the control plane", () => {
  const run = mesh();
  run.update(told(problem("OutboundListener/red-mesh")));
  expect(run.status(red)).toMatchObject({ readiness: { components: { unready: ["outbound"] } } });
  expect(run.diagnostics()).toContain("ServiceMeshControlPlane/red-mesh  AddressInUse");
});

it("what runs again is told no more", () => {
  const run = mesh();
  run.update(told(problem("IngressGateway/green-mesh")));
  run.update(told());
  expect(programmed(run, peer("green-mesh"))).toBe("True/Programmed");
  expect(run.conditions(red)).toEqual({ Ready: "True/ComponentsReady" });
  expect(run.diagnostics()).toEqual([]);
});

it("a problem of what is no longer wanted is none", () => {
  const run = mesh();
  run.update(told(problem("IngressGateway/green-mesh"), problem("IngressGateway/unheard-of")));
  run.remove(peer("green-mesh"));
  expect(run.conditions(red)).toEqual({ Ready: "True/ComponentsReady" });
  expect(run.diagnostics()).toEqual([]);
});

it("does not close a peer: what does run goes on", () => {
  const run = mesh();
  const before = run.keys();
  run.update(told(problem("IngressGateway/green-mesh")));
  expect(run.keys()).toEqual(before);
});

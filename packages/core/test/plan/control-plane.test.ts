import { describe, expect, it } from "vitest";
import { createMeshPlanner, FederationError, type MeshPlannerOptions, planMesh } from "../../src/index.js";
import { byName, controlPlane, exportSet, gatewayService, service } from "./cluster-objects.js";
import { meshWithPeers, PlanRun } from "./plan-run.js";

const older = { creationTimestamp: "2026-01-01T00:00:01Z" };
const younger = { creationTimestamp: "2026-01-01T00:00:02Z" };

describe("two control planes in one namespace", () => {
  it.each([
    ["the older one", younger, { ...older, name: "zebra-mesh" }],
    ["of two from one second the first by name", older, { ...older, name: "crimson-mesh" }],
  ])("%s is in charge, and the other is told", (_which, own, other) => {
    const red = controlPlane({}, own);
    const run = new PlanRun([...meshWithPeers("green-mesh"), red]);
    expect(run.keys()).toHaveLength(2);
    run.put(controlPlane({}, other));
    expect(run.keys()).toEqual([]);
    expect(run.conditions(red)).toEqual({ Ready: "False/MultipleControlPlanes" });
    expect(run.diagnostics()).toContain("ServiceMeshControlPlane/red-mesh  MultipleControlPlanes");
    run.remove(controlPlane({}, other));
    expect(run.keys()).toHaveLength(2);
    expect(run.diagnostics()).toEqual([]);
  });

  it("a younger one changes nothing", () => {
    const run = new PlanRun([...meshWithPeers("green-mesh"), controlPlane({}, older)]);
    run.put(controlPlane({}, { ...younger, name: "crimson-mesh" }));
    expect(run.keys()).toHaveLength(2);
    expect(run.diagnostics()).toEqual([]);
  });
});

it("control planes of other namespaces are other meshes", () => {
  const run = new PlanRun([
    ...meshWithPeers("green-mesh"),
    controlPlane({}, { namespace: "blue-mesh-system", name: "a" }),
  ]);
  expect(run.keys()).toHaveLength(2);
});

it("a control plane that is being deleted is gone", () => {
  const run = new PlanRun([
    ...meshWithPeers("green-mesh"),
    exportSet("green-mesh", [byName("*", "*")]),
    service("shop/a"),
  ]);
  expect(run.exported("green-mesh")).toHaveLength(1);
  const change = run.put(controlPlane({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }));
  expect(run.keys()).toEqual([]);
  expect(run.exported("green-mesh")).toEqual([]);
  expect(change.objects.removed.map(({ name }) => name).sort()).toEqual(["egress-green-mesh", "ingress-green-mesh"]);
});

describe("options", () => {
  it.each<[string, MeshPlannerOptions]>([
    ["no range", { virtualAddressRange: "127.64.0.0" }],
    ["a range that does not start at its beginning", { virtualAddressRange: "127.64.0.1/16" }],
  ])("with %s are refused", (_what, options) => {
    const create = () => createMeshPlanner({ controlPlane: { namespace: "a", name: "b" } }, options);
    expect(create).toThrow(FederationError);
    expect(create).toThrow(/expected an IPv4 range/);
  });

  it("a root certificate is checked by the given function, once for the same text", () => {
    const asked: string[] = [];
    const checkRootCertificates = (pem: string) => {
      asked.push(pem);
      return [{ path: "certificates[0]", reason: "Invalid", message: "is no root" } as const];
    };
    const run = new PlanRun(meshWithPeers("green-mesh"), { checkRootCertificates });
    run.put(gatewayService("ingress-green-mesh"));
    run.put(gatewayService("ingress-green-mesh", "127.80.0.1"));
    expect(asked).toHaveLength(1);
    expect(run.keys()).toEqual([]);
    expect(run.plan.diagnostics.map(({ message }) => message)).toContain(
      'the ConfigMap "red-mesh-system/green-mesh-ca-root-cert" cannot be used: certificates[0]: is no root',
    );
  });
});

it("an empty cluster has an empty plan", () => {
  const plan = planMesh({ controlPlane: { namespace: "a", name: "b" }, objects: [], observations: [], now: 0 });
  expect([plan.gatewayResources.size, plan.exports.size, plan.imports.size, plan.objects.size]).toEqual([0, 0, 0, 0]);
  expect(plan.diagnostics).toEqual([]);
  expect(plan.explainExport({ service: { namespace: "a", name: "b" }, peer: "c" })).toMatchObject([
    { outcome: "fail" },
  ]);
  expect(plan.explainImport({ hostname: "a.b.svc.c-exports.local", peer: "c" })).toMatchObject([{ outcome: "fail" }]);
});

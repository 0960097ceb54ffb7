/** What a change says of problems: each once when it appears, and once when it is gone. */
import { describe, expect, it } from "vitest";
import type { Diagnostic, MeshPlanChange } from "../../src/index.js";
import { DiagnosticTable } from "../../src/plan/diagnostics.js";
import { byName, exportSet, importSet, message } from "./cluster-objects.js";
import { meshWithPeers, PlanRun } from "./plan-run.js";

const RAW = { ports: ["tcp:1:TCP"] };
const NONE = { appeared: [], resolved: [] };

const problem = (name: string, text = "is wrong"): Diagnostic => ({
  severity: "warning",
  reason: "ShadowedRule",
  object: { kind: "ExportedServiceSet", namespace: "red-mesh-system", name },
  path: "spec.exportRules[1]",
  message: text,
  remedy: "remove it",
});

describe("the table's change", () => {
  it("is the net difference, whatever came in between", () => {
    const table = new DiagnosticTable();
    table.set("a", [problem("a")]);
    table.set("b", [problem("b")]);
    table.set("b", []);
    expect(table.takeChange()).toEqual({ appeared: [problem("a")], resolved: [] });
    table.set("a", []);
    table.set("a", [problem("a")]);
    expect(table.takeChange()).toEqual(NONE);
  });

  it("has a problem whose message changed on both sides", () => {
    const table = new DiagnosticTable();
    table.set("a", [problem("a", "one"), problem("b")]);
    table.takeChange();
    table.set("a", [problem("b"), problem("a", "two")]);
    expect(table.takeChange()).toEqual({ appeared: [problem("a", "two")], resolved: [problem("a", "one")] });
  });

  it("counts what several sources say, and does not count what moved between them", () => {
    const table = new DiagnosticTable();
    table.set("a", [problem("a")]);
    table.set("b", [problem("a")]);
    expect(table.takeChange().appeared).toHaveLength(2);
    table.set("a", []);
    expect(table.takeChange()).toEqual({ appeared: [], resolved: [problem("a")] });
    table.set("b", []);
    table.set("c", [problem("a")]);
    expect(table.takeChange()).toEqual(NONE);
  });

  it("is sorted as the plan's list is", () => {
    const table = new DiagnosticTable();
    table.set("a", [problem("b"), problem("a", "two")]);
    table.set("b", [problem("a", "one")]);
    expect(table.takeChange().appeared).toEqual(table.sorted);
  });
});

describe("a plan's change tells", () => {
  const reasons = ({ diagnostics }: MeshPlanChange) => ({
    appeared: diagnostics.appeared.map(({ object, reason }) => `${object.kind}/${object.name} ${reason}`),
    resolved: diagnostics.resolved.map(({ object, reason }) => `${object.kind}/${object.name} ${reason}`),
  });
  const run = () => new PlanRun(meshWithPeers("green-mesh"));

  it("of a rule that never applies, which no condition tells of", () => {
    const plan = run();
    const shadowed = plan.put(exportSet("green-mesh", [byName("*", "*"), byName("shop", "*")]));
    expect(reasons(shadowed)).toEqual({ appeared: ["ExportedServiceSet/green-mesh ShadowedRule"], resolved: [] });
    expect(reasons(plan.put(exportSet("green-mesh", [byName("*", "*")])))).toEqual({
      appeared: [],
      resolved: ["ExportedServiceSet/green-mesh ShadowedRule"],
    });
  });

  it("of a set in a wrong namespace, until it is deleted", () => {
    const plan = run();
    const elsewhere = exportSet("green-mesh", [], { namespace: "shop" });
    const wrong = ["ExportedServiceSet/green-mesh WrongNamespace"];
    expect(reasons(plan.put(elsewhere))).toEqual({ appeared: wrong, resolved: [] });
    expect(reasons(plan.remove(elsewhere))).toEqual({ appeared: [], resolved: wrong });
  });

  it("of announcements that are not believed, until the peer corrects them", () => {
    const plan = run();
    const hostname = "x.y.svc.green-mesh-exports.local";
    const rejected = new Map([[hostname, [{ path: "hostname", reason: "Invalid", message: "is wrong" } as const]]]);
    const change = { type: "peerServices", peer: "green-mesh", upserted: [], removed: [] } as const;
    const found = ["ServiceMeshPeer/green-mesh AnnouncementRejected"];
    expect(reasons(plan.update({ ...change, rejected }))).toEqual({ appeared: found, resolved: [] });
    expect(reasons(plan.update({ ...change, removed: [hostname] }))).toEqual({ appeared: [], resolved: found });
  });

  it("of a service that no virtual address was left for, until one is", () => {
    const set = importSet("green-mesh", { importRules: [byName("*", "*")] });
    const plan = new PlanRun([...meshWithPeers("green-mesh"), set], { virtualAddressRange: "10.0.0.4/32" });
    const [first, second] = [message("info/a", RAW), message("info/b", RAW)];
    const exhausted = ["ImportedServiceSet/green-mesh VirtualAddressPoolExhausted"];
    expect(reasons(plan.offer("green-mesh", first, second))).toEqual({ appeared: exhausted, resolved: [] });
    expect(reasons(plan.offer("green-mesh", second))).toEqual({ appeared: [], resolved: exhausted });
  });
});

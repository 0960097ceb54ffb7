import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { objectReference, planMesh } from "../../src/index.js";
import { exportSet, importSet, peer, security } from "./cluster-objects.js";
import { MANIFEST_FOLDER, readGoldenCase } from "./golden-case.js";
import { meshWithPeers, PlanRun } from "./plan-run.js";

describe("the documentation's statuses, field for field", () => {
  const statusOf = (file: string): object => parse(readFileSync(MANIFEST_FOLDER + file, "utf8")).status;
  const planned = (golden: string, kind: string, name: string) => {
    const { snapshot, options } = readGoldenCase(`${golden}.in.yaml`);
    const plan = planMesh(snapshot, options);
    return plan.status({ kind, namespace: snapshot.controlPlane.namespace, name });
  };

  it("of an ExportedServiceSet", () => {
    expect(planned("red-exports-to-green", "ExportedServiceSet", "green-mesh")).toEqual(
      statusOf("export-to-green-mesh.status.yaml"),
    );
  });

  it("of an ImportedServiceSet", () => {
    expect(planned("green-imports-from-red", "ImportedServiceSet", "red-mesh")).toEqual(
      statusOf("import-from-red-mesh.status.yaml"),
    );
  });

  it("of a connected ServiceMeshPeer, with conditions beside them", () => {
    const { conditions, ...status } = { conditions: [], ...planned("peer-connected", "ServiceMeshPeer", "green-mesh") };
    expect(status).toEqual(statusOf("peer-connected.status.yaml"));
    expect(conditions).toHaveLength(3);
  });
});

describe("conditions", () => {
  const broken = peer("green-mesh", { security: security("green-mesh", { clientID: "" }) }, { generation: 2 });
  const withStatus = (object: typeof broken, status: object | undefined) => ({ ...object, status });

  it("keep the time of their last transition as long as their status stays, and take the present when it changes", () => {
    const run = new PlanRun(meshWithPeers("green-mesh"));
    run.put(broken);
    const first = run.status(broken);
    expect(first).toMatchObject({
      conditions: [
        { type: "Accepted", status: "False", observedGeneration: 2, lastTransitionTime: "2026-01-01T00:00:00Z" },
        { type: "ResolvedRefs", status: "True", observedGeneration: 2, lastTransitionTime: "2026-01-01T00:00:00Z" },
        { type: "Programmed", status: "False", observedGeneration: 2, lastTransitionTime: "2026-01-01T00:00:00Z" },
      ],
    });
    run.now += 60_000;
    run.put(withStatus(broken, first));
    expect(run.status(broken)).toEqual(first);
    run.put(withStatus(peer("green-mesh", {}, { generation: 3 }), first));
    expect(run.status(broken)).toMatchObject({
      conditions: [
        { type: "Accepted", status: "True", observedGeneration: 3, lastTransitionTime: "2026-01-01T00:01:00Z" },
        { type: "ResolvedRefs", status: "True", observedGeneration: 3, lastTransitionTime: "2026-01-01T00:00:00Z" },
        { type: "Programmed", status: "True", observedGeneration: 3, lastTransitionTime: "2026-01-01T00:01:00Z" },
      ],
    });
  });

  it("name five problems at most and count the others", () => {
    const set = exportSet(
      "green-mesh",
      Array.from({ length: 8 }, () => ({ type: "RegexSelector" })),
    );
    const run = new PlanRun([...meshWithPeers("green-mesh"), set]);
    const { conditions } = run.status(set) as { readonly conditions: readonly { readonly message: string }[] };
    expect(conditions[0]?.message).toMatch(/spec\.exportRules\[4\].*; and 3 more$/);
    expect(run.plan.diagnostics).toHaveLength(8);
  });
});

describe("status", () => {
  it("is written for objects that are there and are the mesh's, and for no others", () => {
    const objects = [...meshWithPeers("green-mesh"), importSet("green-mesh", {})];
    const run = new PlanRun([...objects, exportSet("green-mesh", [], { namespace: "shop" })]);
    const withStatus = objects.filter((object) => run.status(object) !== undefined).map(({ kind }) => kind);
    expect(withStatus.sort()).toEqual([
      "ImportedServiceSet",
      "ServiceMeshControlPlane",
      "ServiceMeshMemberRoll",
      "ServiceMeshPeer",
    ]);
    expect(run.plan.status({ kind: "ExportedServiceSet", namespace: "shop", name: "green-mesh" })).toBeUndefined();
    expect(run.plan.status({ kind: "ExportedServiceSet", namespace: "red-mesh-system", name: "none" })).toBeUndefined();
  });

  it("of control plane and member roll is the operator's where an operator installs the gateways", () => {
    const run = new PlanRun(meshWithPeers("green-mesh"), { installation: false });
    const written = meshWithPeers("green-mesh").filter(
      (object) => run.plan.status(objectReference(object)) !== undefined,
    );
    expect(written.map(({ kind }) => kind)).toEqual(["ServiceMeshPeer"]);
    expect(run.plan.objects.size).toBe(0);
  });
});

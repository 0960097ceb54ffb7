import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type MeshPlanChange, objectReference, planMesh } from "../../src/index.js";
import { byName, exportSet, importSet, message, peer, security } from "./cluster-objects.js";
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

  it.each<[string, object, string]>([
    ["fields that are wrong", { clientID: "" }, "PeerNotAccepted"],
    ["a root that is missing", { certificateChain: { kind: "ConfigMap", name: "none" } }, "PeerNotResolved"],
    ["both", { clientID: "", certificateChain: { kind: "ConfigMap", name: "none" } }, "PeerNotAccepted"],
  ])("of its sets say what is wrong with a peer with %s", (_what, fields, reason) => {
    const sets = [exportSet("green-mesh", []), importSet("green-mesh", {})] as const;
    const wrong = peer("green-mesh", { security: security("green-mesh", { ...fields }) });
    const run = new PlanRun([...meshWithPeers("green-mesh"), ...sets, wrong]);
    expect(sets.map((set) => run.conditions(set))).toEqual([
      { ResolvedRefs: `False/${reason}` },
      { ResolvedRefs: `False/${reason}` },
    ]);
    run.put(peer("green-mesh"));
    expect(sets.map((set) => run.conditions(set))).toEqual([{}, {}]);
  });

  it("of a set name what closes its own direction: a root that is missing beside a wrong field of the other one", () => {
    const sets = [exportSet("green-mesh", []), importSet("green-mesh", {})] as const;
    const wrong = peer("green-mesh", {
      remote: {},
      security: security("green-mesh", { certificateChain: { kind: "ConfigMap", name: "none" } }),
    });
    const run = new PlanRun([...meshWithPeers("green-mesh"), ...sets, wrong]);
    expect(sets.map((set) => run.conditions(set))).toEqual([
      { ResolvedRefs: "False/PeerNotResolved" },
      { ResolvedRefs: "False/PeerNotAccepted" },
    ]);
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

describe("virtual addresses in the status of an ImportedServiceSet", () => {
  const RAW = { ports: ["tcp:5432:TCP"] };
  const green = importSet("green-mesh", { importRules: [byName("info", "*")] });
  const blue = importSet("blue-mesh", { importRules: [byName("*", "*")] });
  const addresses = (run: PlanRun, set: typeof green) =>
    (run.status(set) as { readonly virtualAddresses?: readonly object[] }).virtualAddresses;
  const changed = ({ statuses }: MeshPlanChange) => [...statuses.values()].map(({ kind, name }) => `${kind}/${name}`);
  const runWith = (virtualAddressRange: string) =>
    new PlanRun([...meshWithPeers("green-mesh", "blue-mesh"), green, blue], { virtualAddressRange });

  it("are those of services that are imported and not only HTTP, by hostname", () => {
    const run = runWith("10.0.0.4/31");
    run.offer("green-mesh", message("info/z", RAW), message("info/web"), message("hidden/db", RAW));
    run.offer("blue-mesh", message("info/web"));
    expect(addresses(run, green)).toEqual([
      { hostname: "z.info.svc.green-mesh-imports.local", address: expect.stringMatching(/^10\.0\.0\.[45]$/) },
    ]);
    expect(run.status(blue)).not.toHaveProperty("virtualAddresses");
    run.offer("green-mesh", message("info/z", RAW), message("info/a", RAW));
    expect(addresses(run, green)).toMatchObject([
      { hostname: "a.info.svc.green-mesh-imports.local" },
      { hostname: "z.info.svc.green-mesh-imports.local" },
    ]);
    run.offer("green-mesh");
    expect(run.status(green)).not.toHaveProperty("virtualAddresses");
  });

  it("are those of the whole mesh's services: another peer's service takes one away, and gives it back", () => {
    const run = runWith("10.0.0.4/32");
    const held = [{ hostname: "b.info.svc.green-mesh-imports.local", address: "10.0.0.4" }];
    run.offer("green-mesh", message("info/b", RAW));
    expect(addresses(run, green)).toEqual(held);
    const taken = run.offer("blue-mesh", message("info/a", RAW));
    expect(changed(taken)).toContain("ImportedServiceSet/green-mesh");
    expect(run.status(green)).not.toHaveProperty("virtualAddresses");
    expect(addresses(run, blue)).toEqual([{ hostname: "a.info.svc.blue-mesh-imports.local", address: "10.0.0.4" }]);
    const returned = run.offer("blue-mesh");
    expect(changed(returned)).toContain("ImportedServiceSet/green-mesh");
    expect(addresses(run, green)).toEqual(held);
  });

  it("are in the sets of all peers that join one service", () => {
    const run = runWith("10.0.0.4/32");
    const rule = byName("*", "*", { importAsLocal: true, alias: { namespace: "shop" } });
    run.put(importSet("green-mesh", { importRules: [rule] }), importSet("blue-mesh", { importRules: [rule] }));
    run.offer("blue-mesh", message("info/db"));
    const change = run.offer("green-mesh", message("info/db", RAW));
    expect(changed(change)).toContain("ImportedServiceSet/blue-mesh");
    const joined = [{ hostname: "db.shop.svc.cluster.local", address: "10.0.0.4" }];
    expect([addresses(run, green), addresses(run, blue)]).toEqual([joined, joined]);
  });

  it("are left out where the mesh has none", () => {
    const run = new PlanRun([...meshWithPeers("green-mesh"), green]);
    run.offer("green-mesh", message("info/db", RAW));
    expect(run.status(green)).not.toHaveProperty("virtualAddresses");
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

/** The reference's known faults that a plan could have, each with a test that shows that it does not. @see reference §10 */
import { describe, expect, it } from "vitest";
import { formatClientId, type SpiffeId } from "../../src/index.js";
import {
  byName,
  controlPlane,
  endpointSlice,
  exportSet,
  gatewayService,
  importSet,
  memberRoll,
  message,
  namespace,
  peer,
  pem,
  rootConfigMap,
  security,
  service,
} from "./cluster-objects.js";
import { meshWithPeers, PlanRun } from "./plan-run.js";

const everything = [byName("*", "*")];
const green = meshWithPeers("green-mesh");
const greenAndBlue = meshWithPeers("green-mesh", "blue-mesh");
const ratingsHost = "ratings.shop.svc.green-mesh-exports.local";
const otherClient = { clientID: "green-mesh.local/ns/green-mesh-system/sa/another" };

describe("peers", () => {
  it("10.3: the root of a deleted peer, or of a trust domain it no longer has, is trusted nowhere", () => {
    const run = new PlanRun(green);
    expect(run.ingress("green-mesh")?.trust.trustDomain).toBe("green-mesh.local");
    run.put(peer("green-mesh", { security: security("verde") }));
    expect(run.ingress("green-mesh")?.trust.trustDomain).toBe("verde.local");
    const { gateway } = run.remove(peer("green-mesh"));
    expect([...gateway.removed].sort()).toEqual(["EgressGateway/green-mesh", "IngressGateway/green-mesh"]);
    expect(JSON.stringify([...run.plan.gatewayResources.values()])).not.toContain("green-mesh.local");
  });

  it("10.6: deleting a peer removes everything that it brought, and empties the statuses of its sets", () => {
    const exports = exportSet("green-mesh", everything);
    const imports = importSet("green-mesh", { importRules: everything });
    const run = new PlanRun([
      ...green,
      exports,
      imports,
      service("shop/ratings"),
      endpointSlice("shop/ratings", ["127.0.1.1"]),
    ]);
    run.offer("green-mesh", message("info/reviews"));
    expect(run.keys()).toContain("ImportedService/reviews.info.svc.green-mesh-imports.local");
    const change = run.remove(peer("green-mesh"));
    expect(run.keys()).toEqual([]);
    expect(change.exports.get("green-mesh")).toEqual({ upserted: [], removed: [ratingsHost] });
    expect(run.status(exports)).toMatchObject({ exportedServices: [] });
    expect(run.status(imports)).toMatchObject({ importedServices: [] });
    expect([...change.statuses.keys()].sort()).toEqual([
      "ExportedServiceSet/red-mesh-system/green-mesh",
      "ImportedServiceSet/red-mesh-system/green-mesh",
    ]);
  });

  it("10.7: a changed clientID or ingress gateway applies to everything of the peer at once", () => {
    const run = new PlanRun([...green, exportSet("green-mesh", everything), service("shop/ratings")]);
    run.put(peer("green-mesh", { security: security("green-mesh", otherClient) }));
    expect(run.ingress("green-mesh")?.clientId).toBe(`spiffe://${otherClient.clientID}`);
    const change = run.put(
      gatewayService("ingress-new", "127.80.0.9"),
      peer("green-mesh", { gateways: { ingress: { name: "ingress-new" }, egress: { name: "egress-green-mesh" } } }),
    );
    expect(run.ingress("green-mesh")).toMatchObject({
      gateway: "ingress-new",
      serviceListeners: [{ address: "127.80.0.9" }],
    });
    // Its identity is announced with every service.
    expect(change.exports.get("green-mesh")?.upserted[0]?.serviceAccounts).toEqual([
      "spiffe://red-mesh.local/ns/red-mesh-system/sa/ingress-new-service-account",
    ]);
  });

  it.each(["one update", "two updates"])(
    "10.8, 10.44: a peer deleted and created again with another clientID, in %s, has the new one alone",
    (updates) => {
      const again = peer("green-mesh", { security: security("green-mesh", otherClient) }, { uid: "2", generation: 1 });
      const run = new PlanRun([...green, peer("green-mesh", {}, { uid: "1", generation: 1 })]);
      const reference = { kind: "ServiceMeshPeer", namespace: "red-mesh-system", name: "green-mesh" };
      if (updates === "one update") run.update({ type: "delete", reference }, { type: "upsert", object: again });
      else {
        run.remove(again);
        run.put(again);
      }
      expect(run.ingress("green-mesh")?.clientId).toBe(`spiffe://${otherClient.clientID}`);
    },
  );

  it.each([
    ["no clientID", { clientID: "" }],
    ["a pattern", { clientID: "green-mesh.local/ns/*/sa/egress" }],
    ["any identity", { clientID: "*" }],
    ["an identity with its scheme", { clientID: "spiffe://green-mesh.local/ns/a/sa/b" }],
    ["an identity of another trust domain", { clientID: "blue-mesh.local/ns/a/sa/b" }],
    ["no trust domain", { trustDomain: "" }],
    ["the mesh's own trust domain", { trustDomain: "red-mesh.local", clientID: "red-mesh.local/ns/a/sa/b" }],
    ["a root that is not in a ConfigMap", { certificateChain: { kind: "Secret", name: "green" } }],
    ["a ConfigMap that is not there", { certificateChain: { kind: "ConfigMap", name: "green" } }],
  ])("10.9: a peer with %s gets nothing", (_what, fields) => {
    const configuration = [...green, exportSet("green-mesh", everything), service("shop/ratings")];
    const run = new PlanRun([...configuration, importSet("green-mesh", { importRules: everything })]);
    run.offer("green-mesh", message("info/reviews"));
    expect(run.keys()).toHaveLength(4);
    run.put(peer("green-mesh", { security: security("green-mesh", fields) }));
    expect(run.keys()).toEqual([]);
    expect(run.exported("green-mesh")).toEqual([]);
    expect(run.offered("green-mesh")).toEqual({ "reviews.info.svc.red-mesh-exports.local": "" });
    const conditions = run.conditions(peer("green-mesh"));
    expect(conditions.Accepted === "True/Accepted" && conditions.ResolvedRefs === "True/ResolvedRefs").toBe(false);
    expect(conditions.Programmed).toMatch(/^False/);
  });

  it("10.30: everything that is wrong with a peer is told at once", () => {
    const broken = peer("green-mesh", {
      remote: { addresses: [] },
      gateways: {},
      security: { trustDomain: "Green", certificateChain: { kind: "Secret", name: "green" } },
    });
    const run = new PlanRun([controlPlane(), broken]);
    expect(run.diagnostics()).toEqual([
      "ServiceMeshPeer/green-mesh spec.gateways.egress.name Invalid",
      "ServiceMeshPeer/green-mesh spec.gateways.ingress.name Invalid",
      "ServiceMeshPeer/green-mesh spec.remote.addresses Invalid",
      "ServiceMeshPeer/green-mesh spec.security.certificateChain.kind Invalid",
      "ServiceMeshPeer/green-mesh spec.security.clientID Invalid",
      "ServiceMeshPeer/green-mesh spec.security.trustDomain Invalid",
    ]);
  });

  it("10.31: another egress gateway takes over at once", () => {
    const run = new PlanRun([...green, gatewayService("egress-new", "127.80.0.9")]);
    const gateways = { ingress: { name: "ingress-green-mesh" }, egress: { name: "egress-new" } };
    const { gateway } = run.put(peer("green-mesh", { gateways }));
    expect(gateway.upserted).toMatchObject([
      { kind: "EgressGateway", identity: "spiffe://red-mesh.local/ns/red-mesh-system/sa/egress-new-service-account" },
    ]);
  });

  it("10.35: a rotated root applies at once; a root that goes, or cannot be read, is no longer trusted", () => {
    const run = new PlanRun(green);
    run.put(rootConfigMap("green-mesh", { "root-cert.pem": pem("new") }));
    expect(run.ingress("green-mesh")?.trust.rootCertificates).toBe(pem("new"));
    run.put(rootConfigMap("green-mesh", { "root-cert.pem": "broken" }));
    expect(run.keys()).toEqual([]);
    expect(run.conditions(peer("green-mesh")).ResolvedRefs).toBe("False/InvalidRootCertificate");
    run.put(rootConfigMap("green-mesh"));
    expect(run.keys()).toHaveLength(2);
    run.remove(rootConfigMap("green-mesh"));
    expect(run.keys()).toEqual([]);
    expect(run.conditions(peer("green-mesh")).ResolvedRefs).toBe("False/RootCertificateNotFound");
  });

  it("10.37: who may come in and what may be asked for are two facts, each by itself", () => {
    const run = new PlanRun([...greenAndBlue, exportSet("green-mesh", everything), service("shop/ratings")]);
    const clients = ["green-mesh", "blue-mesh"].map((name) =>
      formatClientId(run.ingress(name)?.clientId ?? ("" as SpiffeId)),
    );
    expect(clients).toEqual([
      "green-mesh.local/ns/green-mesh-system/sa/egress-red-mesh-service-account",
      "blue-mesh.local/ns/blue-mesh-system/sa/egress-red-mesh-service-account",
    ]);
    expect(run.keys().filter((key) => key.startsWith("ExportRoute/"))).toEqual([
      `ExportRoute/green-mesh/${ratingsHost}`,
    ]);
  });
});

describe("exports", () => {
  it("10.15: every port of a service has its own endpoints", () => {
    const ports = [
      { name: "http", port: 80 },
      { name: "grpc", port: 90 },
    ];
    const slicePorts = [
      { name: "http", port: 8080 },
      { name: "grpc", port: 9090 },
    ];
    const run = new PlanRun([
      ...green,
      exportSet("green-mesh", everything),
      service("shop/ratings", { ports }),
      endpointSlice("shop/ratings", ["127.0.1.1"], { ports: slicePorts }),
    ]);
    expect(run.route("green-mesh", ratingsHost)?.ports).toEqual([
      { port: 80, protocol: "HTTP", endpoints: [{ address: "127.0.1.1", port: 8080 }] },
      { port: 90, protocol: "GRPC", endpoints: [{ address: "127.0.1.1", port: 9090 }] },
    ]);
  });

  it("10.16: of two services under one name the first has it, the other is told, and takes over when the first goes", () => {
    const rules = [byName("*", "ratings", { alias: { namespace: "info" } })];
    const set = exportSet("green-mesh", rules);
    const first = service("data/ratings", { ports: [{ name: "http", port: 81 }] });
    const run = new PlanRun([...green, set, service("shop/ratings"), first]);
    const host = "ratings.info.svc.green-mesh-exports.local";
    expect(run.plan.exports.get("green-mesh")?.get(host)?.localService.namespace).toBe("data");
    expect(run.conditions(set)).toEqual({ Conflict: "True/ExportConflict" });
    const change = run.remove(first);
    expect(run.plan.exports.get("green-mesh")?.get(host)?.localService.namespace).toBe("shop");
    expect(change.exports.get("green-mesh")?.upserted.map(({ servicePorts }) => servicePorts[0]?.port)).toEqual([80]);
    expect(run.conditions(set)).toEqual({});
  });

  it("10.16: the loser's status is right also when winner and loser announce the same", () => {
    const set = exportSet("green-mesh", [byName("*", "ratings", { alias: { namespace: "info" } })]);
    const run = new PlanRun([...green, set, service("shop/ratings")]);
    const change = run.put(service("data/ratings"));
    expect(change.exports.size).toBe(0);
    expect([...change.statuses.keys()]).toContain("ExportedServiceSet/red-mesh-system/green-mesh");
    expect(run.status(set)).toMatchObject({ exportedServices: [{ localService: { namespace: "data" } }] });
  });

  it("10.17: a service a-b in c and a service a in b-c are two services", () => {
    const members = memberRoll({ members: ["c", "b-c"] });
    const run = new PlanRun([
      ...green,
      members,
      exportSet("green-mesh", everything),
      service("c/a-b"),
      service("b-c/a"),
    ]);
    expect(run.keys().filter((key) => key.startsWith("ExportRoute/"))).toHaveLength(2);
  });

  it("10.18: an account is announced once however many gateways there are", () => {
    const run = new PlanRun([...green, exportSet("green-mesh", everything), service("shop/ratings")]);
    run.put(
      endpointSlice("red-mesh-system/ingress-green-mesh", ["10.0.0.1", "10.0.0.2"], {
        ports: [{ name: "tls", port: 15443 }],
      }),
    );
    expect(run.plan.exports.get("green-mesh")?.get(ratingsHost)?.message.serviceAccounts).toHaveLength(1);
  });

  it("10.32: neither the peer's own ingress nor other Services of the control plane are exported by a wildcard", () => {
    const run = new PlanRun([...greenAndBlue, exportSet("green-mesh", everything), service("red-mesh-system/istiod")]);
    expect(run.exported("green-mesh")).toEqual([]);
    const exact = ["ingress-green-mesh", "istiod"].map((name) => byName("red-mesh-system", name));
    run.put(exportSet("green-mesh", exact));
    expect(run.exported("green-mesh")).toEqual(["istiod.red-mesh-system.svc.green-mesh-exports.local"]);
    // What is the peer's ingress and what is not follows the peer.
    const gateways = { ingress: { name: "istiod" }, egress: { name: "egress-green-mesh" } };
    run.put(peer("green-mesh", { gateways }));
    expect(run.exported("green-mesh")).toEqual(["ingress-green-mesh.red-mesh-system.svc.green-mesh-exports.local"]);
  });

  it("10.33: a service that becomes private is withdrawn, one that is private is not exported by its own change", () => {
    const hidden = (exportTo: string) =>
      service("shop/ratings", {}, { annotations: { "networking.istio.io/exportTo": exportTo } });
    const run = new PlanRun([...green, exportSet("green-mesh", everything), service("shop/ratings")]);
    expect(run.exported("green-mesh")).toEqual([ratingsHost]);
    expect(run.put(hidden(".")).exports.get("green-mesh")?.removed).toEqual([ratingsHost]);
    run.put(service("shop/other", {}, { annotations: { "networking.istio.io/exportTo": "~" } }));
    run.put(exportSet("green-mesh", [byName("shop", "*")]));
    expect(run.exported("green-mesh")).toEqual([]);
    run.put(hidden("red-mesh-system"));
    expect(run.exported("green-mesh")).toEqual([ratingsHost]);
  });

  it("10.34: what leaves the mesh with its namespace is withdrawn", () => {
    const run = new PlanRun([
      ...green,
      exportSet("green-mesh", everything),
      namespace("shop"),
      service("shop/ratings"),
      service("data/db"),
    ]);
    const { exports, gateway } = run.put(memberRoll({ members: ["data"] }));
    expect(exports.get("green-mesh")?.removed).toEqual([ratingsHost]);
    expect(gateway.removed).toEqual([`ExportRoute/green-mesh/${ratingsHost}`]);
    expect(run.exported("green-mesh")).toEqual(["db.data.svc.green-mesh-exports.local"]);
  });

  it("10.40: what is imported as a local service is not exported with it", () => {
    const local = byName("info", "ratings", { importAsLocal: true, alias: { namespace: "shop" } });
    const run = new PlanRun([
      ...greenAndBlue,
      exportSet("green-mesh", everything),
      importSet("blue-mesh", { importRules: [local] }),
      service("shop/ratings"),
      endpointSlice("shop/ratings", ["127.0.1.1"]),
    ]);
    run.offer("blue-mesh", message("info/ratings"));
    expect(run.imported("ratings.shop.svc.cluster.local")?.ports[0]?.remotes).toHaveLength(1);
    const endpoints = () => run.route("green-mesh", ratingsHost)?.ports.flatMap((port) => port.endpoints);
    expect(endpoints()).toEqual([{ address: "127.0.1.1", port: 8080 }]);
    run.remove(endpointSlice("shop/ratings", []));
    expect(endpoints()).toEqual([]);
    // Without a Service of its own there is nothing to export at all.
    run.remove(service("shop/ratings"));
    expect(run.exported("green-mesh")).toEqual([]);
  });
});

describe("imports", () => {
  const importAll = importSet("green-mesh", { importRules: everything }, { uid: "1", generation: 1 });
  const reviewsHost = "reviews.info.svc.red-mesh-exports.local";
  const reviewsLocal = "reviews.info.svc.green-mesh-imports.local";

  it("10.2, 10.11: a changed, or deleted and re-created, set applies at once, whatever its generation", () => {
    const run = new PlanRun([...green, importAll]);
    run.offer("green-mesh", message("info/reviews"));
    expect(run.offered("green-mesh")).toEqual({ [reviewsHost]: reviewsLocal });
    run.put(importSet("green-mesh", { importRules: [] }, { uid: "1", generation: 1 }));
    expect(run.offered("green-mesh")).toEqual({ [reviewsHost]: "" });
    run.remove(importAll);
    run.put(
      importSet("green-mesh", { importRules: everything, domainSuffix: "red.example" }, { uid: "2", generation: 1 }),
    );
    expect(run.offered("green-mesh")).toEqual({ [reviewsHost]: "reviews.info.red.example" });
  });

  it("10.13: withdrawn offers leave the status, and what no rule takes any more stays in it with empty fields", () => {
    const run = new PlanRun([...green, importAll]);
    run.offer("green-mesh", message("info/reviews"), message("info/ratings"));
    run.update({
      type: "peerServices",
      peer: "green-mesh",
      upserted: [],
      removed: ["ratings.info.svc.red-mesh-exports.local"],
    });
    expect(run.offered("green-mesh")).toEqual({ [reviewsHost]: reviewsLocal });
    run.remove(importAll);
    expect(run.offered("green-mesh")).toEqual({ [reviewsHost]: "" });
    run.offer("green-mesh");
    expect(run.offered("green-mesh")).toEqual({});
  });

  it("10.16: deleting one of two services under one local host leaves the other", () => {
    const rules = [byName("*", "reviews", { alias: { namespace: "info" } })];
    const set = importSet("green-mesh", { importRules: rules });
    const run = new PlanRun([...green, set]);
    run.offer("green-mesh", message("east/reviews"), message("west/reviews"));
    const remoteHost = () => run.imported(reviewsLocal)?.ports[0]?.remotes.map(({ exportedHost }) => exportedHost);
    expect(remoteHost()).toEqual(["reviews.east.svc.red-mesh-exports.local"]);
    expect(run.conditions(set)).toEqual({ Conflict: "True/ImportConflict" });
    run.offer("green-mesh", message("west/reviews"));
    expect(remoteHost()).toEqual(["reviews.west.svc.red-mesh-exports.local"]);
    expect(run.conditions(set)).toEqual({});
  });

  it("10.20: virtual addresses are one pool for all peers, and stay while other services come and go", () => {
    const sets = ["green-mesh", "blue-mesh"].map((name) => importSet(name, { importRules: everything }));
    const run = new PlanRun([...greenAndBlue, ...sets], { virtualAddressRange: "127.64.0.0/16" });
    const db = (count: number) =>
      Array.from({ length: count }, (_, index) => message(`data/db-${index}`, { ports: ["tcp:5432:TCP"] }));
    run.offer("green-mesh", ...db(1));
    const first = run.imported("db-0.data.svc.green-mesh-imports.local")?.virtualAddress;
    run.offer("blue-mesh", ...db(50));
    run.offer("green-mesh", ...db(50));
    const addresses = run.keys().map((key) => run.imported(key.replace("ImportedService/", ""))?.virtualAddress);
    const given = addresses.filter((address) => address !== undefined);
    expect(new Set(given).size).toBe(100);
    run.offer("blue-mesh");
    run.offer("green-mesh", ...db(1));
    expect(run.imported("db-0.data.svc.green-mesh-imports.local")?.virtualAddress).toBe(first);
  });

  it("10.21: the identities to expect go with each remote, apart from local workloads", () => {
    const accounts = ["spiffe://green-mesh.local/ns/green-mesh-system/sa/ingress-red-mesh-service-account"];
    const local = byName("*", "*", { importAsLocal: true, alias: { namespace: "shop" } });
    const run = new PlanRun([
      ...green,
      importSet("green-mesh", { importRules: [local] }),
      service("shop/reviews"),
      endpointSlice("shop/reviews", ["127.0.1.1"]),
    ]);
    run.offer("green-mesh", message("info/reviews", { accounts }));
    expect(run.imported("reviews.shop.svc.cluster.local")?.ports).toMatchObject([
      { endpoints: [{ address: "127.0.1.1" }], remotes: [{ peer: "green-mesh", serviceAccounts: accounts }] },
    ]);
  });

  it("10.22: two peers that announce one host are two services, each through its own peer", () => {
    const sets = ["green-mesh", "blue-mesh"].map((name) => importSet(name, { importRules: everything }));
    const run = new PlanRun([...greenAndBlue, ...sets]);
    run.offer("green-mesh", message("info/reviews"));
    run.offer("blue-mesh", message("info/reviews"));
    const remotes = (name: string) => run.imported(`reviews.info.svc.${name}-imports.local`)?.ports[0]?.remotes;
    expect(remotes("green-mesh")).toMatchObject([{ peer: "green-mesh", exportedHost: reviewsHost }]);
    expect(remotes("blue-mesh")).toMatchObject([{ peer: "blue-mesh", exportedHost: reviewsHost }]);
  });

  it("10.28: hearing the same again changes nothing", () => {
    const run = new PlanRun([...green, importAll]);
    run.offer("green-mesh", message("info/reviews"));
    const { gateway, exports } = run.offer("green-mesh", message("info/reviews"));
    expect(gateway).toEqual({ upserted: [], removed: [] });
    expect(exports.size).toBe(0);
  });

  it.each(["svc.cluster.local", "foo.svc.cluster.local", "cluster.local"])(
    "10.41: the suffix %s is refused: it is the cluster's own",
    (domainSuffix) => {
      const set = importSet("green-mesh", { importRules: everything, domainSuffix });
      const run = new PlanRun([...green, set]);
      run.offer("green-mesh", message("info/reviews"));
      expect(run.offered("green-mesh")).toEqual({ [reviewsHost]: "" });
      expect(run.conditions(set)).toEqual({ PartiallyInvalid: "True/InvalidRule" });
    },
  );

  it("10.42: a dropped locality and a skipped rule are told in diagnostics and in the status", () => {
    const set = importSet("green-mesh", {
      importRules: [{ type: "LabelSelector" }, ...everything],
      locality: { subzone: "rack-1" },
    });
    const run = new PlanRun([...green, set]);
    run.offer("green-mesh", message("info/reviews"));
    expect(run.diagnostics()).toEqual([
      "ImportedServiceSet/green-mesh spec.importRules[0].type InvalidRule",
      "ImportedServiceSet/green-mesh spec.locality LocalityDropped",
    ]);
    expect(run.conditions(set)).toEqual({ PartiallyInvalid: "True/InvalidRule" });
    expect(run.imported(reviewsLocal)?.ports[0]?.remotes[0]).not.toHaveProperty("locality");
  });
});

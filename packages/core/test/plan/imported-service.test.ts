import { describe, expect, it } from "vitest";
import { importedService } from "../../src/plan/imported-service.js";
import { byName, controlPlane, endpointSlice, importSet, memberRoll, message, service } from "./cluster-objects.js";
import { meshWithPeers, PlanRun } from "./plan-run.js";

const HOST = "ratings.shop.svc.cluster.local";

/** `name:port` per local port; `peer name:port:protocol ...` per offer. */
function match(local: readonly string[] | undefined, ...offers: readonly string[]) {
  const ports = local?.map((text) => {
    const [name = "", port] = text.split(":");
    return { name, port: Number(port), protocol: "HTTP" as const, endpoints: [] };
  });
  const remote = offers.map((offer) => {
    const [peer = "", ...announced] = offer.split(" ");
    return { peer, message: message("info/ratings", { ports: announced }), locality: undefined };
  });
  const { service: imported, unmatched } = importedService(HOST, remote, ports);
  return {
    ports: imported.ports.map(({ name, port, remotes }) => {
      const to = remotes.map((each) => `${each.peer}:${each.remotePort}`);
      return `${name}:${port} -> ${to.join(", ")}`;
    }),
    unmatched: unmatched.map(({ offer, port }) => `${offer.peer} ${port.name}:${port.port}`),
  };
}

describe("ports of an imported service", () => {
  it.each<[string, readonly string[] | undefined, readonly string[], readonly string[], readonly string[]]>([
    ["by name, whatever the number", ["http:80"], ["green http:9080:HTTP"], ["http:80 -> green:9080"], []],
    ["by number where no name fits", ["http:80"], ["green web:80:HTTP"], ["http:80 -> green:80"], []],
    ["unnamed ports by number", [":80"], ["green :80:HTTP"], [":80 -> green:80"], []],
    ["unnamed ports not by their missing name", [":80"], ["green :81:HTTP"], [":80 -> "], ["green :81"]],
    [
      "a name before a number, in whatever order they come",
      ["http:80", "admin:81"],
      ["green web:80:HTTP http:81:HTTP"],
      ["http:80 -> green:81", "admin:81 -> "],
      ["green web:80"],
    ],
    [
      "one port of a peer to one port",
      ["http:80"],
      ["green http:8080:HTTP web:80:HTTP"],
      ["http:80 -> green:8080"],
      ["green web:80"],
    ],
    ["each peer by itself", ["http:80"], ["blue http:1:HTTP", "green http:2:HTTP"], ["http:80 -> blue:1, green:2"], []],
    ["no UDP", ["dns:53"], ["green dns:53:UDP"], ["dns:53 -> "], []],
    [
      "a local port that nobody offers",
      ["http:80", "admin:81"],
      ["green http:80:HTTP"],
      ["http:80 -> green:80", "admin:81 -> "],
      [],
    ],
    [
      "without a local Service, as the first peer has them",
      undefined,
      ["green http:80:HTTP tcp:90:TCP"],
      ["http:80 -> green:80", "tcp:90 -> green:90"],
      [],
    ],
    [
      "and what further peers have beyond",
      undefined,
      ["blue http:80:HTTP", "green web:80:HTTP grpc:90:GRPC"],
      ["http:80 -> blue:80, green:80", "grpc:90 -> green:90"],
      [],
    ],
    [
      "but no number twice",
      undefined,
      ["blue http:80:HTTP", "green http:8080:HTTP web:80:HTTP"],
      ["http:80 -> blue:80, green:8080"],
      ["green web:80"],
    ],
  ])("are matched %s", (_how, local, offers, ports, unmatched) => {
    expect(match(local, ...offers)).toEqual({ ports, unmatched });
  });
});

describe("the mesh's own Service under an imported name", () => {
  const asLocal = byName("info", "ratings", { importAsLocal: true, alias: { namespace: "shop" } });
  const own = service("shop/ratings", { ports: [{ name: "http", port: 9080 }] });
  const mesh = [
    ...meshWithPeers("green-mesh"),
    importSet("green-mesh", { importRules: [asLocal] }),
    endpointSlice("shop/ratings", ["127.0.1.1"]),
  ];
  const runWith = (...objects: readonly (typeof own)[]) => {
    const run = new PlanRun([...mesh, ...objects]);
    run.offer("green-mesh", message("info/ratings"));
    return run;
  };
  const ports = (run: PlanRun) =>
    run
      .imported(HOST)
      ?.ports.map(({ port, endpoints }) => `${port}: ${endpoints.map(({ address }) => address).join()}`);

  it("counts as soon as it is there, with its workloads, and no longer when it goes", () => {
    const run = runWith();
    expect(ports(run)).toEqual(["80: "]);
    run.put(own);
    expect(ports(run)).toEqual(["9080: 127.0.1.1"]);
    run.put(endpointSlice("shop/ratings", ["127.0.1.2"]));
    expect(ports(run)).toEqual(["9080: 127.0.1.2"]);
    run.remove(own);
    expect(ports(run)).toEqual(["80: "]);
  });

  it("does not count in a namespace outside the mesh", () => {
    const run = runWith(own, memberRoll({ members: ["data"] }));
    expect(ports(run)).toEqual(["80: "]);
    run.put(memberRoll({ members: ["shop"] }));
    expect(ports(run)).toEqual(["9080: 127.0.1.1"]);
  });

  it("does not count when it stands for a host outside the mesh", () => {
    const run = runWith(
      service("shop/ratings", { type: "ExternalName", externalName: "example.org", ports: [{ port: 1 }] }),
    );
    expect(ports(run)).toEqual(["80: "]);
  });

  it("is found under the cluster's own domain, also when that changes", () => {
    const run = runWith(own);
    run.put(controlPlane({ proxy: { networking: { clusterDomain: "red.example" } } }));
    expect(run.imported(HOST)).toBeUndefined();
    expect(run.imported("ratings.shop.svc.red.example")?.ports[0]?.endpoints).toHaveLength(1);
  });
});

it("an offer without a TCP port is not imported", () => {
  const run = new PlanRun([
    ...meshWithPeers("green-mesh"),
    importSet("green-mesh", { importRules: [byName("*", "*")] }),
  ]);
  run.offer("green-mesh", message("info/dns", { ports: ["dns:53:UDP"] }), message("info/empty", { ports: [] }));
  expect(Object.values(run.offered("green-mesh"))).toEqual(["", ""]);
});

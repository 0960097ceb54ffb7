import { describe, expect, it } from "vitest";
import { authorizeIngress, type DenyReason } from "../../src/gateway/authorization.js";
import type { SpiffeId } from "../../src/naming/spiffe-id.js";
import type { ExportRoute } from "../../src/plan/gateway-resource.js";

const CLIENT = "spiffe://green-mesh.local/ns/green-mesh-system/sa/egress-red-mesh-service-account" as SpiffeId;
const HOST = "ratings.info.svc.green-mesh-exports.local";
const SHOP = "shop.info.svc.green-mesh-exports.local";
const EMPTY = "empty.info.svc.green-mesh-exports.local";
const FOREIGN = "foreign.info.svc.green-mesh-exports.local";

function route(exportedHost: string, ports: readonly number[], peer = "green-mesh"): ExportRoute {
  return {
    kind: "ExportRoute",
    peer,
    exportedHost,
    localHost: "local",
    ports: ports.map((port) => ({ port, protocol: "TCP", endpoints: [] })),
  };
}

const routes = new Map(
  [route(HOST, [9080]), route(SHOP, [80, 443]), route(EMPTY, []), route(FOREIGN, [80], "blue-mesh")].map((each) => [
    each.exportedHost,
    each,
  ]),
);

const decide = (serverName: string | undefined, identity: string = CLIENT, clientId: string = CLIENT) =>
  authorizeIngress({
    gateway: { peer: "green-mesh", clientId: clientId as SpiffeId },
    identity: identity as SpiffeId,
    serverName,
    findRoute: (host) => routes.get(host),
  });

describe("a caller is let in", () => {
  it.each([
    ["the bare host of a service with one port (10.15)", HOST, HOST, 9080],
    ["the outbound form", `outbound_.9080_._.${HOST}`, HOST, 9080],
    ["the outbound form with a subset, which is not ours to choose", `outbound_.9080_.v1_.${HOST}`, HOST, 9080],
    ["upper case, since names have no case", `OUTBOUND_.9080_._.${HOST.toUpperCase()}`, HOST, 9080],
    ["the first of several ports", `outbound_.80_._.${SHOP}`, SHOP, 80],
    ["the second of several ports", `outbound_.443_._.${SHOP}`, SHOP, 443],
  ])("with %s", (_, serverName, host, port) => {
    expect(decide(serverName)).toMatchObject({ allowed: true, route: { exportedHost: host }, port: { port } });
  });
});

describe("a caller is kept out", () => {
  it.each<[string, DenyReason, string | undefined, string?, string?]>([
    ["without a server name", "ServerNameMissing", undefined],
    ["with an empty server name", "ServerNameMissing", ""],
    ["with an address instead of a name", "HostNotExported", "127.0.0.1"],
    ["with the outbound form of Istio's old releases", "ServerNameInvalid", `outbound|9080||${HOST}`],
    ["with port 0", "ServerNameInvalid", `outbound_.0_._.${HOST}`],
    ["with a port above 65535", "ServerNameInvalid", `outbound_.70000_._.${HOST}`],
    ["with a port that is not exported", "PortNotExported", `outbound_.9081_._.${HOST}`],
    ["with the ingress's own port", "PortNotExported", `outbound_.15443_._.${HOST}`],
    [
      "with a host that is not exported",
      "HostNotExported",
      `outbound_.9080_._.reviews.info.svc.green-mesh-exports.local`,
    ],
    ["with a name below an exported host", "HostNotExported", `x.${HOST}`],
    ["with the local name of the exported service", "HostNotExported", "ratings.red-mesh-info.svc.cluster.local"],
    ["with what is exported to another peer (10.22)", "HostNotExported", `outbound_.80_._.${FOREIGN}`],
    ["with the bare host of a service with several ports", "PortAmbiguous", SHOP],
    ["with the bare host of a service without ports", "PortAmbiguous", EMPTY],
    [
      "as somebody else of its mesh",
      "IdentityNotClient",
      HOST,
      "spiffe://green-mesh.local/ns/green-mesh-system/sa/default",
    ],
    [
      "as the client's name in another trust domain",
      "IdentityNotClient",
      HOST,
      CLIENT.replace("green-mesh.local", "evil.local"),
    ],
    ["when the clientID is a pattern", "IdentityNotClient", HOST, CLIENT, "spiffe://green-mesh.local/*"],
    ["when the clientID is empty (10.9)", "IdentityNotClient", HOST, CLIENT, ""],
    ["as the client in other letters", "IdentityNotClient", HOST, CLIENT.toUpperCase()],
  ])("%s", (_, reason, serverName, identity, clientId) => {
    expect(decide(serverName, identity, clientId)).toMatchObject({ allowed: false, reason });
  });

  it("on both conditions independently (10.37)", () => {
    const stranger = "spiffe://green-mesh.local/ns/x/sa/y";
    expect(decide(`outbound_.9080_._.${HOST}`, stranger).allowed).toBe(false);
    expect(decide("outbound_.9080_._.not-exported.local", CLIENT).allowed).toBe(false);
    expect(decide("outbound_.9080_._.not-exported.local", stranger).allowed).toBe(false);
  });

  it("and its server name cannot forge a line of a log", () => {
    const verdict = decide("a\nlevel=info msg=let-in");
    expect(verdict).toMatchObject({ reason: "ServerNameInvalid", message: expect.not.stringContaining("\n") });
  });
});

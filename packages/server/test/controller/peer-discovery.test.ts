/** What is told of a peer whose gateways come and go one by one. */
import {
  type EgressGateway,
  type GatewayResource,
  type IngressGateway,
  type MeshPlan,
  type MeshPlanChange,
  planMesh,
  type SnapshotChange,
} from "@meshfed/core";
import { createLogger } from "@meshfed/server";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../../../../test/conformance/manual-clock.js";
import { createPeerDiscovery, type PeerDiscovery } from "../../src/controller/peer-discovery.js";

const PEER = "green-mesh";
const identity = "spiffe://red-mesh.local/ns/red-mesh-system/sa/gateway" as IngressGateway["identity"];
const trust = { trustDomain: "green-mesh.local", rootCertificates: "" } as IngressGateway["trust"];
const ingress: IngressGateway = {
  kind: "IngressGateway",
  peer: PEER,
  gateway: "ingress-green-mesh",
  identity,
  serviceListeners: [],
  discoveryListeners: [],
  clientId: identity,
  trust,
};
const egress: EgressGateway = {
  kind: "EgressGateway",
  peer: PEER,
  gateway: "egress-green-mesh",
  identity,
  addresses: ["192.0.2.1"],
  discoveryPort: 8188,
  servicePort: 15443,
  trust,
  discoveryHost: "discovery.red-mesh-system.svc.green-mesh.local",
  remoteChecksum: "1",
};
const plan: MeshPlan = planMesh({
  controlPlane: { namespace: "red-mesh-system", name: "red-mesh" },
  objects: [],
  observations: [],
  now: 0,
});

let observed: SnapshotChange[];
let discovery: PeerDiscovery;

beforeEach(() => {
  observed = [];
  discovery = createPeerDiscovery({
    clock: new ManualClock(),
    random: () => 0,
    logger: createLogger({ level: "silent" }),
    pod: "istiod-red-mesh-0",
    plan: () => plan,
    connect: () => Promise.reject(new Error("unreachable")),
    onObservation: (change) => observed.push(change),
  });
  onTestFinished(() => discovery.close());
});

function change(upserted: readonly GatewayResource[], removed: readonly string[] = []): MeshPlanChange {
  const nothing = { upserted: [], removed: [] };
  const diagnostics = { appeared: [], resolved: [] };
  return { gateway: { upserted, removed }, exports: new Map(), statuses: new Map(), objects: nothing, diagnostics };
}

const types = () => observed.map(({ type }) => type);

it("forgets a peer that was served alone when it is served no more", () => {
  discovery.publish(change([ingress]));
  discovery.withdraw(change([], [`IngressGateway/${PEER}`]));
  expect(observed.at(-1)).toEqual({ type: "peerForgotten", peer: PEER });
});

it.each([
  ["ingress first", ["IngressGateway", "EgressGateway"]],
  ["egress first", ["EgressGateway", "IngressGateway"]],
])("forgets a peer last of all when both its gateways go, %s", (_which, kinds) => {
  discovery.publish(change([ingress, egress]));
  discovery.withdraw(
    change(
      [],
      kinds.map((kind) => `${kind}/${PEER}`),
    ),
  );
  expect(observed.at(-1)).toEqual({ type: "peerForgotten", peer: PEER });
});

it("goes on telling of a peer that is served when it is watched no more", () => {
  discovery.publish(change([ingress, egress]));
  discovery.withdraw(change([], [`EgressGateway/${PEER}`]));
  expect(types().at(-2)).toBe("peerForgotten");
  expect(observed.at(-1)).toMatchObject({
    type: "peerStatus",
    discoveryStatus: { inactive: [{ watch: { connected: false } }] },
  });
});

it("tells nothing of a peer that never was", () => {
  discovery.withdraw(change([], [`IngressGateway/${PEER}`, `EgressGateway/${PEER}`]));
  expect(observed).toEqual([]);
});

it("does not forget peers when it closes: they are where they were", async () => {
  discovery.publish(change([ingress, egress]));
  await discovery.close();
  expect(types()).not.toContain("peerForgotten");
});

/**
 * Planning: 100,000 services, 2 peers, 50 export rules each. The plan from scratch, and what it takes after one change: of a
 * Service, of its workloads, of one offer of a peer, of a rule, of a status that the controller itself wrote.
 *
 *     npm run bench:plan -- --json FILE
 *
 * A change is compared with the plan from scratch, which is what a planner without increments does at every change.
 */
import { ok } from "node:assert/strict";
import {
  createMeshPlanner,
  type KubernetesObject,
  type MeshPlanner,
  parseObject,
  type ServiceMessage,
  type SnapshotChange,
} from "@meshfed/core";
import {
  jsonPathFromArguments,
  type Measure,
  measureInTurns,
  medianRatio,
  runtimeVersions,
  summarize,
  writeReport,
} from "./report.ts";

const NAMESPACES = 1_000;
const SERVICES_PER_NAMESPACE = 100;
const RULES = 50;
const OFFERS = 10_000;
const PEERS = ["green-mesh", "blue-mesh"];
const CHANGES = 1_000;
const ROUNDS = 7;
const CONTROL_PLANE = { namespace: "red-mesh-system", name: "red-mesh" };
const NOW = Date.UTC(2026, 0, 1);

const services = Array.from({ length: NAMESPACES * SERVICES_PER_NAMESPACE }, (_, index) => service(index, 9080));
const slices = Array.from({ length: services.length }, (_, index) => endpointSlice(index, "127.0.1.1"));
const snapshot: readonly SnapshotChange[] = [...meshObjects(), ...services, ...slices].map((object) => ({
  type: "upsert",
  object,
}));
const offers = Array.from({ length: OFFERS }, (_, index) => offer(index, 9080));

const planner = planFromScratch();
const exported = [...planner.plan.exports.values()].reduce((sum, { size }) => sum + size, 0);
ok(exported > services.length / 2, "most services are exported to somebody");

/** Services all over the cluster; each is changed to and fro, one update a change. */
const changed = Array.from({ length: CHANGES }, (_, index) => index * (services.length / CHANGES));
const changes = {
  service: toAndFro((index, turn) => ({ type: "upsert", object: service(index, 9081 + turn) })),
  endpoints: toAndFro((index, turn) => ({ type: "upsert", object: endpointSlice(index, `127.0.2.${turn}`) })),
  offer: toAndFro((index, turn) => ({
    type: "peerServices",
    peer: "green-mesh",
    upserted: [offer(index % OFFERS, 9081 + turn)],
    removed: [],
  })),
  peerStatus: toAndFro((index, turn) => ({
    type: "peerStatus",
    peer: "green-mesh",
    discoveryStatus: { active: [{ pod: "istiod-0", watch: { connected: turn === 0 } }] },
    lastConfirmed: index,
  })),
};
const rules = toAndFro((_index, turn) => ({
  type: "upsert",
  object: exportSet("green-mesh", exportRules(turn)),
})).map((each) => each.slice(0, 1));

const samplesOf = await measureInTurns(
  {
    full: () => planFromScratch(),
    service: () => updateEach(changes.service),
    endpoints: () => updateEach(changes.endpoints),
    offer: () => updateEach(changes.offer),
    peerStatus: () => updateEach(changes.peerStatus),
    rules: () => updateEach(rules),
  },
  ROUNDS,
);

const perChange = 1_000 / CHANGES;
const measures: Record<string, Measure> = {
  "full.plan": summarize(samplesOf("full"), "ms"),
  "one.service": summarize(samplesOf("service"), "us", perChange),
  "one.endpointSlice": summarize(samplesOf("endpoints"), "us", perChange),
  "one.offer": summarize(samplesOf("offer"), "us", perChange),
  "one.peerStatus": summarize(samplesOf("peerStatus"), "us", perChange),
  "one.ruleSet": summarize(samplesOf("rules"), "ms"),
};
const one = samplesOf("service").map((sample) => sample / CHANGES);
const full = samplesOf("full");

console.log(`${services.length} services, ${exported} exports, ${2 * OFFERS} offers, ${ROUNDS} rounds\n`);
writeReport({
  json: jsonPathFromArguments(),
  date: new Date().toISOString(),
  versions: runtimeVersions(),
  ratios: { planFromScratch: { "one.service": medianRatio(one, full) } },
  measures: { planner: measures },
});

function planFromScratch(): MeshPlanner {
  const fresh = createMeshPlanner({ controlPlane: CONTROL_PLANE }, { virtualAddressRange: "127.64.0.0/12" });
  const services = new Map(offers.map((each) => [each.hostname, each]));
  const observations = PEERS.map(
    (peer) =>
      ({ type: "peerSync", observation: { peer, services, rejected: new Map(), discoveryStatus: {} } }) as const,
  );
  fresh.update([...snapshot, ...observations], NOW);
  return fresh;
}

/** Two lists of changes that undo each other. */
function toAndFro(changeOf: (index: number, turn: number) => SnapshotChange): SnapshotChange[][] {
  return [0, 1].map((turn) => changed.map((index) => changeOf(index, turn)));
}

/** Takes the list that is not in force, one update a change. */
function updateEach(lists: SnapshotChange[][]): void {
  lists.reverse();
  for (const change of lists[0] ?? []) planner.update([change], NOW);
}

function meshObjects(): readonly KubernetesObject[] {
  const { namespace } = CONTROL_PLANE;
  return [
    parsed({
      apiVersion: "maistra.io/v2",
      kind: "ServiceMeshControlPlane",
      metadata: CONTROL_PLANE,
      spec: { security: { trust: { domain: "red-mesh.local" } } },
    }),
    parsed({
      apiVersion: "maistra.io/v1",
      kind: "ServiceMeshMemberRoll",
      metadata: { name: "default", namespace },
      spec: { members: ["*"] },
    }),
    ...PEERS.flatMap((peer, index) => [
      ...peerObjects(peer),
      exportSet(peer, exportRules(index)),
      parsed({
        apiVersion: "federation.maistra.io/v1",
        kind: "ImportedServiceSet",
        metadata: { name: peer, namespace },
        spec: { importRules: [{ type: "NameSelector", nameSelector: {} }] },
      }),
    ]),
  ];
}

function peerObjects(peer: string): readonly KubernetesObject[] {
  const { namespace } = CONTROL_PLANE;
  const ports = [
    { name: "tls", port: 15443 },
    { name: "https-discovery", port: 8188 },
  ];
  return [
    parsed({
      apiVersion: "federation.maistra.io/v1",
      kind: "ServiceMeshPeer",
      metadata: { name: peer, namespace },
      spec: {
        remote: { addresses: ["192.0.2.1"] },
        gateways: { ingress: { name: `ingress-${peer}` }, egress: { name: `egress-${peer}` } },
        security: { trustDomain: `${peer}.local`, clientID: `${peer}.local/ns/${peer}-system/sa/egress` },
      },
    }),
    parsed({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: `${peer}-ca-root-cert`, namespace },
      data: { "root-cert.pem": "-----BEGIN CERTIFICATE-----" },
    }),
    ...["ingress", "egress"].map((kind) =>
      parsed({ apiVersion: "v1", kind: "Service", metadata: { name: `${kind}-${peer}`, namespace }, spec: { ports } }),
    ),
  ];
}

function exportSet(peer: string, exportRules: readonly object[]): KubernetesObject {
  return parsed({
    apiVersion: "federation.maistra.io/v1",
    kind: "ExportedServiceSet",
    metadata: { name: peer, namespace: CONTROL_PLANE.namespace },
    spec: { exportRules },
  });
}

/** Single services, whole namespaces and labels, some with an alias; the last takes half of what is left. */
function exportRules(variant: number): readonly object[] {
  const rules = Array.from({ length: RULES - 1 }, (_, index) => {
    const namespace = `namespace-${(index * 7 + variant) % NAMESPACES}`;
    if (index % 5 === 1)
      return { type: "NameSelector", nameSelector: { namespace, name: "*", alias: { namespace: `a-${index}` } } };
    if (index % 5 === 2)
      return { type: "LabelSelector", labelSelector: { selector: { matchLabels: { team: `team-${index}` } } } };
    return {
      type: "NameSelector",
      nameSelector: { namespace, name: `service-${index}`, alias: { name: `s-${index}` } },
    };
  });
  return [...rules, { type: "LabelSelector", labelSelector: { selector: { matchLabels: { export: "true" } } } }];
}

function service(index: number, port: number): KubernetesObject {
  const [namespace, name] = namesOf(index);
  return parsed({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, labels: { app: name, team: `team-${index % 97}`, export: String(index % 2 === 0) } },
    spec: { clusterIP: "10.0.0.1", ports: [{ name: "http", port }] },
  });
}

function endpointSlice(index: number, address: string): KubernetesObject {
  const [namespace, name] = namesOf(index);
  return parsed({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-1`, namespace, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: [{ name: "http", port: 9080 }],
    endpoints: [{ addresses: [address] }],
  });
}

function namesOf(index: number): readonly [string, string] {
  return [`namespace-${Math.floor(index / SERVICES_PER_NAMESPACE)}`, `service-${index % SERVICES_PER_NAMESPACE}`];
}

function offer(index: number, port: number): ServiceMessage {
  const [namespace, name] = namesOf(index);
  const hostname = `${name}.${namespace}.svc.red-mesh-exports.local`;
  return { name, namespace, hostname, servicePorts: [{ name: "tcp", port, protocol: "TCP" }], serviceAccounts: [] };
}

function parsed(input: unknown): KubernetesObject {
  const object = parseObject(input);
  ok(object.ok, "every object of the benchmark is valid");
  return object.value;
}

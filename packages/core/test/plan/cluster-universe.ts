/**
 * A small cluster in which everything can be there, be otherwise or be missing: few names, so that things meet, and for
 * each object several variants, wrong ones included.
 */
import fc from "fast-check";
import type { KubernetesObject, PeerObservation, SnapshotChange } from "../../src/index.js";
import {
  byName,
  controlPlane,
  endpointSlice,
  exportSet,
  gatewayService,
  gateways,
  importSet,
  MANAGED,
  member,
  memberRoll,
  message,
  namespace,
  peer,
  pem,
  rootConfigMap,
  security,
  service,
} from "./cluster-objects.js";
import { toObject } from "./golden-case.js";

const rules = {
  everything: byName("*", "*"),
  ratings: byName("*", "ratings"),
  oneName: byName("*", "*", { alias: { namespace: "info", name: "ratings" } }),
  shop: byName("shop", "*"),
  exactGateway: byName("red-mesh-system", "ingress-blue-mesh"),
  labels: { type: "LabelSelector", labelSelector: { selector: { matchLabels: { export: "true" } } } },
  invalid: { type: "RegexSelector" },
};

const asLocal = (of: string, name: string) => byName(of, name, { importAsLocal: true, alias: { namespace: "shop" } });

function labelled(object: KubernetesObject, labels: Readonly<Record<string, string>>): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, labels } };
}

/** Every object, in its variants. */
const VARIANTS: readonly (readonly KubernetesObject[])[] = [
  [
    controlPlane({ gateways: gateways("green-mesh", "blue-mesh") }, { uid: "1", generation: 1 }),
    controlPlane({ gateways: gateways("green-mesh") }, { uid: "2", creationTimestamp: "2026-01-01T00:00:02Z" }),
    controlPlane({ security: { trust: { domain: "green-mesh.local" } } }),
    controlPlane({ proxy: { networking: { clusterDomain: "red.example" } }, mode: "ClusterWide" }),
    controlPlane({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
  ],
  [controlPlane({}, { name: "rival", creationTimestamp: "2026-01-01T00:00:01Z" })],
  ...["green-mesh", "blue-mesh"].map((name) => [
    peer(name, {}, { uid: "1", generation: 1 }),
    peer(name, { security: security(name, { clientID: "" }) }, { uid: "2", generation: 1 }),
    peer(name, { security: security("green-mesh") }),
    peer(name, { gateways: { ingress: { name: "ingress-blue-mesh" }, egress: { name: "egress-blue-mesh" } } }),
    peer(name, { remote: {} }),
    peer(name, {}, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
  ]),
  ...["green-mesh", "blue-mesh"].map((name) => [
    rootConfigMap(name),
    rootConfigMap(name, { "root-cert.pem": pem("shared") }),
    rootConfigMap(name, { "root-cert.pem": "broken" }),
    rootConfigMap(name, {}),
  ]),
  ...["ingress-green-mesh", "ingress-blue-mesh", "egress-green-mesh", "outbound"].map((name, index) => [
    gatewayService(name, `127.80.0.${index}`),
    gatewayService(name),
    gatewayService(name, `127.80.1.${index}`, {}),
    service(`red-mesh-system/${name}`, { ports: [{ name: "http-outbound", port: 15001 }], clusterIP: "127.80.2.1" }),
  ]),
  [
    toObject({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "ingress-green-mesh-service-account", namespace: "red-mesh-system", labels: MANAGED },
    }),
    toObject({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "ingress-green-mesh-service-account", namespace: "red-mesh-system" },
    }),
  ],
  ...["green-mesh", "blue-mesh"].flatMap((name) => [
    [
      exportSet(name, [rules.everything]),
      exportSet(name, [rules.invalid, rules.oneName, rules.ratings]),
      exportSet(name, [rules.labels, rules.exactGateway, rules.shop, rules.shop]),
      exportSet(name, [rules.shop, rules.oneName], { generation: 2 }),
    ],
    [
      importSet(name, { importRules: [rules.everything] }),
      importSet(name, { importRules: [asLocal("*", "ratings"), rules.invalid, rules.oneName] }),
      importSet(name, { importRules: [asLocal("*", "*")], locality: { region: "us-west" } }),
      importSet(name, { importRules: [rules.everything], domainSuffix: "peers.example", locality: { zone: "a" } }),
    ],
  ]),
  [exportSet("green-mesh", [rules.everything], { namespace: "shop" })],
  [namespace("red-mesh-system")],
  ...["shop", "data"].map((name) => [namespace(name), namespace(name, { mesh: "red" })]),
  [
    memberRoll({ members: ["shop", "data"] }),
    memberRoll({ members: ["*"] }),
    memberRoll({ members: ["nowhere"], memberSelectors: [{ matchLabels: { mesh: "red" } }] }),
    memberRoll({ memberSelectors: [{ matchExpressions: [{ key: "mesh", operator: "Near" }] }] }),
  ],
  [member("data"), member("data", { namespace: "other-system", name: "other" })],
  ...["shop/ratings", "shop/db", "data/ratings"].map((key) => [
    service(key, {}, { labels: { export: "true" } }),
    service(key, {
      ports: [
        { name: "http", port: 8080 },
        { name: "tcp-db", port: 5432 },
      ],
    }),
    service(key, {}, { annotations: { "networking.istio.io/exportTo": "." } }),
    service(key, { type: "ExternalName", externalName: "example.org", ports: [] }),
    service(key, { ports: [{ name: "dns", port: 53, protocol: "UDP" }] }),
  ]),
  ...["shop/ratings", "data/ratings"].map((key) => [
    endpointSlice(key, ["127.0.1.2", "127.0.1.1"]),
    endpointSlice(key, ["127.0.1.3"], { conditions: { ready: false } }),
  ]),
  [
    endpointSlice("shop/ratings", ["127.0.1.1", "127.0.1.9"], { suffix: "2", zone: "a" }),
    labelled(endpointSlice("shop/ratings", ["127.0.1.1"], { suffix: "2" }), { "kubernetes.io/service-name": "db" }),
    labelled(endpointSlice("shop/ratings", ["127.0.1.1"], { suffix: "2" }), {}),
  ],
];

const MESSAGES = [
  message("info/ratings"),
  message("info/ratings", { ports: ["tcp-db:5432:TCP", "http:8080:HTTP"] }),
  message("info/ratings", { label: "crimson" }),
  message("bookinfo/ratings", { accounts: ["spiffe://green-mesh.local/ns/a/sa/b"] }),
  message("bookinfo/db", { ports: ["tcp:5432:TCP"] }),
  message("bookinfo/dns", { ports: ["dns:53:UDP"] }),
];

const REJECTION = [{ path: "hostname", reason: "Invalid", message: "not of the form" }] as const;

const peerName = fc.constantFrom("green-mesh", "blue-mesh", "yellow-mesh");
const messages = fc.subarray(MESSAGES, { maxLength: 4 });
const hostnames = fc.subarray([...new Set(MESSAGES.map(({ hostname }) => hostname))], { maxLength: 2 });
const discoveryStatus = fc
  .boolean()
  .map((connected) => ({ [connected ? "active" : "inactive"]: [{ pod: "istiod-0", watch: { connected } }] }));
const lastConfirmed = fc.constantFrom({}, { lastConfirmed: 1_000 }, { lastConfirmed: 2_000 });

const rejectedOf = (names: readonly string[]) => new Map(names.map((name) => [name, REJECTION]));
const servicesOf = (list: typeof MESSAGES) => new Map(list.map((each) => [each.hostname, each]));

const observation: fc.Arbitrary<SnapshotChange> = fc.oneof(
  fc
    .record({ peer: peerName, services: messages, rejected: hostnames, discoveryStatus, lastConfirmed })
    .map(({ services, rejected, lastConfirmed: confirmed, ...rest }) => {
      const offered = servicesOf(services);
      const wrong = rejectedOf(rejected.filter((hostname) => !offered.has(hostname)));
      const sync: PeerObservation = { ...rest, ...confirmed, services: offered, rejected: wrong };
      return { type: "peerSync", observation: sync } as const;
    }),
  fc
    .record({ peer: peerName, upserted: messages, removed: hostnames, rejected: hostnames, lastConfirmed })
    .map(({ upserted, removed, rejected, lastConfirmed: confirmed, ...rest }) => {
      const written = [...servicesOf(upserted).values()];
      const names = new Set(written.map(({ hostname }) => hostname));
      return {
        type: "peerServices",
        ...rest,
        ...confirmed,
        upserted: written,
        removed: removed.filter((hostname) => !names.has(hostname)),
        rejected: rejectedOf(rejected.filter((hostname) => !names.has(hostname) && !removed.includes(hostname))),
      } as const;
    }),
  fc
    .record({ peer: peerName, discoveryStatus, lastConfirmed })
    .map(({ lastConfirmed: confirmed, ...rest }) => ({ type: "peerStatus", ...rest, ...confirmed }) as const),
  peerName.map((name) => ({ type: "peerForgotten", peer: name }) as const),
);

const gatewayProblems: fc.Arbitrary<SnapshotChange> = fc
  .subarray(["IngressGateway/green-mesh", "EgressGateway/blue-mesh", "EgressGateway/gone", "OutboundListener/red-mesh"])
  .map((resources) => ({
    type: "gatewayProblems",
    problems: resources.map((resource) => ({
      resource,
      reason: "AddressInUse",
      message: `${resource} is taken`,
      remedy: "stop the other program",
    })),
  }));

const variant = fc
  .integer({ min: 0, max: VARIANTS.length - 1 })
  .chain((index) => fc.constantFrom(...(VARIANTS[index] ?? [])));

const deletion = fc
  .constantFrom(...VARIANTS.flatMap((variants) => variants.slice(0, 1)))
  .map(
    ({ kind, metadata: { name, namespace: of } }) =>
      ({ type: "delete", reference: { kind, name, namespace: of } }) as const,
  );

/** One change of the cluster; deletions may be of what is not there. */
export const change: fc.Arbitrary<SnapshotChange> = fc.oneof(
  { weight: 6, arbitrary: variant.map((object) => ({ type: "upsert", object }) as const) },
  { weight: 3, arbitrary: deletion },
  { weight: 3, arbitrary: observation },
  { weight: 1, arbitrary: gatewayProblems },
);

/** A cluster in which most things are in place: the first variant of every object. */
export const COMPLETE_CLUSTER: readonly KubernetesObject[] = VARIANTS.flatMap((variants) =>
  variants.slice(0, 1),
).filter(({ metadata }) => metadata.name !== "rival");

export const COMPLETE_OBSERVATIONS: readonly PeerObservation[] = ["green-mesh", "blue-mesh"].map((name) => ({
  peer: name,
  services: servicesOf(MESSAGES),
  rejected: new Map(),
  discoveryStatus: { active: [{ pod: "istiod-0", watch: { connected: true } }] },
  lastConfirmed: 1_000,
}));

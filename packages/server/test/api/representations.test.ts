import type { KubernetesObject } from "@meshfed/core";
import { describe, expect, it } from "vitest";
import { humanDuration } from "../../src/api/rest/human-duration.js";
import { chooseAggregatedDiscovery, chooseRepresentation } from "../../src/api/rest/media-type.js";
import { printerColumns } from "../../src/api/rest/printer-columns.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// Expected values: Kubernetes duration_test.go, and the age in the product's documentation (4m25s).
it.each([
  [-5 * SECOND, "0s"],
  [0, "0s"],
  [999, "0s"],
  [70 * SECOND, "70s"],
  [119 * SECOND, "119s"],
  [2 * MINUTE, "2m"],
  [4 * MINUTE + 25 * SECOND, "4m25s"],
  [10 * MINUTE + 5 * SECOND, "10m"],
  [179 * MINUTE, "179m"],
  [3 * HOUR, "3h"],
  [3 * HOUR + 5 * MINUTE, "3h5m"],
  [8 * HOUR + 5 * MINUTE, "8h"],
  [47 * HOUR, "47h"],
  [2 * DAY + 5 * HOUR, "2d5h"],
  [8 * DAY + 5 * HOUR, "8d"],
  [729 * DAY, "729d"],
  [2 * 365 * DAY + 3 * DAY, "2y3d"],
  [9 * 365 * DAY, "9y"],
])("%d ms are %s", (durationMs, expected) => {
  expect(humanDuration(durationMs)).toBe(expected);
});

it.each([
  [undefined, { kind: "object" }],
  ["*/*", { kind: "object" }],
  ["application/json", { kind: "object" }],
  ["application/vnd.kubernetes.protobuf,application/json", { kind: "object" }],
  ["application/json;as=Table;v=v1;g=meta.k8s.io,application/json", { kind: "table", version: "v1" }],
  ["application/json;as=Table;v=v1beta1;g=meta.k8s.io", { kind: "table", version: "v1beta1" }],
  ["application/json; as=PartialObjectMetadata; g=meta.k8s.io; v=v1", { kind: "partial", version: "v1" }],
  ["application/json;q=0.1,application/json;as=Table;v=v1;g=meta.k8s.io", { kind: "table", version: "v1" }],
  ["application/json;as=Table;v=v2;g=meta.k8s.io,application/json", { kind: "object" }],
  ["application/cbor,*/*", { kind: "object" }],
  ["text/html", undefined],
  ["application/json;q=0", undefined],
  ["application/json;as=Unknown;v=v1;g=meta.k8s.io", undefined],
  [",,", undefined],
])("Accept %j chooses %j", (header, expected) => {
  expect(chooseRepresentation(header)).toEqual(expected);
});

it.each([
  [undefined, undefined],
  ["application/json", undefined],
  ["application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json", "v2"],
  ["application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList,application/json", undefined],
  ["application/json,application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", undefined],
  ["application/json;g=example.com;v=v2;as=APIGroupDiscoveryList", undefined],
])("Accept %j chooses aggregated discovery %j", (header, expected) => {
  expect(chooseAggregatedDiscovery(header)).toBe(expected);
});

describe("columns", () => {
  const now = Date.parse("2021-10-05T13:06:25Z");

  function row(kind: string, fields: object): Record<string, unknown> {
    const metadata = { name: "red-mesh", creationTimestamp: "2021-10-05T13:02:00Z" };
    const object: KubernetesObject = { apiVersion: "v1", kind, metadata, ...fields };
    return Object.fromEntries(printerColumns(kind).map(({ name, cell }) => [name, cell(object, now)]));
  }

  it("shows a control plane as the product's documentation does", () => {
    const status = {
      annotations: { readyComponentCount: "10/10" },
      conditions: [{ type: "Ready", status: "True", reason: "ComponentsReady" }],
      appliedSpec: { profiles: ["default"] },
      chartVersion: "2.1.0",
    };
    expect(row("ServiceMeshControlPlane", { status })).toEqual({
      Name: "red-mesh",
      Ready: "10/10",
      Status: "ComponentsReady",
      Profiles: '["default"]',
      Version: "2.1.0",
      Age: "4m25s",
    });
    expect(row("ServiceMeshControlPlane", {})).toMatchObject({ Ready: "", Status: "", Profiles: "", Version: "" });
  });

  it("shows whether a peer is connected and when it was last read", () => {
    const watch = { connected: true, lastFullSync: "2021-10-05T13:05:43Z" };
    const status = {
      discoveryStatus: { active: [{ pod: "a", watch }], inactive: [{ pod: "b", watch: { connected: false } }] },
    };
    expect(row("ServiceMeshPeer", { status })).toMatchObject({ Connected: "True", "Last Sync": "42s" });
    const lost = { discoveryStatus: { inactive: [{ pod: "b", watch: { connected: false } }] } };
    expect(row("ServiceMeshPeer", { status: lost })).toMatchObject({ Connected: "False", "Last Sync": "<never>" });
    expect(row("ServiceMeshPeer", {})).toMatchObject({ Connected: "Unknown", "Last Sync": "<never>" });
  });

  it("counts exported services, and imported ones among those offered", () => {
    const local = { name: "ratings", namespace: "info", hostname: "ratings.info.svc.red-mesh-imports.local" };
    const none = { name: "", namespace: "", hostname: "" };
    expect(row("ExportedServiceSet", { status: { exportedServices: [{}, {}] } })).toMatchObject({ Exported: 2 });
    expect(row("ExportedServiceSet", {})).toMatchObject({ Exported: 0 });
    const importedServices = [{ localService: local }, { localService: none }];
    expect(row("ImportedServiceSet", { status: { importedServices } })).toMatchObject({ Imported: "1/2" });
    expect(row("ImportedServiceSet", {})).toMatchObject({ Imported: "0/0" });
  });

  it("shows where a service is reached", () => {
    const ports = [{ port: 15443 }, { port: 8188, nodePort: 30510, protocol: "TCP" }];
    const spec = { type: "LoadBalancer", ports };
    const status = { loadBalancer: { ingress: [{ ip: "127.80.0.1" }, { hostname: "lb.example.com" }] } };
    expect(row("Service", { spec, status })).toMatchObject({
      Type: "LoadBalancer",
      Address: "127.80.0.1,lb.example.com",
      Ports: "15443/TCP,8188:30510/TCP",
    });
    expect(row("Service", { spec })).toMatchObject({ Address: "<pending>" });
    expect(row("Service", { spec: { clusterIP: "127.80.0.2", ports } })).toMatchObject({
      Type: "ClusterIP",
      Address: "127.80.0.2",
    });
    expect(row("Service", {})).toMatchObject({ Address: "<none>", Ports: "<none>" });
  });

  it.each([
    ["Namespace", {}, { Status: "Active" }],
    ["Namespace", { status: { phase: "Terminating" } }, { Status: "Terminating" }],
    ["ConfigMap", { data: { a: "", b: "" }, binaryData: { c: "" } }, { Data: 3 }],
    ["Secret", { type: "istio.io/ca-root", data: { a: "" } }, { Type: "istio.io/ca-root", Data: 1 }],
    [
      "ServiceMeshMember",
      { spec: { controlPlaneRef: { name: "red-mesh", namespace: "red-mesh-system" } } },
      { "Control Plane": "red-mesh-system/red-mesh" },
    ],
    [
      "EndpointSlice",
      { addressType: "IPv4", ports: [{ port: 9080 }], endpoints: [{ addresses: ["127.0.0.2", "127.0.0.3"] }] },
      { Ports: "9080", Endpoints: "127.0.0.2,127.0.0.3" },
    ],
    [
      "DestinationRule",
      { spec: { host: "ratings.info.svc.cluster.local" } },
      { Host: "ratings.info.svc.cluster.local" },
    ],
    ["ServiceAccount", {}, { Age: "4m25s" }],
  ])("shows a %s", (kind, fields, expected) => {
    expect(row(kind, fields)).toMatchObject(expected);
  });

  it("survives objects of any shape", () => {
    const odd = { spec: 1, status: [null, { conditions: "x" }], data: "text", metadata: { name: "odd" } };
    for (const kind of [
      "ServiceMeshPeer",
      "ExportedServiceSet",
      "ImportedServiceSet",
      "ServiceMeshControlPlane",
      "Service",
      "EndpointSlice",
      "Event",
      "Secret",
      "Pod",
    ]) {
      expect(Object.keys(row(kind, odd)), kind).toContain("Name");
    }
  });
});

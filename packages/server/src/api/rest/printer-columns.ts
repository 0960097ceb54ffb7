/**
 * The columns in which people see each kind: what a Table answer holds, and so what kubectl and `meshfed get` print.
 *
 * Every cell is computed here, on the server, from the object alone and the time of the request.
 */
import type { KubernetesObject } from "@meshfed/core";
import { parseTimestamp } from "@meshfed/core";
import { isJsonObject } from "../json-object.js";
import { humanDuration } from "./human-duration.js";

export type Cell = string | number;

/** metav1.TableColumnDefinition and how its cells come about. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer";
  readonly format: "" | "name";
  readonly description: string;
  /** 0: always shown; 1: only in wide output. */
  readonly priority: 0 | 1;
  /** @param now epoch milliseconds */
  readonly cell: (object: KubernetesObject, now: number) => Cell;
}

const UNKNOWN = "<unknown>";
const NONE = "<none>";

function column(
  name: string,
  description: string,
  cell: PrinterColumn["cell"],
  options: Partial<Pick<PrinterColumn, "type" | "format" | "priority">> = {},
): PrinterColumn {
  return { name, description, cell, type: "string", format: "", priority: 0, ...options };
}

const NAME = column("Name", "Name must be unique within a namespace.", (object) => object.metadata.name, {
  format: "name",
});
const AGE = column("Age", "Time since the object was created.", (object, now) =>
  ageOf(object.metadata.creationTimestamp, now),
);

const COLUMNS_BY_KIND: Readonly<Record<string, readonly PrinterColumn[]>> = {
  ServiceMeshPeer: [
    column("Connected", "Whether this mesh watches the peer's exported services right now.", peerConnected),
    column("Last Sync", "Time since the peer's whole list was last received.", peerLastSync),
    column(
      "Addresses",
      "Where the peer's ingress gateway is reached.",
      (object) => joined(valueAt(object, "spec", "remote", "addresses")),
      { priority: 1 },
    ),
    AGE,
  ],
  ExportedServiceSet: [
    column(
      "Exported",
      "How many services the peer can import.",
      (object) => listAt(object, "status", "exportedServices").length,
      { type: "integer" },
    ),
    AGE,
  ],
  ImportedServiceSet: [
    column("Imported", "How many of the services that the peer offers are imported.", importedOfOffered),
    AGE,
  ],
  ServiceMeshControlPlane: [
    column("Ready", "How many components are ready, of how many.", (object) =>
      textAt(object, "status", "annotations", "readyComponentCount"),
    ),
    column("Status", "Why the control plane is ready, or why it is not.", (object) => conditionReason(object, "Ready")),
    column("Profiles", "The profiles that were applied.", (object) => {
      const profiles = valueAt(object, "status", "appliedSpec", "profiles") ?? valueAt(object, "spec", "profiles");
      return Array.isArray(profiles) ? JSON.stringify(profiles) : "";
    }),
    column(
      "Version",
      "The version that runs; until that is known, the version asked for.",
      (object) => textAt(object, "status", "chartVersion") || textAt(object, "spec", "version"),
    ),
    AGE,
  ],
  ServiceMeshMemberRoll: [
    column("Ready", "How many members are configured, of how many.", (object) =>
      textAt(object, "status", "annotations", "configuredMemberCount"),
    ),
    column("Status", "Why the member roll is ready, or why it is not.", (object) => conditionReason(object, "Ready")),
    AGE,
    column(
      "Members",
      "The namespaces that belong to the mesh.",
      (object) => joined(valueAt(object, "status", "members") ?? valueAt(object, "spec", "members")),
      { priority: 1 },
    ),
  ],
  ServiceMeshMember: [
    column("Control Plane", "The control plane that the namespace joins.", (object) => {
      const reference = valueAt(object, "spec", "controlPlaneRef");
      if (!isJsonObject(reference)) return "";
      return `${String(reference.namespace)}/${String(reference.name)}`;
    }),
    column("Ready", "Whether the namespace is part of the mesh.", (object) => conditionStatus(object, "Ready")),
    AGE,
  ],
  Service: [
    column("Type", "How the service is exposed.", (object) => textAt(object, "spec", "type") || "ClusterIP"),
    column(
      "Address",
      "Where the service is reached: its load balancer's address, else its cluster IP.",
      serviceAddress,
    ),
    column("Ports", "Port, node port if any, and protocol.", servicePorts),
    AGE,
    column(
      "Selector",
      "Labels of the pods behind the service.",
      (object) => keyValues(valueAt(object, "spec", "selector")),
      { priority: 1 },
    ),
  ],
  EndpointSlice: [
    column("AddressType", "IPv4, IPv6 or FQDN.", (object) => textAt(object, "addressType")),
    column("Ports", "Ports of the endpoints.", (object) =>
      joined(listAt(object, "ports").map((port) => (isJsonObject(port) ? port.port : undefined))),
    ),
    column("Endpoints", "Addresses of the endpoints.", (object) =>
      joined(
        listAt(object, "endpoints").flatMap((endpoint) =>
          isJsonObject(endpoint) && Array.isArray(endpoint.addresses) ? endpoint.addresses : [],
        ),
      ),
    ),
    AGE,
  ],
  DestinationRule: [
    column("Host", "The host that the rule is about.", (object) => textAt(object, "spec", "host")),
    AGE,
  ],
  Namespace: [
    column(
      "Status",
      "Active, or Terminating while it is deleted.",
      (object) => textAt(object, "status", "phase") || "Active",
    ),
    AGE,
  ],
  Pod: [
    column("Status", "Phase of the pod.", (object) => textAt(object, "status", "phase") || UNKNOWN),
    column("IP", "Address of the pod.", (object) => textAt(object, "status", "podIP") || NONE, { priority: 1 }),
    AGE,
  ],
  ConfigMap: [
    column("Data", "Number of entries.", (object) => sizeAt(object, "data") + sizeAt(object, "binaryData"), {
      type: "integer",
    }),
    AGE,
  ],
  Secret: [
    column("Type", "What the secret is for.", (object) => textAt(object, "type") || "Opaque"),
    column("Data", "Number of entries.", (object) => sizeAt(object, "data"), { type: "integer" }),
    AGE,
  ],
  Event: [
    column("Last Seen", "Time since the event last happened.", (object, now) =>
      ageOf(textAt(object, "lastTimestamp") || textAt(object, "eventTime") || object.metadata.creationTimestamp, now),
    ),
    column("Type", "Normal or Warning.", (object) => textAt(object, "type")),
    column("Reason", "Why the event happened.", (object) => textAt(object, "reason")),
    column(
      "Object",
      "What the event is about.",
      (object) =>
        `${textAt(object, "involvedObject", "kind").toLowerCase()}/${textAt(object, "involvedObject", "name")}`,
    ),
    column("Message", "What happened.", (object) => textAt(object, "message").trim()),
  ],
};

/** The columns of a kind, the name first. Kinds without columns of their own show name and age. */
export function printerColumns(kind: string): readonly PrinterColumn[] {
  return [NAME, ...(COLUMNS_BY_KIND[kind] ?? [AGE])];
}

function ageOf(timestamp: string | undefined, now: number): string {
  const then = timestamp === undefined ? undefined : parseTimestamp(timestamp);
  return then === undefined ? UNKNOWN : humanDuration(now - then);
}

/** @see reference §1.1, `status.discoveryStatus` */
function peerWatches(object: KubernetesObject): readonly unknown[] {
  const entries = ["active", "inactive"].flatMap((list) => listAt(object, "status", "discoveryStatus", list));
  return entries.map((entry) => (isJsonObject(entry) ? entry.watch : undefined));
}

function peerConnected(object: KubernetesObject): string {
  const watches = peerWatches(object);
  if (watches.length === 0) return "Unknown";
  return watches.some((watch) => isJsonObject(watch) && watch.connected === true) ? "True" : "False";
}

function peerLastSync(object: KubernetesObject, now: number): string {
  const times = peerWatches(object).flatMap((watch) => {
    const text = isJsonObject(watch) ? watch.lastFullSync : undefined;
    const time = typeof text === "string" ? parseTimestamp(text) : undefined;
    return time === undefined ? [] : [time];
  });
  return times.length === 0 ? "<never>" : humanDuration(now - Math.max(...times));
}

/** An offered service that is not imported has an empty local service. @see reference §1.3 */
function importedOfOffered(object: KubernetesObject): string {
  const offered = listAt(object, "status", "importedServices");
  const imported = offered.filter((entry) => {
    const local = isJsonObject(entry) ? entry.localService : undefined;
    return isJsonObject(local) && local.name !== undefined && local.name !== "";
  });
  return `${imported.length}/${offered.length}`;
}

function serviceAddress(object: KubernetesObject): string {
  const ingress = listAt(object, "status", "loadBalancer", "ingress").flatMap((entry) =>
    isJsonObject(entry) ? [entry.ip ?? entry.hostname] : [],
  );
  if (ingress.length > 0) return joined(ingress);
  if (textAt(object, "spec", "type") === "LoadBalancer") return "<pending>";
  return textAt(object, "spec", "externalName") || textAt(object, "spec", "clusterIP") || NONE;
}

function servicePorts(object: KubernetesObject): string {
  return joined(
    listAt(object, "spec", "ports").flatMap((port) => {
      if (!isJsonObject(port)) return [];
      const nodePort = port.nodePort === undefined ? "" : `:${String(port.nodePort)}`;
      return [`${String(port.port)}${nodePort}/${String(port.protocol ?? "TCP")}`];
    }),
  );
}

function condition(object: KubernetesObject, type: string): unknown {
  return listAt(object, "status", "conditions").find((entry) => isJsonObject(entry) && entry.type === type);
}

function conditionReason(object: KubernetesObject, type: string): string {
  const found = condition(object, type);
  return isJsonObject(found) ? String(found.reason ?? "") : "";
}

function conditionStatus(object: KubernetesObject, type: string): string {
  const found = condition(object, type);
  return isJsonObject(found) ? String(found.status ?? "") : "Unknown";
}

function valueAt(object: KubernetesObject, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isJsonObject(value) ? value[key] : undefined), object);
}

function textAt(object: KubernetesObject, ...path: readonly string[]): string {
  const value = valueAt(object, ...path);
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function listAt(object: KubernetesObject, ...path: readonly string[]): readonly unknown[] {
  const value = valueAt(object, ...path);
  return Array.isArray(value) ? value : [];
}

function sizeAt(object: KubernetesObject, ...path: readonly string[]): number {
  const value = valueAt(object, ...path);
  return isJsonObject(value) ? Object.keys(value).length : 0;
}

function joined(values: unknown): string {
  const texts = (Array.isArray(values) ? values : []).filter((value) => value !== undefined).map(String);
  return texts.length === 0 ? NONE : texts.join(",");
}

function keyValues(value: unknown): string {
  return isJsonObject(value) ? joined(Object.entries(value).map(([key, text]) => `${key}=${String(text)}`)) : NONE;
}

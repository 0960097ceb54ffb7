import { z } from "zod";
import type { PortProtocol } from "../discovery/message.js";
import { isDnsSubdomain } from "../naming/dns-name.js";
import { conditionSchema } from "./condition.js";
import { defineResourceType } from "./define-resource-type.js";
import { isIpAddress } from "./ip-address.js";
import { dnsLabel, labelMap } from "./kubernetes-name.js";
import {
  constrained,
  duplicates,
  elementsAt,
  looseObject,
  type Objection,
  type Parsed,
  unique,
  valueAt,
} from "./loose-object.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";
import { optionalPortNumber, portNumber, portNumberOrName } from "./scalar-schemas.js";
import { describeValue } from "./violations.js";

const clusterIp = constrained(z.string(), (text) =>
  text === "" || text === "None" || isIpAddress(text)
    ? undefined
    : { reason: "Invalid", message: `found ${describeValue(text)}, expected an IP address, "None" or nothing` },
);

/** May be fully qualified, with its final dot. */
const externalName = constrained(z.string(), (text) =>
  text === "" || isDnsSubdomain(text.replace(/\.$/, ""))
    ? undefined
    : { reason: "Invalid", message: `found ${describeValue(text)}, expected a DNS name in lower case` },
);

const servicePort = looseObject({
  name: dnsLabel.optional(),
  protocol: z.enum(["TCP", "UDP", "SCTP"]).default("TCP"),
  appProtocol: z.string().optional(),
  port: portNumber,
  targetPort: portNumberOrName.optional(),
  /** Any port: which range may be used is up to the cluster, or to the host of an embedded gateway. */
  nodePort: optionalPortNumber.optional(),
}).transform((port) => ({ ...port, targetPort: port.targetPort || port.port }));

const specSchema = looseObject(
  {
    type: z.enum(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]).default("ClusterIP"),
    clusterIP: clusterIp.optional(),
    clusterIPs: z.array(clusterIp).optional(),
    externalName: externalName.optional(),
    selector: labelMap.optional(),
    ports: z.array(servicePort).optional(),
    loadBalancerIP: z.string().optional(),
  },
  { reads: ["type", "clusterIP", "ports"], objections: (spec) => missingPorts(spec) },
  { reads: ["type", "externalName"], objections: (spec) => missingExternalName(spec) },
  { reads: [], objections: (spec) => portObjections(spec) },
  unique("ports", "name"),
);

const schema = looseObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Service"),
  metadata: namespacedMeta(dnsLabel),
  spec: specSchema.prefault({}),
  status: looseObject(
    {
      loadBalancer: looseObject({
        ingress: z.array(looseObject({ ip: z.string().optional(), hostname: z.string().optional() })).optional(),
      }).optional(),
      conditions: z.array(conditionSchema).optional(),
    },
    unique("conditions", "type"),
  ).optional(),
});

export type Service = Parsed<typeof schema>;
/** One of `spec.ports`, with Kubernetes' defaults. */
export type KubernetesServicePort = Parsed<typeof servicePort>;

export const serviceType: ResourceTypeOf<Service> = defineResourceType(
  {
    group: "",
    versions: ["v1"],
    kind: "Service",
    plural: "services",
    shortNames: ["svc"],
    categories: ["all"],
    statusSubresource: true,
  },
  schema,
);

interface SpecToCheck {
  readonly type: string;
  readonly clusterIP?: string | undefined;
  readonly externalName?: string | undefined;
  readonly ports?: readonly unknown[] | undefined;
}

function missingPorts({ type, clusterIP, ports = [] }: SpecToCheck): readonly Objection[] {
  if (ports.length > 0 || type === "ExternalName" || clusterIP === "None") return [];
  return [
    {
      path: ["ports"],
      reason: "Required",
      message: "missing, expected at least one port: the Service is not headless",
    },
  ];
}

function missingExternalName({ type, externalName }: SpecToCheck): readonly Objection[] {
  if (type !== "ExternalName" || externalName) return [];
  return [{ path: ["externalName"], reason: "Required", message: "missing, expected the DNS name that it stands for" }];
}

/** @see Kubernetes ServicePort: with several ports each has a name; no two share port and protocol */
function portObjections(spec: unknown): readonly Objection[] {
  const ports = elementsAt(spec, "ports");
  const unnamed = ports.flatMap((port, index): readonly Objection[] => {
    if (ports.length < 2 || valueAt(port, "name") !== undefined) return [];
    const message = "missing, expected a name: there are several ports";
    return [{ path: ["ports", index, "name"], reason: "Required", message }];
  });
  const numbers = ports.map((port) => {
    const number = valueAt(port, "port");
    return number === undefined ? undefined : `${number}/${valueAt(port, "protocol") ?? "TCP"}`;
  });
  return [...unnamed, ...duplicates(numbers, (index) => ["ports", index, "port"])];
}

export function isHeadless(service: Service): boolean {
  return service.spec.clusterIP === "None";
}

/** Stands for a host outside the mesh; such a Service is never exported. @see reference §3.2 */
export function isExternalName(service: Service): boolean {
  return service.spec.type === "ExternalName";
}

export const EXPORT_TO_ANNOTATION = "networking.istio.io/exportTo";

/**
 * The namespaces that see the Service: names, `.` (its own), `*` (all), `~` (none); `undefined` where nothing is said.
 * White space around the commas means nothing.
 */
export function exportToOf(service: Service): readonly string[] | undefined {
  const entries = (service.metadata.annotations?.[EXPORT_TO_ANNOTATION] ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  return entries.length === 0 ? undefined : entries;
}

const PROTOCOLS: ReadonlyMap<string, PortProtocol> = new Map([
  ["http", "HTTP"],
  ["https", "HTTPS"],
  ["http2", "HTTP2"],
  ["http_proxy", "HTTP_PROXY"],
  ["grpc", "GRPC"],
  ["tcp", "TCP"],
  ["tls", "TLS"],
  ["udp", "UDP"],
  ["mongo", "Mongo"],
  ["mysql", "MySQL"],
  ["redis", "Redis"],
]);

/** Names that Kubernetes itself gives a meaning; only `appProtocol` may hold them. */
const KUBERNETES_APP_PROTOCOLS: ReadonlyMap<string, PortProtocol> = new Map([
  ["kubernetes.io/h2c", "HTTP2"],
  ["kubernetes.io/ws", "HTTP"],
  ["kubernetes.io/wss", "HTTPS"],
]);

/** Ports whose servers speak first, so that nothing can be sniffed: SMTP, DNS, MySQL, MongoDB. */
const SERVER_FIRST_PORTS: ReadonlySet<number> = new Set([25, 53, 3306, 27_017]);

/**
 * What a port speaks: UDP by its transport, otherwise by `appProtocol`, otherwise by its name up to the first `-`.
 * @see Istio "Protocol Selection"
 */
export function portProtocol(port: KubernetesServicePort): PortProtocol {
  if (port.protocol === "UDP") return "UDP";
  const name = (port.appProtocol ?? port.name ?? "").toLowerCase();
  if (name.startsWith("grpc-web")) return "GRPC-Web";
  const [prefix = ""] = name.split("-");
  return (
    KUBERNETES_APP_PROTOCOLS.get(port.appProtocol ?? "") ??
    PROTOCOLS.get(prefix) ??
    (SERVER_FIRST_PORTS.has(port.port) ? "TCP" : "UnsupportedProtocol")
  );
}

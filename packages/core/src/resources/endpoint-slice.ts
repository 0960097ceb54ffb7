import { z } from "zod";
import { isDnsSubdomain } from "../naming/dns-name.js";
import { defineResourceType } from "./define-resource-type.js";
import { isIpv4Address, isIpv6Address } from "./ip-address.js";
import { dnsLabel, dnsSubdomain } from "./kubernetes-name.js";
import { elementsAt, looseObject, type Objection, type Parsed, unique, valueAt } from "./loose-object.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";
import { portNumber } from "./scalar-schemas.js";
import { describeValue } from "./violations.js";

const endpointSchema = looseObject({
  addresses: z.array(z.string()),
  conditions: looseObject({
    ready: z.boolean().optional(),
    serving: z.boolean().optional(),
    terminating: z.boolean().optional(),
  }).optional(),
  hostname: dnsLabel.optional(),
  nodeName: z.string().optional(),
  zone: z.string().optional(),
  targetRef: looseObject({
    kind: z.string().optional(),
    namespace: z.string().optional(),
    name: z.string().optional(),
    uid: z.string().optional(),
  }).optional(),
  deprecatedTopology: z.record(z.string(), z.string()).optional(),
});

const portSchema = looseObject({
  name: z.string().default(""),
  protocol: z.enum(["TCP", "UDP", "SCTP"]).default("TCP"),
  port: portNumber.optional(),
  appProtocol: z.string().optional(),
});

const schema = looseObject(
  {
    apiVersion: z.literal("discovery.k8s.io/v1"),
    kind: z.literal("EndpointSlice"),
    metadata: namespacedMeta(dnsSubdomain),
    addressType: z.enum(["IPv4", "IPv6", "FQDN"]),
    endpoints: z.array(endpointSchema).default([]),
    ports: z.array(portSchema).optional(),
  },
  {
    reads: ["addressType"],
    objections: (slice) =>
      elementsAt(slice, "endpoints").flatMap((endpoint, index) =>
        addressObjections(slice.addressType, endpoint, index),
      ),
  },
  unique("ports", "name"),
);

export type EndpointSlice = Parsed<typeof schema>;
export type Endpoint = Parsed<typeof endpointSchema>;

export const endpointSliceType: ResourceTypeOf<EndpointSlice> = defineResourceType(
  {
    group: "discovery.k8s.io",
    versions: ["v1"],
    kind: "EndpointSlice",
    plural: "endpointslices",
    statusSubresource: false,
  },
  schema,
);

const ADDRESS_TYPES = {
  IPv4: { test: isIpv4Address, help: "an IPv4 address" },
  IPv6: { test: isIpv6Address, help: "an IPv6 address" },
  FQDN: { test: isDnsSubdomain, help: "a DNS name" },
} as const;

function addressObjections(
  addressType: keyof typeof ADDRESS_TYPES,
  endpoint: unknown,
  index: number,
): readonly Objection[] {
  const { test, help } = ADDRESS_TYPES[addressType];
  const path = ["endpoints", index, "addresses"];
  const addresses = valueAt(endpoint, "addresses");
  if (!Array.isArray(addresses)) return [];
  if (addresses.length === 0) return [{ path, reason: "Required", message: `found an empty list, expected ${help}` }];
  return addresses.flatMap((address: unknown, position): readonly Objection[] => {
    if (typeof address !== "string" || test(address)) return [];
    const message = `found ${describeValue(address)}, expected ${help}: addressType is ${addressType}`;
    return [{ path: [...path, position], reason: "Invalid", message }];
  });
}

/** An address that may be sent to. */
export interface ReadyEndpoint {
  readonly address: string;
  /** The target port. */
  readonly port: number;
  /** Where the address comes from: its zone, its node, its Pod. */
  readonly endpoint: Endpoint;
}

/**
 * The addresses behind the port of that name (`""` for an unnamed one), in the slice's order. An endpoint counts unless it
 * says that it is not ready or that it is terminating. @see reference §10.19
 */
export function readyEndpoints(slice: EndpointSlice, portName: string): readonly ReadyEndpoint[] {
  const port = slice.ports?.find(({ name }) => name === portName)?.port;
  if (port === undefined) return [];
  return slice.endpoints
    .filter(({ conditions }) => conditions?.ready !== false && conditions?.terminating !== true)
    .flatMap((endpoint) => endpoint.addresses.map((address) => ({ address, port, endpoint })));
}

export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

/** Name of the Service, in the slice's namespace, that the slice belongs to. */
export function serviceNameOf(slice: EndpointSlice): string | undefined {
  return slice.metadata.labels?.[SERVICE_NAME_LABEL];
}

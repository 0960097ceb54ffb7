import { z } from "zod";
import { clientIdUri } from "../naming/gateway-identity.js";
import { isTrustDomain, parseSpiffeId, type SpiffeId, type TrustDomain } from "../naming/spiffe-id.js";
import { defaultRootCertificateConfigMap } from "../naming/well-known-names.js";
import { conditionSchema } from "./condition.js";
import { defineResourceType } from "./define-resource-type.js";
import { dnsSubdomain } from "./kubernetes-name.js";
import { looseObject, type Parsed, unique } from "./loose-object.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";
import { nonEmptyText, optionalPortNumber, timestamp } from "./scalar-schemas.js";

const gatewayReference = looseObject({ name: z.string().optional() });

const watchStatusFields = {
  connected: z.boolean(),
  lastConnected: timestamp.optional(),
  lastEvent: timestamp.optional(),
  lastFullSync: timestamp.optional(),
  lastDisconnect: timestamp.optional(),
  lastDisconnectStatus: z.string().optional(),
};

const podStatuses = z
  .array(
    looseObject(
      {
        pod: nonEmptyText("the name of a Pod"),
        watch: looseObject(watchStatusFields).optional(),
        remotes: z.array(looseObject({ source: z.string(), ...watchStatusFields })).optional(),
      },
      unique("remotes", "source"),
    ),
  )
  .optional();

const schema = looseObject({
  apiVersion: z.literal("federation.maistra.io/v1"),
  kind: z.literal("ServiceMeshPeer"),
  metadata: namespacedMeta(dnsSubdomain),
  spec: looseObject({
    remote: looseObject({
      addresses: z.array(z.string()).optional(),
      discoveryPort: optionalPortNumber.optional(),
      servicePort: optionalPortNumber.optional(),
    }).optional(),
    gateways: looseObject({
      ingress: gatewayReference.optional(),
      egress: gatewayReference.optional(),
    }).optional(),
    security: looseObject({
      trustDomain: z.string().optional(),
      clientID: z.string().optional(),
      certificateChain: looseObject({
        apiGroup: z.string().optional(),
        kind: z.string().describe("ConfigMap"),
        name: z.string().describe("the name of the ConfigMap with the peer's root certificate"),
      }).optional(),
    }).optional(),
  }).prefault({}),
  status: looseObject(
    {
      discoveryStatus: looseObject(
        { active: podStatuses, inactive: podStatuses },
        unique("active", "pod"),
        unique("inactive", "pod"),
      ).optional(),
      conditions: z.array(conditionSchema).optional(),
    },
    unique("conditions", "type"),
  ).optional(),
});

/** Declares the federation of the mesh in whose control-plane namespace it lives with one other mesh. @see reference §1.1 */
export type ServiceMeshPeer = Parsed<typeof schema>;

export const serviceMeshPeerType: ResourceTypeOf<ServiceMeshPeer> = defineResourceType(
  {
    group: "federation.maistra.io",
    versions: ["v1"],
    kind: "ServiceMeshPeer",
    plural: "servicemeshpeers",
    categories: ["maistra-io"],
    statusSubresource: true,
  },
  schema,
);

export const DEFAULT_DISCOVERY_PORT = 8188;
export const DEFAULT_SERVICE_PORT = 15_443;

/** `spec.remote` with its defaults; the object itself stays as written, because its checksum is sent to our egress. */
export interface ResolvedRemote {
  /** In the order in which they are written. */
  readonly addresses: readonly string[];
  readonly discoveryPort: number;
  readonly servicePort: number;
}

/** @see reference §1.1: 8188 and 15443 where a port is unset or 0 */
export function resolveRemote(peer: ServiceMeshPeer): ResolvedRemote {
  const remote = peer.spec.remote;
  return {
    addresses: remote?.addresses ?? [],
    discoveryPort: remote?.discoveryPort || DEFAULT_DISCOVERY_PORT,
    servicePort: remote?.servicePort || DEFAULT_SERVICE_PORT,
  };
}

/** Where the peer's root certificate is; in the namespace of the ServiceMeshPeer, under the key `root-cert.pem`. */
export interface RootCertificateReference {
  /** `ConfigMap`, or whatever the user wrote instead; then `checkServiceMeshPeer` objects. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** @see reference §1.5: by default ConfigMap `<peer>-ca-root-cert` */
export function rootCertificateReference(peer: ServiceMeshPeer): RootCertificateReference {
  const chain = peer.spec.security?.certificateChain;
  return {
    kind: chain?.kind || "ConfigMap",
    namespace: peer.metadata.namespace,
    name: chain?.name || defaultRootCertificateConfigMap(peer.metadata.name),
  };
}

/** The peer's trust domain when it is a legal one. */
export function trustDomainOfPeer(peer: ServiceMeshPeer): TrustDomain | undefined {
  const domain = peer.spec.security?.trustDomain ?? "";
  return isTrustDomain(domain) ? domain : undefined;
}

/** The one identity that may enter our ingress, when `spec.security.clientID` names exactly one. */
export function clientIdOfPeer(peer: ServiceMeshPeer): SpiffeId | undefined {
  const clientId = parseSpiffeId(clientIdUri(peer.spec.security?.clientID ?? ""));
  return clientId.ok && clientId.value.path !== "" ? clientId.value.id : undefined;
}

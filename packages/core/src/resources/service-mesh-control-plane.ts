import { z } from "zod";
import { invariant } from "../errors.js";
import { DEFAULT_CLUSTER_DOMAIN } from "../naming/host-names.js";
import { isTrustDomain, type TrustDomain } from "../naming/spiffe-id.js";
import { conditionSchema } from "./condition.js";
import { defineResourceType } from "./define-resource-type.js";
import { annotationMap, dnsLabel, dnsLabelObjection, dnsSubdomain, labelMap } from "./kubernetes-name.js";
import { constrained, looseObject, mapOf, type Parsed, unique } from "./loose-object.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";
import { optionalPortNumber, portNumber, portNumberOrName } from "./scalar-schemas.js";
import { describeValue } from "./violations.js";

/** What Istio takes where `spec.security.trust.domain` is unset; not fit for a federation, whose trust domains differ. */
export const DEFAULT_TRUST_DOMAIN = "cluster.local";

const TRUST_DOMAIN_HELP = 'a trust domain: lower-case letters, digits, ".", "-" and "_", at most 255 characters';

/** Empty means unset. */
const trustDomain = constrained(z.string(), (domain) =>
  domain === "" || isTrustDomain(domain)
    ? undefined
    : { reason: "Invalid", message: `found ${describeValue(domain)}, expected ${TRUST_DOMAIN_HELP}` },
).describe(TRUST_DOMAIN_HELP);

const gatewayFields = {
  enabled: z.boolean().optional(),
  namespace: dnsLabel.optional(),
  service: looseObject({
    metadata: looseObject({ labels: labelMap.optional(), annotations: annotationMap.optional() }).optional(),
    type: z.enum(["ClusterIP", "NodePort", "LoadBalancer"]).optional(),
    loadBalancerIP: z.string().optional(),
    ports: z
      .array(
        looseObject({
          name: dnsLabel.optional(),
          port: portNumber,
          targetPort: portNumberOrName.optional(),
          /** Any port: which range may be used is up to the cluster, or to the host of an embedded gateway. */
          nodePort: optionalPortNumber.optional(),
        }),
      )
      .optional(),
  }).optional(),
  routerMode: z.string().optional(),
};

const ingressGateway = looseObject(gatewayFields);
const egressGateway = looseObject({ ...gatewayFields, requestedNetworkView: z.array(z.string()).optional() });

/** Gateways by name; the name becomes that of a Service. */
function gatewayMap<S extends z.ZodType>(gateway: S) {
  return mapOf(gateway, (name) => [dnsLabelObjection(name)]);
}

const schema = looseObject({
  apiVersion: z.literal("maistra.io/v2"),
  kind: z.literal("ServiceMeshControlPlane"),
  metadata: namespacedMeta(dnsSubdomain),
  spec: looseObject({
    version: z.string().optional(),
    mode: z.string().optional(),
    cluster: looseObject({ name: z.string().optional(), network: z.string().optional() }).optional(),
    gateways: looseObject({
      additionalIngress: gatewayMap(ingressGateway).optional(),
      additionalEgress: gatewayMap(egressGateway).optional(),
    }).optional(),
    proxy: looseObject({
      networking: looseObject({ clusterDomain: dnsSubdomain.optional() }).optional(),
    }).optional(),
    security: looseObject({
      trust: looseObject({
        domain: trustDomain.optional(),
        additionalDomains: z.array(trustDomain).optional(),
      }).optional(),
    }).optional(),
  }).prefault({}),
  status: looseObject({ conditions: z.array(conditionSchema).optional() }, unique("conditions", "type")).optional(),
});

/** A mesh: its trust domain and the gateways that it dedicates to federation. @see reference §1.4 */
export type ServiceMeshControlPlane = Parsed<typeof schema>;
/** One entry of `spec.gateways.additionalIngress` or `additionalEgress`, as written. */
export type AdditionalGateway = Parsed<typeof egressGateway>;
export type AdditionalGatewayPort = NonNullable<NonNullable<AdditionalGateway["service"]>["ports"]>[number];

export const serviceMeshControlPlaneType: ResourceTypeOf<ServiceMeshControlPlane> = defineResourceType(
  {
    group: "maistra.io",
    versions: ["v2"],
    kind: "ServiceMeshControlPlane",
    plural: "servicemeshcontrolplanes",
    shortNames: ["smcp"],
    categories: ["maistra-io"],
    statusSubresource: true,
  },
  schema,
);

/** The mesh's trust domain. @see reference §1.4: `cluster.local` where none is set */
export function trustDomainOf(controlPlane: ServiceMeshControlPlane): TrustDomain {
  const domain = controlPlane.spec.security?.trust?.domain || DEFAULT_TRUST_DOMAIN;
  invariant(isTrustDomain(domain), "a ServiceMeshControlPlane passes its parse before its trust domain is read");
  return domain;
}

/** The DNS domain of the mesh's cluster; `cluster.local` where none is set. */
export function clusterDomainOf(controlPlane: ServiceMeshControlPlane): string {
  return controlPlane.spec.proxy?.networking?.clusterDomain ?? DEFAULT_CLUSTER_DOMAIN;
}

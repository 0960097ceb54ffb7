import { z } from "zod";
import { conditionSchema } from "./condition.js";
import { defineResourceType } from "./define-resource-type.js";
import { dnsSubdomain, labelMap } from "./kubernetes-name.js";
import { elementsAt, looseObject, type Objection, type Parsed, unique } from "./loose-object.js";
import { namespacedMeta } from "./object-meta.js";
import type { ResourceTypeOf } from "./resource-type.js";
import { duration, nonEmptyText, nonNegative, percentage, portNumber } from "./scalar-schemas.js";

const region = nonEmptyText("the name of a region");

const localityLbSetting = looseObject(
  {
    enabled: z.boolean().optional(),
    distribute: z
      .array(
        looseObject(
          { from: nonEmptyText('a locality such as "us-west/zone1/*"'), to: z.record(z.string(), percentage) },
          { reads: ["to"], objections: ({ to }) => shareObjections(to) },
        ),
      )
      .optional(),
    failover: z
      .array(
        looseObject(
          { from: region, to: region },
          {
            reads: ["from", "to"],
            objections: ({ from, to }) =>
              from === to
                ? [{ path: ["to"], reason: "Invalid", message: `found "${to}", expected another region than "from"` }]
                : [],
          },
        ),
      )
      .optional(),
    failoverPriority: z.array(z.string()).optional(),
  },
  {
    reads: [],
    objections: (setting) =>
      elementsAt(setting, "distribute").length > 0 && elementsAt(setting, "failover").length > 0
        ? [{ path: ["failover"], reason: "Forbidden", message: "found both, expected either distribute or failover" }]
        : [],
  },
);

const trafficPolicyFields = {
  loadBalancer: looseObject({
    simple: z.enum(["UNSPECIFIED", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN", "LEAST_REQUEST"]).optional(),
    localityLbSetting: localityLbSetting.optional(),
    warmupDurationSecs: duration.optional(),
  }).optional(),
  outlierDetection: looseObject({
    consecutive5xxErrors: nonNegative.optional(),
    consecutiveGatewayErrors: nonNegative.optional(),
    /** Deprecated by Istio in favour of consecutive5xxErrors. */
    consecutiveErrors: nonNegative.optional(),
    splitExternalLocalOriginErrors: z.boolean().optional(),
    consecutiveLocalOriginFailures: nonNegative.optional(),
    interval: duration.optional(),
    baseEjectionTime: duration.optional(),
    maxEjectionPercent: percentage.optional(),
    minHealthPercent: percentage.optional(),
  }).optional(),
  connectionPool: looseObject({
    tcp: looseObject({
      maxConnections: nonNegative.optional(),
      connectTimeout: duration.optional(),
      idleTimeout: duration.optional(),
    }).optional(),
    http: looseObject({
      http1MaxPendingRequests: nonNegative.optional(),
      http2MaxRequests: nonNegative.optional(),
      maxRequestsPerConnection: nonNegative.optional(),
      maxRetries: nonNegative.optional(),
      idleTimeout: duration.optional(),
    }).optional(),
  }).optional(),
};

const trafficPolicy = looseObject({
  ...trafficPolicyFields,
  portLevelSettings: z
    .array(looseObject({ port: looseObject({ number: portNumber }), ...trafficPolicyFields }))
    .optional(),
});

const schema = looseObject({
  apiVersion: z.enum(["networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3"]),
  kind: z.literal("DestinationRule"),
  metadata: namespacedMeta(dnsSubdomain),
  spec: looseObject({
    host: nonEmptyText("the host of a service, such as ratings.info.svc.cluster.local"),
    trafficPolicy: trafficPolicy.optional(),
    subsets: z
      .array(
        looseObject({
          name: nonEmptyText("the name of the subset"),
          labels: labelMap.optional(),
          trafficPolicy: trafficPolicy.optional(),
        }),
      )
      .optional(),
    exportTo: z.array(z.string()).optional(),
  }),
  status: looseObject({ conditions: z.array(conditionSchema).optional() }, unique("conditions", "type")).optional(),
});

/** How traffic to a host is balanced; of this, failover and outlier detection matter to federation. @see reference §7.7 */
export type DestinationRule = Parsed<typeof schema>;
export type TrafficPolicy = Parsed<typeof trafficPolicy>;
export type LocalityLbSetting = Parsed<typeof localityLbSetting>;
export type OutlierDetection = NonNullable<TrafficPolicy["outlierDetection"]>;

export const destinationRuleType: ResourceTypeOf<DestinationRule> = defineResourceType(
  {
    group: "networking.istio.io",
    versions: ["v1", "v1beta1", "v1alpha3"],
    kind: "DestinationRule",
    plural: "destinationrules",
    shortNames: ["dr"],
    categories: ["istio-io", "networking-istio-io"],
    statusSubresource: true,
  },
  schema,
);

function shareObjections(to: Readonly<Record<string, number>>): readonly Objection[] {
  const sum = Object.values(to).reduce((total, share) => total + share, 0);
  return sum === 100
    ? []
    : [{ path: ["to"], reason: "Invalid", message: `found shares that add up to ${sum}, expected 100` }];
}

import type { FieldViolation } from "../result.js";
import { type FederationGateway, resolveGateways } from "./federation-gateway.js";
import type { ServiceMeshControlPlane } from "./service-mesh-control-plane.js";
import { describeValue, fieldPath } from "./violations.js";

const RESERVED_NAMES: ReadonlySet<string> = new Set(["istio-ingressgateway", "istio-egressgateway"]);

/**
 * What is wrong with the additional gateways taken together, and what would make the Service of one illegal: reserved
 * names, two gateways under one name, repeated or unnamed ports, node ports that have no use or are taken twice. The plan
 * reports it; the gateways that are right run. @see reference §1.4
 */
export function checkGateways(controlPlane: ServiceMeshControlPlane): readonly FieldViolation[] {
  const gateways = resolveGateways(controlPlane);
  return [
    ...gateways.flatMap(reservedName),
    ...sharedNames(gateways),
    ...gateways.flatMap((gateway) => portViolations(gateway, controlPlane)),
    ...sharedNodePorts(gateways),
  ];
}

/** Path of a gateway, or of something in it. */
function pathOf({ kind, name }: FederationGateway, ...rest: readonly (string | number)[]): string {
  return fieldPath(["spec", "gateways", kind === "ingress" ? "additionalIngress" : "additionalEgress", name, ...rest]);
}

function pathOfPort(gateway: FederationGateway, index: number, field: string): string {
  return pathOf(gateway, "service", "ports", index, field);
}

function reservedName(gateway: FederationGateway): readonly FieldViolation[] {
  if (!RESERVED_NAMES.has(gateway.name)) return [];
  const message = `found ${describeValue(gateway.name)}, expected another name: this one is the default gateway's`;
  return [{ path: pathOf(gateway), reason: "Forbidden", message }];
}

function sharedNames(gateways: readonly FederationGateway[]): readonly FieldViolation[] {
  const same = (left: FederationGateway, right: FederationGateway) =>
    left.name === right.name && left.namespace === right.namespace;
  return gateways.flatMap((gateway, index): readonly FieldViolation[] => {
    const earlier = gateways.slice(0, index).find((candidate) => same(candidate, gateway));
    if (earlier === undefined) return [];
    const message = `found ${describeValue(gateway.name)}, which ${pathOf(earlier)} has already in namespace ${describeValue(gateway.namespace)}; expected a name of its own`;
    return [{ path: pathOf(gateway), reason: "Duplicate", message }];
  });
}

function portViolations(gateway: FederationGateway, controlPlane: ServiceMeshControlPlane): readonly FieldViolation[] {
  const { additionalIngress = {}, additionalEgress = {} } = controlPlane.spec.gateways ?? {};
  const given = (gateway.kind === "ingress" ? additionalIngress : additionalEgress)[gateway.name]?.service?.ports ?? [];
  return given.flatMap(({ name, port, nodePort }, index): readonly FieldViolation[] => {
    const violations: FieldViolation[] = [];
    const repeats = (field: "name" | "port", value: unknown) => {
      const earlier = given.slice(0, index).findIndex((candidate) => candidate[field] === value);
      if (earlier === -1) return;
      const message = `found ${describeValue(value)}, which ports[${earlier}] has already; expected each only once`;
      violations.push({ path: pathOfPort(gateway, index, field), reason: "Duplicate", message });
    };
    if (name !== undefined) repeats("name", name);
    else if (given.length > 1) {
      const message = "missing, expected a name: there are several ports";
      violations.push({ path: pathOfPort(gateway, index, "name"), reason: "Required", message });
    }
    repeats("port", port);
    if (nodePort && gateway.serviceType === "ClusterIP") {
      const message = `found ${nodePort}, expected none with type ClusterIP, or the type NodePort`;
      violations.push({ path: pathOfPort(gateway, index, "nodePort"), reason: "Forbidden", message });
    }
    return violations;
  });
}

/** Node ports of enabled gateways: a host, and a cluster, has each only once. */
function sharedNodePorts(gateways: readonly FederationGateway[]): readonly FieldViolation[] {
  const taken = new Map<number, string>();
  return gateways
    .filter(({ enabled, serviceType }) => enabled && serviceType !== "ClusterIP")
    .flatMap((gateway) =>
      gateway.ports.flatMap(({ nodePort }, index): readonly FieldViolation[] => {
        if (nodePort === undefined) return [];
        const path = pathOfPort(gateway, index, "nodePort");
        const earlier = taken.get(nodePort);
        if (earlier === undefined) {
          taken.set(nodePort, path);
          return [];
        }
        const message = `found ${nodePort}, which ${earlier} has already; expected each only once`;
        return [{ path, reason: "Duplicate", message }];
      }),
    );
}

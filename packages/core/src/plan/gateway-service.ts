/** What a gateway's Service says about where the gateway listens. */
import type { Service } from "../resources/service.js";
import type { SocketAddress } from "./gateway-resource.js";

export function hasPort(service: Service, port: number): boolean {
  return service.spec.ports?.some((candidate) => candidate.port === port && candidate.protocol === "TCP") ?? false;
}

/**
 * Where connections for that Service port arrive: at the load balancer's addresses, at the cluster IP, or at the node
 * port of `nodeAddress`. Empty while no address is assigned; load balancers that are known by a DNS name only are not
 * ours to listen for.
 */
export function listenAddresses(service: Service, portNumber: number, nodeAddress: string): readonly SocketAddress[] {
  const port = service.spec.ports?.find((candidate) => candidate.port === portNumber && candidate.protocol === "TCP");
  if (port === undefined) return [];
  switch (service.spec.type) {
    case "LoadBalancer":
      return (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) =>
        ip ? [{ address: ip, port: portNumber }] : [],
      );
    case "NodePort":
      return port.nodePort ? [{ address: nodeAddress, port: port.nodePort }] : [];
    case "ClusterIP": {
      const address = service.spec.clusterIP ?? "";
      return address === "" || address === "None" ? [] : [{ address, port: portNumber }];
    }
    case "ExternalName":
      return [];
  }
}

/** Whether the Service has an address, be it one by DNS name that is not ours to listen for. */
export function hasAddress(service: Service, portNumber: number, nodeAddress: string): boolean {
  if (listenAddresses(service, portNumber, nodeAddress).length > 0) return true;
  const { ingress = [] } = service.status?.loadBalancer ?? {};
  return (
    service.spec.type === "LoadBalancer" && ingress.some(({ hostname }) => hostname !== undefined && hostname !== "")
  );
}

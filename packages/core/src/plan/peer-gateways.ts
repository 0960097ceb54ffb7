/** The two gateways of a peer: whether they are there, and how they are configured. */
import { remoteChecksum } from "../discovery/checksum.js";
import { gatewaySpiffeId } from "../naming/gateway-identity.js";
import { discoveryHost } from "../naming/host-names.js";
import type { SpiffeId } from "../naming/spiffe-id.js";
import type { Service } from "../resources/service.js";
import {
  DEFAULT_DISCOVERY_PORT,
  DEFAULT_SERVICE_PORT,
  resolveRemote,
  type ServiceMeshPeer,
} from "../resources/service-mesh-peer.js";
import type { EgressGateway, IngressGateway, PeerTrust } from "./gateway-resource.js";
import { hasAddress, hasPort, listenAddresses } from "./gateway-service.js";
import type { Mesh } from "./mesh.js";
import type { PeerProblem } from "./peer-conditions.js";

export interface GatewayEnvironment {
  readonly mesh: Mesh;
  readonly nodeAddress: string;
  /** Of the control plane's namespace. */
  readonly service: (name: string) => Service | undefined;
}

/** A gateway that a peer names. */
export interface PeerGateway {
  readonly name: string;
  readonly identity: SpiffeId;
  readonly service: Service;
}

/** The gateway, or why it cannot be used. A name that is missing is objected to elsewhere. */
export interface FoundGateway {
  readonly gateway?: PeerGateway;
  readonly problems: readonly PeerProblem[];
}

export function findGateway(
  kind: "ingress" | "egress",
  peer: ServiceMeshPeer,
  { mesh, service: serviceOf, nodeAddress }: GatewayEnvironment,
): FoundGateway {
  const name = peer.spec.gateways?.[kind]?.name;
  if (!name) return { problems: [] };
  const path = `spec.gateways.${kind}.name`;
  const notFound = (message: string): FoundGateway => {
    const remedy = `enable the gateway "${name}" in ${gatewayMap(kind)} of the ServiceMeshControlPlane, with the ports ${DEFAULT_SERVICE_PORT} and ${DEFAULT_DISCOVERY_PORT}`;
    return {
      problems: [{ condition: "ResolvedRefs", reason: "GatewayNotFound", direction: kind, path, message, remedy }],
    };
  };
  const declared = mesh.gateways.filter((gateway) => gateway.name === name);
  if (declared.length > 0 && !declared.some((gateway) => gateway.kind === kind)) {
    return notFound(`found "${name}", which is not an ${kind} gateway`);
  }
  const service = serviceOf(name);
  if (service === undefined) return notFound(`there is no Service "${peer.metadata.namespace}/${name}"`);
  const missing = [DEFAULT_SERVICE_PORT, DEFAULT_DISCOVERY_PORT].filter((port) => !hasPort(service, port));
  if (missing.length > 0) return notFound(`the Service of "${name}" lacks the port ${missing.join(" and the port ")}`);
  const identity = gatewaySpiffeId(mesh.trustDomain, peer.metadata.namespace, name);
  const isPending = kind === "ingress" && !hasAddress(service, DEFAULT_SERVICE_PORT, nodeAddress);
  return { gateway: { name, identity, service }, problems: isPending ? [addressNotAssigned(name, path)] : [] };
}

function gatewayMap(kind: "ingress" | "egress"): string {
  return `spec.gateways.${kind === "ingress" ? "additionalIngress" : "additionalEgress"}`;
}

function addressNotAssigned(gateway: string, path: string): PeerProblem {
  return {
    condition: "Programmed",
    reason: "AddressNotAssigned",
    direction: "ingress",
    path,
    message: `the Service of "${gateway}" has no address yet`,
    remedy: "wait for it to be assigned; if that does not come, the address pool may be used up",
  };
}

export function ingressGateway(
  peer: string,
  { name, identity, service }: PeerGateway,
  {
    clientId,
    trust,
    nodeAddress,
  }: { readonly clientId: SpiffeId; readonly trust: PeerTrust; readonly nodeAddress: string },
): IngressGateway {
  return {
    kind: "IngressGateway",
    peer,
    gateway: name,
    identity,
    serviceListeners: listenAddresses(service, DEFAULT_SERVICE_PORT, nodeAddress),
    discoveryListeners: listenAddresses(service, DEFAULT_DISCOVERY_PORT, nodeAddress),
    clientId,
    trust,
  };
}

export function egressGateway(peer: ServiceMeshPeer, { name, identity }: PeerGateway, trust: PeerTrust): EgressGateway {
  return {
    kind: "EgressGateway",
    peer: peer.metadata.name,
    gateway: name,
    identity,
    ...resolveRemote(peer),
    trust,
    discoveryHost: discoveryHost(peer.metadata.namespace, peer.metadata.name),
    remoteChecksum: remoteChecksum(peer.spec.remote ?? {}).toString(),
  };
}

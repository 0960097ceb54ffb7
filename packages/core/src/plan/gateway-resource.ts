/**
 * The gateway configuration of a mesh: a set of small resources, each under a key, so that a change of one service is a
 * change of one resource. The embedded engine runs them; Istio output and Envoy xDS translate them.
 */
import type { PortProtocol } from "../discovery/message.js";
import type { SpiffeId, TrustDomain } from "../naming/spiffe-id.js";

export interface SocketAddress {
  /** An IP address; for remote gateways also a DNS name. */
  readonly address: string;
  readonly port: number;
}

export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subzone: string;
}

/** An address of a local workload, from an EndpointSlice. Only ready and not terminating ones are in a plan. */
export interface WorkloadEndpoint extends SocketAddress {
  readonly locality?: Locality;
}

/** What one mesh trusts of one peer. */
export interface PeerTrust {
  readonly trustDomain: TrustDomain;
  /** PEM, one or more root certificates; from the ConfigMap that the ServiceMeshPeer names. */
  readonly rootCertificates: string;
}

/** Receives from one peer: service traffic on 15443, discovery on 8188. There is none for a peer that is not trusted. */
export interface IngressGateway {
  readonly kind: "IngressGateway";
  readonly peer: string;
  /** Name of the gateway's Service, for example `ingress-green-mesh`. */
  readonly gateway: string;
  /** What it presents. */
  readonly identity: SpiffeId;
  /** Where this host listens for it; empty while its Service has no address. */
  readonly serviceListeners: readonly SocketAddress[];
  readonly discoveryListeners: readonly SocketAddress[];
  /** The only identity that is let in, with scheme. */
  readonly clientId: SpiffeId;
  readonly trust: PeerTrust;
}

export interface ExportRoutePort {
  readonly port: number;
  readonly protocol: PortProtocol;
  readonly endpoints: readonly WorkloadEndpoint[];
}

/** How the ingress of one peer reaches one exported service. Only local endpoints, never imported ones. */
export interface ExportRoute {
  readonly kind: "ExportRoute";
  readonly peer: string;
  readonly exportedHost: string;
  /** Host of the local service, for logs and metrics: `ratings.red-mesh-info.svc.cluster.local`. */
  readonly localHost: string;
  readonly ports: readonly ExportRoutePort[];
}

/** Sends to one peer: service traffic and discovery. */
export interface EgressGateway {
  readonly kind: "EgressGateway";
  readonly peer: string;
  readonly gateway: string;
  readonly identity: SpiffeId;
  /** `spec.remote.addresses`, in that order; IP addresses or DNS names. */
  readonly addresses: readonly string[];
  readonly discoveryPort: number;
  readonly servicePort: number;
  readonly trust: PeerTrust;
  /** SNI and authority of discovery requests: `discovery.<namespace>.svc.<peer>.local`. */
  readonly discoveryHost: string;
  /** Decimal checksum of `spec.remote`, sent as the `remote` header. */
  readonly remoteChecksum: string;
}

/** A way to an imported service: through one peer's egress. */
export interface RemoteService {
  readonly peer: string;
  /** Goes into the SNI. */
  readonly exportedHost: string;
  /** Service ports of the message, by the local port number they serve. */
  readonly remotePort: number;
  /** Identities that the remote ingress may present; empty: any identity of the peer's trust domain. */
  readonly serviceAccounts: readonly SpiffeId[];
  readonly locality?: Locality;
}

export interface ImportedServicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: PortProtocol;
  /** Local workloads under the same name (importAsLocal); empty otherwise. */
  readonly endpoints: readonly WorkloadEndpoint[];
  /** By peer. Empty only for a port that the local Service has and no peer offers. */
  readonly remotes: readonly RemoteService[];
}

/** One imported service as local workloads name it. */
export interface ImportedService {
  readonly kind: "ImportedService";
  /** `ratings.info.svc.red-mesh-imports.local`, or `ratings.info.svc.cluster.local` with importAsLocal. */
  readonly localHost: string;
  /** Where raw TCP ports of this service are reached; absent when it has HTTP ports only. */
  readonly virtualAddress?: string;
  readonly ports: readonly ImportedServicePort[];
}

/** Where the mesh's workloads hand in HTTP by `Host`. One per mesh. */
export interface OutboundListener {
  readonly kind: "OutboundListener";
  readonly mesh: string;
  readonly http: readonly SocketAddress[];
}

export type GatewayResource = IngressGateway | ExportRoute | EgressGateway | ImportedService | OutboundListener;

/** `<kind>/<name>`; unique within a mesh. */
export type GatewayResourceKey = string;

/** The fields that tell a gateway resource from others. */
export type GatewayResourceIdentity =
  | Pick<IngressGateway, "kind" | "peer">
  | Pick<EgressGateway, "kind" | "peer">
  | Pick<ExportRoute, "kind" | "peer" | "exportedHost">
  | Pick<ImportedService, "kind" | "localHost">
  | Pick<OutboundListener, "kind" | "mesh">;

export function gatewayResourceKey(resource: GatewayResourceIdentity): GatewayResourceKey {
  switch (resource.kind) {
    case "IngressGateway":
    case "EgressGateway":
      return `${resource.kind}/${resource.peer}`;
    case "ExportRoute":
      return `ExportRoute/${resource.peer}/${resource.exportedHost}`;
    case "ImportedService":
      return `ImportedService/${resource.localHost}`;
    case "OutboundListener":
      return `OutboundListener/${resource.mesh}`;
  }
}

/** What to do to a running configuration. A full configuration is a change from nothing. */
export interface GatewayConfigurationChange {
  readonly upserted: readonly GatewayResource[];
  readonly removed: readonly GatewayResourceKey[];
}

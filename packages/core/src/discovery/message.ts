/**
 * The messages of the discovery protocol.
 * @see reference §4.3
 */

/** The protocol of a port, as the wire spells it. */
export type PortProtocol =
  | "HTTP"
  | "HTTPS"
  | "HTTP2"
  | "GRPC"
  | "GRPC-Web"
  | "HTTP_PROXY"
  | "TCP"
  | "TLS"
  | "UDP"
  | "Mongo"
  | "MySQL"
  | "Redis"
  | "UnsupportedProtocol";

/** Every `PortProtocol`. */
export const PORT_PROTOCOLS: readonly PortProtocol[] = [
  "HTTP",
  "HTTPS",
  "HTTP2",
  "GRPC",
  "GRPC-Web",
  "HTTP_PROXY",
  "TCP",
  "TLS",
  "UDP",
  "Mongo",
  "MySQL",
  "Redis",
  "UnsupportedProtocol",
];

export interface ServicePort {
  readonly name: string;
  /** The Service's port number, not the target port. */
  readonly port: number;
  readonly protocol: PortProtocol;
}

/** One exported service as its exporter announces it. Identity on the wire: name, namespace and hostname. */
export interface ServiceMessage {
  readonly name: string;
  readonly namespace: string;
  /** `name.namespace.svc.<exporter's name for the importer>-exports.local` */
  readonly hostname: string;
  readonly servicePorts: readonly ServicePort[];
  /** SPIFFE IDs (with scheme) of the exporter's ingress gateway; sorted, without duplicates. */
  readonly serviceAccounts: readonly string[];
}

/** The answer to `GET /v1/services/`. `services` ascends by hostname. */
export interface ServiceListMessage {
  readonly checksum: bigint;
  readonly services: readonly ServiceMessage[];
}

/** One event of `GET /v1/watch`. `checksum` is that of the full list after the event. */
export interface WatchEvent {
  readonly action: "add" | "update" | "delete";
  /** Absent only in events of releases up to 2.3.3, where it means: fetch the list again. */
  readonly service?: ServiceMessage;
  readonly checksum: bigint;
}

/** A port as a peer sent it: the protocol may be one that we do not know. */
export interface AnnouncedPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}

/**
 * A service as a peer sent it: the right types, nothing else is known. Its checksum is what the peer counts with;
 * `checkAnnouncement` turns it into a `ServiceMessage` that can be believed.
 */
export interface AnnouncedService {
  readonly name: string;
  readonly namespace: string;
  readonly hostname: string;
  readonly servicePorts: readonly AnnouncedPort[];
  readonly serviceAccounts: readonly string[];
}

/** A gateway address in the list of releases up to 2.3.3, which count it in their checksum. Not used otherwise. */
export interface NetworkGatewayEndpoint {
  readonly port: number;
  readonly hostname: string;
}

/**
 * Names of the configuration objects that the reference generates for a ServiceMeshPeer.
 *
 * They are part of the reference's visible behaviour (proxies and dumps show them) but not of the wire. The reference
 * joins service, namespace and peer with `-`, so that service `a` in `b-c` and service `a-b` in `c` get one name and one
 * overwrites the other (reference 10.17). Objects that this project creates itself are named by
 * `uniqueResourceName`, which has no such pairs; the others are for recognising and comparing the reference's objects.
 *
 * All parts are DNS names, so that a character is a byte.
 * @see reference §2.2, §2.3, §2.7
 */
import { sha256Hex } from "./sha256.js";

/** The longest name of a Gateway or a subset: a DNS label. */
const MAX_NAME_LENGTH = 63;
const HASH_DIGITS = 8;

/** Discovery ServiceEntry and discovery AuthorizationPolicy. */
export function discoveryResourceName(peer: string): string {
  return `federation-discovery-${peer}`;
}

/** Discovery egress Gateway, VirtualService, DestinationRule with its subset, HTTP route and server. */
export function discoveryEgressName(peer: string): string {
  return `${discoveryResourceName(peer)}-egress`;
}

/** Discovery ingress Gateway, VirtualService and server. */
export function discoveryIngressName(peer: string): string {
  return `${discoveryResourceName(peer)}-ingress`;
}

/** HTTP route of the service list; the double `ingress` is the reference's. */
export function discoveryServicesRouteName(peer: string): string {
  return `${discoveryIngressName(peer)}-ingress-services`;
}

/** HTTP route of the watch; the double `ingress` is the reference's. */
export function discoveryWatchRouteName(peer: string): string {
  return `${discoveryIngressName(peer)}-ingress-watch`;
}

/** The one AuthorizationPolicy of all services exported to a peer. */
export function exportsPolicyName(peer: string): string {
  return `federation-exports-${peer}`;
}

export interface ServiceOfPeer {
  readonly name: string;
  readonly namespace: string;
  readonly peer: string;
}

/** Export Gateway, VirtualService and server; takes the local service's name and namespace, not the exported ones. */
export function exportResourceName(localService: ServiceOfPeer): string {
  return resourceName("fed-exp", localService);
}

/** Import Gateway, VirtualService and server; takes the exported name and namespace, not the local ones. */
export function importResourceName(exportedService: ServiceOfPeer): string {
  return resourceName("fed-imp", exportedService);
}

function resourceName(prefix: string, { name, namespace, peer }: ServiceOfPeer): string {
  const raw = `${prefix}-${name}-${namespace}-${peer}`;
  return raw.length > MAX_NAME_LENGTH ? `${raw.slice(0, MAX_NAME_LENGTH - HASH_DIGITS)}${shortHash(raw)}` : raw;
}

/**
 * A DNS label that tells services apart which the reference's names mix up: always ends in `-` and a hash of the parts
 * kept separate. The text before the hash is for people and cut where it must be.
 * @see reference 10.17
 */
export function uniqueResourceName(prefix: string, { name, namespace, peer }: ServiceOfPeer): string {
  const readable = `${prefix}-${name}-${namespace}-${peer}`.replaceAll(".", "-");
  // `/` cannot occur in a DNS name
  const hash = shortHash(`${prefix}/${name}/${namespace}/${peer}`);
  return `${readable.slice(0, MAX_NAME_LENGTH - HASH_DIGITS - 1)}-${hash}`;
}

function shortHash(text: string): string {
  return sha256Hex(text).slice(0, HASH_DIGITS);
}

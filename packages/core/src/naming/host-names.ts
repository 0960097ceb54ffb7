/**
 * The host names that federation forms. `peer` is always the ServiceMeshPeer's name in the mesh that forms the name.
 * @see reference §2.1
 */
import { isDnsLabel } from "./dns-name.js";

/** A Kubernetes cluster's DNS domain, unless `spec.proxy.networking.clusterDomain` says otherwise. */
export const DEFAULT_CLUSTER_DOMAIN = "cluster.local";

/** The host under which the exporter announces a service: `ratings.bookinfo.svc.green-mesh-exports.local`. */
export function exportedHost(exportedName: string, exportedNamespace: string, peer: string): string {
  return `${exportedName}.${exportedNamespace}.svc.${peer}-exports.local`;
}

export interface ExportedHost {
  readonly name: string;
  readonly namespace: string;
  /** What the exporter calls the importer; says nothing about who the exporter is. */
  readonly peerLabel: string;
}

const EXPORTED_HOST = /^([^.]+)\.([^.]+)\.svc\.([^.]+)-exports\.local$/;

/** The parts of an exported host, or undefined when the text is not one; every part is a DNS label. */
export function parseExportedHost(host: string): ExportedHost | undefined {
  const [, name, namespace, peerLabel] = EXPORTED_HOST.exec(host) ?? [];
  if (name === undefined || namespace === undefined || peerLabel === undefined) return undefined;
  return [name, namespace, peerLabel].every(isDnsLabel) ? { name, namespace, peerLabel } : undefined;
}

/** What follows name and namespace of an imported service when no domain suffix is set: `svc.red-mesh-imports.local`. */
export function defaultImportDomainSuffix(peer: string): string {
  return `svc.${peer}-imports.local`;
}

/** What follows name and namespace of the mesh's own Services, also with importAsLocal: `svc.cluster.local`. */
export function localDomainSuffix(clusterDomain: string): string {
  return `svc.${clusterDomain}`;
}

/** The host under which local workloads reach an imported service: `ratings.bookinfo.svc.red-mesh-imports.local`. */
export function importedHost(localName: string, localNamespace: string, domainSuffix: string): string {
  return `${localName}.${localNamespace}.${domainSuffix}`;
}

/** The host of one of the mesh's own Services, gateways included: `ratings.info.svc.cluster.local`. */
export function serviceHost(name: string, namespace: string, clusterDomain: string): string {
  return `${name}.${namespace}.${localDomainSuffix(clusterDomain)}`;
}

/** True for hosts directly under `svc.<clusterDomain>`: those belong to the namespace that they name. */
export function isLocalHost(host: string, clusterDomain: string): boolean {
  return host.endsWith(`.${localDomainSuffix(clusterDomain)}`);
}

/** Authority and SNI of discovery requests to a peer: `discovery.green-mesh-system.svc.red-mesh.local`. */
export function discoveryHost(controlPlaneNamespace: string, peer: string): string {
  return `discovery.${controlPlaneNamespace}.svc.${peer}.local`;
}

/**
 * The host of the istiod that answers discovery behind the ingress, from the mesh's `discoveryAddress`:
 * `istiod-red-mesh.red-mesh-system.svc:15012` becomes `istiod-red-mesh.red-mesh-system.svc.cluster.local`.
 * An address without `.svc` (an istiod outside the cluster) only loses its port.
 */
export function istiodHost(discoveryAddress: string, clusterDomain: string): string {
  const host = discoveryAddress.split(":", 1)[0] ?? "";
  const service = host.lastIndexOf(".svc");
  return service === -1 ? host : `${host.slice(0, service)}.${localDomainSuffix(clusterDomain)}`;
}

/**
 * What imported services are called where they are shown: in Istio's service registry, metrics and endpoint labels.
 * @see reference §2.1, §2.5, §2.6
 */
import { isLocalHost } from "./host-names.js";

/** Registry name of the hidden service that stands for what the peer exports: `ratings.bookinfo.red-mesh.remote`. */
export function remoteServiceName(exportedName: string, exportedNamespace: string, peer: string): string {
  return `${exportedName}.${exportedNamespace}.${peer}.remote`;
}

/** Registry name of the service that local workloads call: `ratings.info.red-mesh.local`. */
export function importedServiceName(localName: string, localNamespace: string, peer: string): string {
  return `${localName}.${localNamespace}.${peer}.local`;
}

/** The namespace that an imported service belongs to: its own under the cluster's domain, else the control plane's. */
export function importedServiceNamespace(
  host: string,
  localNamespace: string,
  mesh: { readonly controlPlaneNamespace: string; readonly clusterDomain: string },
): string {
  return isLocalHost(host, mesh.clusterDomain) ? localNamespace : mesh.controlPlaneNamespace;
}

/** Name of the workload behind the gateway address at position `index`, from 0: `ratings.info.red-mesh.local-0`. */
export function importedWorkloadName(serviceName: string, index: number): string {
  return `${serviceName}-${index}`;
}

/** Network of a peer's endpoints, and what `requestedNetworkView` has to contain: `network-red-mesh`. */
export function remoteNetwork(peer: string): string {
  return `network-${peer}`;
}

/** Network of the mesh's own endpoints, as an istiod names it that was not told otherwise. */
export const DEFAULT_LOCAL_NETWORK = "Kubernetes";

const CLUSTER_LABEL = "topology.istio.io/cluster";
const NETWORK_LABEL = "topology.istio.io/network";
const CANONICAL_NAME_LABEL = "service.istio.io/canonical-name";
const CANONICAL_REVISION_LABEL = "service.istio.io/canonical-revision";
const SUBZONE_LABEL = "topology.istio.io/subzone";
const ZONE_LABEL = "topology.kubernetes.io/zone";
const REGION_LABEL = "topology.kubernetes.io/region";

export interface ImportedServiceIdentity {
  readonly peer: string;
  /** `remoteNetwork(peer)` for hidden services, the mesh's own for local ones. */
  readonly network: string;
  /** From `remoteServiceName` or `importedServiceName`. */
  readonly serviceName: string;
}

/** Parts that are not set are `""`. */
interface EndpointLocality {
  readonly region: string;
  readonly zone: string;
  readonly subzone: string;
}

/** Labels of an imported service. */
export function importedServiceLabels(service: ImportedServiceIdentity): Record<string, string> {
  return {
    [CLUSTER_LABEL]: service.peer,
    [NETWORK_LABEL]: service.network,
    [CANONICAL_NAME_LABEL]: service.serviceName,
  };
}

/** Labels of an imported service's endpoints; with a locality all three of its labels, empty ones included. */
export function importedEndpointLabels(
  service: ImportedServiceIdentity,
  locality?: EndpointLocality,
): Record<string, string> {
  const labels = { ...importedServiceLabels(service), [CANONICAL_REVISION_LABEL]: service.peer };
  if (locality === undefined) return labels;
  return {
    ...labels,
    [SUBZONE_LABEL]: locality.subzone,
    [ZONE_LABEL]: locality.zone,
    [REGION_LABEL]: locality.region,
  };
}

/** `region/zone/subzone`; parts that are not set stay empty: `us-west//`. */
export function formatLocality(locality: EndpointLocality): string {
  return `${locality.region}/${locality.zone}/${locality.subzone}`;
}

/** True for labels that `importedServiceLabels` made: the object stands for a service that lives in another mesh. */
export function isImportedService(labels: Readonly<Record<string, string>>): boolean {
  const peer = labels[CLUSTER_LABEL];
  const serviceName = labels[CANONICAL_NAME_LABEL];
  if (peer === undefined || peer === "" || serviceName === undefined) return false;
  return serviceName.endsWith(`.${peer}.local`) || serviceName.endsWith(`.${peer}.remote`);
}

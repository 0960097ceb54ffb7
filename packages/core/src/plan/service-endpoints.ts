/** A Service's ports and the workloads behind them, as the plan carries them. */

import type { PortProtocol } from "../discovery/message.js";
import { type Endpoint, type EndpointSlice, readyEndpoints } from "../resources/endpoint-slice.js";
import { type KubernetesServicePort, portProtocol, type Service } from "../resources/service.js";
import { compareText } from "./compare-text.js";
import type { Locality, WorkloadEndpoint } from "./gateway-resource.js";

export interface ServicePortEndpoints {
  /** `""` for an unnamed port. */
  readonly name: string;
  readonly port: number;
  readonly protocol: PortProtocol;
  /** By address, then by port; each once. */
  readonly endpoints: readonly WorkloadEndpoint[];
}

/** The TCP ports, in the Service's order: gateways carry nothing else. */
export function portsWithEndpoints(
  service: Service,
  slices: readonly EndpointSlice[],
): readonly ServicePortEndpoints[] {
  return tcpPorts(service).map((port) => ({
    name: port.name ?? "",
    port: port.port,
    protocol: portProtocol(port),
    endpoints: workloadEndpoints(slices, port.name ?? ""),
  }));
}

function tcpPorts(service: Service): readonly KubernetesServicePort[] {
  return (service.spec.ports ?? []).filter(({ protocol }) => protocol === "TCP");
}

/** An address may be in two slices while Kubernetes moves it. */
function workloadEndpoints(slices: readonly EndpointSlice[], portName: string): readonly WorkloadEndpoint[] {
  const found = new Map<string, WorkloadEndpoint>();
  for (const slice of slices) {
    for (const { address, port, endpoint } of readyEndpoints(slice, portName)) {
      const locality = localityOf(endpoint, slice);
      const key = `${address} ${port}`;
      if (!found.has(key)) found.set(key, { address, port, ...(locality && { locality }) });
    }
  }
  return [...found.values()].sort((a, b) => compareText(a.address, b.address) || a.port - b.port);
}

const REGION = "topology.kubernetes.io/region";
const ZONE = "topology.kubernetes.io/zone";
const SUBZONE = "topology.istio.io/subzone";

/**
 * Where an endpoint is: what the endpoint itself says, otherwise the labels of its slice. (An EndpointSlice has a field for
 * the zone alone; region and subzone are Istio's labels of a node.) Undefined when nothing is said.
 */
function localityOf(endpoint: Endpoint, slice: EndpointSlice): Locality | undefined {
  const topology = { ...slice.metadata.labels, ...endpoint.deprecatedTopology };
  const region = topology[REGION] ?? "";
  const zone = endpoint.zone ?? topology[ZONE] ?? "";
  const subzone = topology[SUBZONE] ?? "";
  return region === "" && zone === "" && subzone === "" ? undefined : { region, zone, subzone };
}

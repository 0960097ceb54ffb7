/**
 * `status` of the ServiceMeshControlPlane: which of its parts are ready.
 * @see reference §1.4: READY shows `status.annotations.readyComponentCount`, STATUS the reason of the condition `Ready`
 */
import type { Service } from "../resources/service.js";
import type { ServiceMeshControlPlane } from "../resources/service-mesh-control-plane.js";
import { DEFAULT_SERVICE_PORT } from "../resources/service-mesh-peer.js";
import { type ConditionState, toConditions } from "./conditions.js";
import { componentOf, type LocatedProblem } from "./gateway-problem.js";
import { hasAddress } from "./gateway-service.js";
import { OUTBOUND_PORT, OUTBOUND_SERVICE } from "./installation.js";
import type { Mesh } from "./mesh.js";
import type { ServiceMeshControlPlaneStatus } from "./planned-status.js";

/** `unready`: it does not run and will not unless the user does something. */
type ComponentState = "ready" | "pending" | "unready";

/** What plans the mesh; ready wherever there is a plan. */
const CONTROL_PLANE_COMPONENT = "istio-discovery";

/** Reasons of `Ready`. */
export type ReadyReason =
  /** True. */
  | "ComponentsReady"
  /** False: the message names the components. */
  | "ComponentsNotReady"
  /** False: an older control plane rules the namespace. */
  | "MultipleControlPlanes";

export interface ComponentEnvironment {
  readonly serviceOf: (namespace: string, name: string) => Service | undefined;
  readonly nodeAddress: string;
  /** Whether there is an outbound Service. */
  readonly outbound: boolean;
  /** What the data plane says does not run. */
  readonly gatewayProblems: readonly LocatedProblem[];
}

/** `mesh` is undefined when the control plane is not in charge. */
export function controlPlaneStatus(
  controlPlane: ServiceMeshControlPlane,
  mesh: Mesh | undefined,
  environment: ComponentEnvironment,
  now: number,
): ServiceMeshControlPlaneStatus {
  const components = mesh === undefined ? new Map<string, ComponentState>() : componentStates(mesh, environment);
  const named = (state: ComponentState) =>
    [...components].flatMap(([name, found]) => (found === state ? [name] : [])).sort();
  const { generation } = controlPlane.metadata;
  const readiness = { components: { pending: named("pending"), ready: named("ready"), unready: named("unready") } };
  const condition = mesh === undefined ? NOT_IN_CHARGE : readyState(readiness.components, environment);
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    annotations: { readyComponentCount: `${readiness.components.ready.length}/${components.size}` },
    conditions: toConditions([condition], { previous: controlPlane.status?.conditions, generation, now }),
    readiness,
  };
}

function componentStates(mesh: Mesh, environment: ComponentEnvironment): ReadonlyMap<string, ComponentState> {
  const { serviceOf, nodeAddress, outbound } = environment;
  const { namespace } = mesh.controlPlane.metadata;
  const states = new Map<string, ComponentState>([[CONTROL_PLANE_COMPONENT, "ready"]]);
  for (const name of mesh.invalidGateways) states.set(name, "unready");
  for (const { kind, name, namespace: ofGateway } of mesh.gateways) {
    const service = serviceOf(ofGateway, name);
    const isReady =
      service !== undefined && (kind === "egress" || hasAddress(service, DEFAULT_SERVICE_PORT, nodeAddress));
    states.set(name, isReady ? "ready" : "pending");
  }
  if (outbound) {
    const service = serviceOf(namespace, OUTBOUND_SERVICE);
    const isReady = service !== undefined && hasAddress(service, OUTBOUND_PORT, nodeAddress);
    states.set(OUTBOUND_SERVICE, isReady ? "ready" : "pending");
  }
  for (const { resource } of environment.gatewayProblems) states.set(componentOf(resource), "unready");
  return states;
}

const NOT_IN_CHARGE: ConditionState = {
  type: "Ready",
  status: "False",
  reason: "MultipleControlPlanes" satisfies ReadyReason,
  message: "an older ServiceMeshControlPlane is in charge of this namespace",
};

function readyState(
  { pending, unready }: ServiceMeshControlPlaneStatus["readiness"]["components"],
  { gatewayProblems }: ComponentEnvironment,
): ConditionState {
  const missing = [...pending, ...unready];
  const state = (status: "True" | "False", reason: ReadyReason, message: string): ConditionState => ({
    type: "Ready",
    status,
    reason,
    message,
  });
  if (missing.length === 0) return state("True", "ComponentsReady", "all components are ready");
  const why = new Set(gatewayProblems.map(({ problem }) => problem.message));
  return state(
    "False",
    "ComponentsNotReady",
    [`components that are not ready: ${missing.join(", ")}`, ...why].join("; "),
  );
}

import {
  createMeshPlanner,
  type ExportRoute,
  type GatewayResource,
  type ImportedService,
  type IngressGateway,
  type KubernetesObject,
  type MeshPlan,
  type MeshPlanChange,
  type MeshPlannerOptions,
  objectReference,
  type ServiceMessage,
  type SnapshotChange,
} from "../../src/index.js";
import {
  CONTROL_PLANE,
  controlPlane,
  gatewayService,
  gateways,
  memberRoll,
  peer,
  rootConfigMap,
} from "./cluster-objects.js";

/** A planner whose changes are written the short way. */
export class PlanRun {
  readonly #planner: ReturnType<typeof createMeshPlanner>;
  now = Date.UTC(2026, 0, 1);

  constructor(objects: readonly KubernetesObject[], options: MeshPlannerOptions = {}) {
    this.#planner = createMeshPlanner({ controlPlane: CONTROL_PLANE }, options);
    this.put(...objects);
  }

  get plan(): MeshPlan {
    return this.#planner.plan;
  }

  update(...changes: readonly SnapshotChange[]): MeshPlanChange {
    return this.#planner.update(changes, this.now);
  }

  put(...objects: readonly KubernetesObject[]): MeshPlanChange {
    return this.update(...objects.map((object) => ({ type: "upsert", object }) as const));
  }

  remove(...objects: readonly KubernetesObject[]): MeshPlanChange {
    return this.update(...objects.map((object) => ({ type: "delete", reference: objectReference(object) }) as const));
  }

  /** The peer's whole offer. */
  offer(from: string, ...services: readonly ServiceMessage[]): MeshPlanChange {
    const offered = new Map(services.map((service) => [service.hostname, service]));
    const observation = { peer: from, services: offered, rejected: new Map(), discoveryStatus: {} };
    return this.update({ type: "peerSync", observation });
  }

  status(object: KubernetesObject): object | undefined {
    return this.plan.status(objectReference(object));
  }

  keys(): readonly string[] {
    return [...this.plan.gatewayResources.keys()].sort();
  }

  ingress(name: string): IngressGateway | undefined {
    return this.#resource("IngressGateway", name);
  }

  route(to: string, host: string): ExportRoute | undefined {
    return this.#resource("ExportRoute", `${to}/${host}`);
  }

  imported(localHost: string): ImportedService | undefined {
    return this.#resource("ImportedService", localHost);
  }

  /** Hosts that are exported to a peer. */
  exported(to: string): readonly string[] {
    return [...(this.plan.exports.get(to)?.keys() ?? [])].sort();
  }

  /** Exported hosts of a peer, each with the local host that it has here, or "" . */
  offered(from: string): Readonly<Record<string, string>> {
    const services = [...(this.plan.imports.get(from)?.services ?? [])];
    return Object.fromEntries(
      services.map(([host, { imported }]) => [host, imported?.localService.hostname ?? ""] as const),
    );
  }

  /** The conditions' reasons by type. */
  conditions(object: KubernetesObject): Readonly<Record<string, string>> {
    const { conditions } = (this.status(object) ?? {}) as { readonly conditions?: readonly ConditionLike[] };
    return Object.fromEntries((conditions ?? []).map(({ type, status, reason }) => [type, `${status}/${reason}`]));
  }

  /** `Kind/name path reason`, in order. */
  diagnostics(): readonly string[] {
    return this.plan.diagnostics.map(({ object, path, reason }) => `${object.kind}/${object.name} ${path} ${reason}`);
  }

  #resource<K extends GatewayResource["kind"]>(
    kind: K,
    name: string,
  ): Extract<GatewayResource, { readonly kind: K }> | undefined {
    const resource = this.plan.gatewayResources.get(`${kind}/${name}`);
    return resource?.kind === kind ? (resource as Extract<GatewayResource, { readonly kind: K }>) : undefined;
  }
}

interface ConditionLike {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

/** red's control plane with peers that nothing is wrong with, and the member namespaces `shop` and `data`. */
export function meshWithPeers(...names: readonly string[]): readonly KubernetesObject[] {
  return [
    controlPlane({ gateways: gateways(...names) }),
    memberRoll({ members: ["shop", "data"] }),
    ...names.flatMap((name, index) => [
      peer(name),
      rootConfigMap(name),
      gatewayService(`ingress-${name}`, `127.80.0.${2 * index + 1}`),
      gatewayService(`egress-${name}`, `127.80.0.${2 * index + 2}`),
    ]),
  ];
}

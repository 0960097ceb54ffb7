/**
 * Gives gateway Services their addresses, as a cloud's load balancer would: `.status.loadBalancer.ingress` of a
 * `LoadBalancer`, `.spec.clusterIP` of a `ClusterIP`. Only Services that a control plane owns; a workload's address is
 * whatever its EndpointSlice names.
 *
 * An address once given stays (it is in the store), so a peer's `spec.remote.addresses` stays true over a restart.
 * `spec.loadBalancerIP` is honoured, as Kubernetes does. A new address is probed first: two servers on one host may
 * have the same pool.
 */
import { createServer } from "node:net";
import { FederationError, isKind, isManaged, type Service, serviceType } from "@meshfed/core";
import type { Logger } from "pino";
import type { ObjectChange } from "../../controller/informer.js";
import { createSerialQueue } from "../../controller/workqueue.js";
import type { ResourceStore } from "../../store/resource-store.js";
import { type AddressPool, allocateAddress } from "./address-pool.js";

export interface LoadBalancerOptions {
  readonly store: ResourceStore;
  readonly pool: AddressPool;
  readonly logger: Logger;
}

export interface LoadBalancer {
  /** Feeds a change of a Service. */
  onChange(change: ObjectChange): void;
  /** Settles when every Service seen so far has been dealt with. */
  idle(): Promise<void>;
}

export function createLoadBalancer(options: LoadBalancerOptions): LoadBalancer {
  const { store, pool, logger } = options;
  const queue = createSerialQueue();
  /** Address -> the Service that has it, as `namespace/name`. */
  const given = new Map<string, string>();

  function remember(service: Service): void {
    const owner = serviceKey(service);
    forget(owner);
    for (const address of addressesOf(service)) given.set(address, owner);
  }

  function forget(owner: string): void {
    for (const [address, holder] of given) if (holder === owner) given.delete(address);
  }

  async function assign(service: Service): Promise<void> {
    const address = await chooseAddress(service);
    const current = await store.get(serviceType, service.metadata);
    if (current === undefined || !isKind(current, "Service") || !needsAddress(current)) return;
    given.set(address, serviceKey(service));
    await writeAddress(store, current, address);
    logger.info({ service: serviceKey(service), address }, "gave a gateway Service its address");
  }

  async function chooseAddress(service: Service): Promise<string> {
    const wanted = service.spec.loadBalancerIP;
    if (wanted !== undefined && wanted !== "") {
      const holder = given.get(wanted);
      if (holder === undefined || holder === serviceKey(service)) return wanted;
      throw new FederationError(
        "FAILED_PRECONDITION",
        `Service "${serviceKey(service)}" wants loadBalancerIP ${wanted}, which "${holder}" has: give each its own`,
      );
    }
    const ports = (service.spec.ports ?? []).map((port) => port.port);
    const address = await allocateAddress(pool, (candidate) => !given.has(candidate) && canListen(candidate, ports));
    if (address !== undefined) return address;
    throw new FederationError(
      "FAILED_PRECONDITION",
      `no address of the pool ${pool.cidr} is free for Service "${serviceKey(service)}": give --load-balancer-pool a ` +
        "larger range that this host can listen on (on hosts that have 127.0.0.1 alone use gateways of type NodePort)",
    );
  }

  return {
    onChange(change) {
      if (change.type === "delete") {
        if (change.reference.kind === "Service") forget(`${change.reference.namespace}/${change.reference.name}`);
        return;
      }
      const service = change.object;
      if (!isKind(service, "Service") || !isManaged(service)) return;
      remember(service);
      if (!needsAddress(service)) return;
      queue
        .run(() => assign(service))
        .catch((error: unknown) =>
          logger.error({ err: error, service: serviceKey(service) }, "no address for a Service"),
        );
    },
    idle: () => queue.idle(),
  };
}

function needsAddress(service: Service): boolean {
  const { type } = service.spec;
  return (type === "LoadBalancer" || type === "ClusterIP") && addressesOf(service).length === 0;
}

function addressesOf({ spec, status }: Service): readonly string[] {
  if (spec.type === "LoadBalancer") return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
  return spec.clusterIP ? [spec.clusterIP] : [];
}

async function writeAddress(store: ResourceStore, service: Service, address: string): Promise<void> {
  if (service.spec.type === "LoadBalancer") {
    const status = { ...service.status, loadBalancer: { ingress: [{ ip: address }] } };
    await store.update(Object.assign({}, service, { status }), { subresource: "status" });
  } else {
    await store.update(Object.assign({}, service, { spec: { ...service.spec, clusterIP: address } }));
  }
}

/** Whether every port can be listened on right now. */
async function canListen(address: string, ports: readonly number[]): Promise<boolean> {
  for (const port of ports) {
    if (!(await canListenOn(address, port))) return false;
  }
  return true;
}

function canListenOn(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ host: address, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

function serviceKey(service: Service): string {
  return `${service.metadata.namespace}/${service.metadata.name}`;
}

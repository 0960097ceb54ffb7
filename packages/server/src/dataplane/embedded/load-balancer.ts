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
import {
  type Clock,
  FederationError,
  isKind,
  isManaged,
  type ObjectReference,
  type Service,
  serviceType,
} from "@meshfed/core";
import type { Logger } from "pino";
import type { ObjectChange } from "../../controller/informer.js";
import { createRetryQueue } from "../../controller/retry-queue.js";
import { createSerialQueue } from "../../controller/workqueue.js";
import type { ResourceStore } from "../../store/resource-store.js";
import { type AddressPool, allocateAddress, type Candidate } from "./address-pool.js";

export interface LoadBalancerOptions {
  readonly store: ResourceStore;
  readonly pool: AddressPool;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface LoadBalancer {
  /** Feeds a change of a Service. */
  onChange(change: ObjectChange): void;
  /** Settles when every Service seen so far has been dealt with; those for which there is no address wait for one. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

type ServiceName = Pick<ObjectReference, "namespace" | "name">;

export function createLoadBalancer(options: LoadBalancerOptions): LoadBalancer {
  const { store, pool, clock, logger } = options;
  /** Address -> the Service that has it, as `namespace/name`. */
  const given = new Map<string, string>();
  /** Services that want an address, as `namespace/name`. */
  const waiting = new Map<string, ServiceName>();
  const reported = new Map<string, string>();
  const oneByOne = createSerialQueue();
  const queue = createRetryQueue<ServiceName>({
    clock,
    keyOf: serviceKey,
    delayMs: 0,
    work: (service) => oneByOne.run(() => assign(service)),
    onFailure: (service, error) => {
      if (reported.get(serviceKey(service)) === String(error)) return;
      reported.set(serviceKey(service), String(error));
      logger.error({ err: error, service: serviceKey(service) }, "no address for a Service");
    },
  });

  async function assign(name: ServiceName): Promise<void> {
    const service = await store.get(serviceType, name);
    if (service === undefined || !isKind(service, "Service") || !needsAddress(service)) return;
    const address = await chooseAddress(service);
    await writeAddress(store, service, address);
    given.set(address, serviceKey(name));
    reported.delete(serviceKey(name));
    logger.info({ service: serviceKey(name), address }, "gave a gateway Service its address");
  }

  async function chooseAddress({ spec, metadata }: Service): Promise<string> {
    const wanted = wantedAddress(spec);
    if (wanted !== undefined) {
      const holder = given.get(wanted);
      if (holder === undefined || holder === serviceKey(metadata)) return wanted;
      throw new FederationError(
        "FAILED_PRECONDITION",
        `Service "${serviceKey(metadata)}" wants loadBalancerIP ${wanted}, which "${holder}" has: give each its own`,
      );
    }
    const ports = (spec.ports ?? []).map((port) => port.port);
    const found = await allocateAddress(pool, (candidate) =>
      given.has(candidate) ? "taken" : probeAddress(candidate, ports),
    );
    if (found.address !== undefined) return found.address;
    throw new FederationError(
      "FAILED_PRECONDITION",
      found.isForeign
        ? `this host does not have the addresses of the pool ${pool.cidr} (only Linux has all of 127.0.0.0/8): use ` +
            "gateways of type NodePort, or give --load-balancer-pool a range of addresses that the host has"
        : `no address of the pool ${pool.cidr} is free for Service "${serviceKey(metadata)}": give ` +
            "--load-balancer-pool a larger range",
    );
  }

  function remember(service: Service): void {
    const owner = serviceKey(service.metadata);
    const addresses = addressesOf(service);
    release(owner, addresses);
    for (const address of addresses) given.set(address, owner);
  }

  /** What becomes free is for those that wait. */
  function release(owner: string, kept: readonly string[]): void {
    waiting.delete(owner);
    const freed = [...given].filter(([address, holder]) => holder === owner && !kept.includes(address));
    for (const [address] of freed) given.delete(address);
    if (freed.length > 0) for (const service of waiting.values()) queue.add(service);
  }

  return {
    onChange(change) {
      if (change.type === "delete") {
        if (change.reference.kind !== "Service") return;
        release(serviceKey(change.reference), []);
        reported.delete(serviceKey(change.reference));
        return;
      }
      const service = change.object;
      if (!isKind(service, "Service") || !isManaged(service)) return;
      remember(service);
      if (!needsAddress(service)) return;
      const { namespace, name } = service.metadata;
      waiting.set(serviceKey(service.metadata), { name, ...(namespace !== undefined && { namespace }) });
      queue.add(service.metadata);
    },
    idle: queue.flush,
    close: queue.close,
  };
}

function needsAddress(service: Service): boolean {
  const { type } = service.spec;
  if (type !== "LoadBalancer" && type !== "ClusterIP") return false;
  const addresses = addressesOf(service);
  const wanted = wantedAddress(service.spec);
  return addresses.length === 0 || (wanted !== undefined && !addresses.includes(wanted));
}

/** `spec.loadBalancerIP`, where it applies. */
function wantedAddress({ type, loadBalancerIP }: Service["spec"]): string | undefined {
  return type === "LoadBalancer" && loadBalancerIP ? loadBalancerIP : undefined;
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
async function probeAddress(address: string, ports: readonly number[]): Promise<Candidate> {
  for (const port of ports) {
    const candidate = await probePort(address, port);
    if (candidate !== "free") return candidate;
  }
  return "free";
}

function probePort(address: string, port: number): Promise<Candidate> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code === "EADDRNOTAVAIL" ? "foreign" : "taken"),
    );
    probe.listen({ host: address, port, exclusive: true }, () => probe.close(() => resolve("free")));
  });
}

function serviceKey({ namespace, name }: ServiceName): string {
  return `${namespace}/${name}`;
}

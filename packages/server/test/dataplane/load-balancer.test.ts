import { createServer } from "node:net";
import {
  isKind,
  type KubernetesObject,
  objectReference,
  ownerLabels,
  parseObject,
  type Service,
  serviceType,
} from "@meshfed/core";
import { createLogger, type ResourceStore } from "@meshfed/server";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { parseAddressPool } from "../../src/dataplane/embedded/address-pool.js";
import { createLoadBalancer, type LoadBalancer } from "../../src/dataplane/embedded/load-balancer.js";
import { namespace, StoreRig } from "../store/store-rig.js";

let rig: StoreRig;
let store: ResourceStore;

beforeEach(async () => {
  rig = new StoreRig();
  store = rig.open();
  await store.create(namespace("red-mesh-system"));
});

function loadBalancer(cidr: string): LoadBalancer {
  const pool = parseAddressPool(cidr);
  if (!pool.ok) throw new Error(`${cidr} is a pool`);
  return createLoadBalancer({ store, pool: pool.value, clock: rig.clock, logger: createLogger({ level: "silent" }) });
}

/** A gateway's Service as the plan wants it, in the store. */
async function gateway(name: string, spec: object = {}, labels: Record<string, string> = managed()): Promise<Service> {
  const object = parseObject({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "red-mesh-system", labels },
    spec: { type: "LoadBalancer", ports: [{ name: "tls", port: 15443 }], ...spec },
  });
  if (!object.ok) throw new Error(JSON.stringify(object.violations));
  return asService(await store.create(object.value));
}

const managed = () => ownerLabels({ namespace: "red-mesh-system", name: "red-mesh" });

function asService(object: KubernetesObject | undefined): Service {
  if (object === undefined || !isKind(object, "Service")) throw new Error("a Service");
  return object;
}

async function addressOf(name: string): Promise<string | undefined> {
  const { spec, status } = asService(await store.get(serviceType, { namespace: "red-mesh-system", name }));
  return spec.type === "LoadBalancer" ? status?.loadBalancer?.ingress?.[0]?.ip : spec.clusterIP;
}

async function see(balancer: LoadBalancer, ...services: readonly Service[]): Promise<void> {
  for (const object of services) balancer.onChange({ type: "upsert", object });
  await balancer.idle();
}

describe("addresses of gateway Services", () => {
  it("are the pool's, one each, for LoadBalancer and ClusterIP alike", async () => {
    const balancer = loadBalancer("127.94.0.0/24");
    await see(balancer, await gateway("ingress"), await gateway("egress", { type: "ClusterIP" }));
    expect([await addressOf("ingress"), await addressOf("egress")]).toEqual(["127.94.0.1", "127.94.0.2"]);
  });

  it("stay over a restart, whatever is seen first", async () => {
    const first = await gateway("first");
    await see(loadBalancer("127.94.1.0/24"), first);
    const balancer = loadBalancer("127.94.1.0/24");
    const second = await gateway("second");
    const known = asService(await store.get(serviceType, objectReference(first)));
    await see(balancer, second, known);
    expect([await addressOf("first"), await addressOf("second")]).toEqual(["127.94.1.1", "127.94.1.2"]);
  });

  it("are free again when their Service goes", async () => {
    const balancer = loadBalancer("127.94.2.0/31");
    const first = await gateway("first");
    await see(balancer, first);
    await store.delete(serviceType, objectReference(first));
    balancer.onChange({ type: "delete", reference: objectReference(first) });
    await see(balancer, await gateway("second"));
    expect(await addressOf("second")).toBe("127.94.2.1");
  });

  it("are what spec.loadBalancerIP says, unless another Service has it", async () => {
    const balancer = loadBalancer("127.94.3.0/24");
    const wanted = { loadBalancerIP: "127.94.200.7" };
    await see(balancer, await gateway("first", wanted), await gateway("second", wanted));
    expect([await addressOf("first"), await addressOf("second")]).toEqual(["127.94.200.7", undefined]);
  });

  it("are not those where another program listens on one of the ports", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(15443, "127.94.4.1", resolve));
    onTestFinished(() => new Promise((resolve) => other.close(() => resolve())));
    await see(loadBalancer("127.94.4.0/24"), await gateway("ingress"));
    expect(await addressOf("ingress")).toBe("127.94.4.2");
  });

  it("are given to nobody's Services but a control plane's, and not to a NodePort", async () => {
    const balancer = loadBalancer("127.94.5.0/24");
    await see(balancer, await gateway("users", {}, {}), await gateway("node", { type: "NodePort" }));
    expect([await addressOf("users"), await addressOf("node")]).toEqual([undefined, undefined]);
  });

  it("go to a Service that waits for one as soon as another gives its own up", async () => {
    const balancer = loadBalancer("127.94.7.0/31");
    const first = await gateway("first");
    await see(balancer, first, await gateway("second"));
    await store.delete(serviceType, objectReference(first));
    balancer.onChange({ type: "delete", reference: objectReference(first) });
    await balancer.idle();
    expect(await addressOf("second")).toBe("127.94.7.1");
  });

  it("go to a Service that waits for one when another program frees it", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(15443, "127.94.8.1", resolve));
    const balancer = loadBalancer("127.94.8.0/31");
    await see(balancer, await gateway("ingress"));
    expect(await addressOf("ingress")).toBeUndefined();
    await new Promise<void>((resolve) => other.close(() => resolve()));
    await vi.waitFor(async () => {
      rig.clock.advance(1000);
      expect(await addressOf("ingress")).toBe("127.94.8.1");
    });
  });

  it("change when spec.loadBalancerIP does", async () => {
    const balancer = loadBalancer("127.94.9.0/24");
    await see(balancer, await gateway("ingress"));
    const current = asService(await store.get(serviceType, { namespace: "red-mesh-system", name: "ingress" }));
    const spec = { ...current.spec, loadBalancerIP: "127.94.9.77" };
    await see(balancer, asService(await store.update(Object.assign({}, current, { spec }))));
    expect(await addressOf("ingress")).toBe("127.94.9.77");
  });

  it("that the host does not have are said to be that, once and with the remedy", async () => {
    const lines: string[] = [];
    const pool = parseAddressPool("203.0.113.0/24");
    if (!pool.ok) throw new Error("a pool");
    const logger = createLogger({ level: "error", destination: { write: (line: string) => void lines.push(line) } });
    const balancer = createLoadBalancer({ store, pool: pool.value, clock: rig.clock, logger });
    await see(balancer, await gateway("ingress"));
    rig.clock.advance(1000);
    await balancer.idle();
    await see(balancer, asService(await store.get(serviceType, { namespace: "red-mesh-system", name: "ingress" })));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/host does not have the addresses of the pool 203\.0\.113\.0\/24 .* type NodePort/);
  });

  it("run out without disturbing those that are given", async () => {
    const balancer = loadBalancer("127.94.6.0/31");
    await see(balancer, await gateway("first"), await gateway("second"));
    expect([await addressOf("first"), await addressOf("second")]).toEqual(["127.94.6.1", undefined]);
  });
});

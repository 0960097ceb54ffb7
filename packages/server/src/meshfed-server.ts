/** Wires the server together: store, API, controllers, load balancer and the embedded data plane of each mesh. */
import { createHash } from "node:crypto";
import { accessSync, constants, mkdirSync, realpathSync } from "node:fs";
import {
  clusterDomainOf,
  FederationError,
  type KubernetesObject,
  namespaceType,
  RESOURCE_TYPES,
  type ServiceMeshControlPlane,
} from "@meshfed/core";
import { systemClock } from "@meshfed/core/gateway";
import type { Logger } from "pino";
import { createApiServer } from "./api/api-server.js";
import { createClusterController, type MeshSurroundings } from "./controller/cluster-controller.js";
import { createMeshController, type MeshController } from "./controller/mesh-controller.js";
import { podName } from "./controller/pod-name.js";
import { type AddressPool, parseAddressPool } from "./dataplane/embedded/address-pool.js";
import { createEmbeddedDataPlane } from "./dataplane/embedded/embedded-data-plane.js";
import { createLoadBalancer } from "./dataplane/embedded/load-balancer.js";
import { ensureVirtualAddressPool } from "./dataplane/embedded/virtual-address-pools.js";
import {
  DEFAULT_API_PORT,
  DEFAULT_DRAIN_TIMEOUT_MS,
  DEFAULT_LOAD_BALANCER_POOL,
  DEFAULT_NODE_ADDRESS,
  DEFAULT_VIRTUAL_ADDRESS_POOL,
} from "./server-defaults.js";
import { createEmbeddedStore } from "./store/embedded/embedded-store.js";
import type { ResourceStore } from "./store/resource-store.js";

const DEFAULT_NAMESPACE = "default";

export interface MeshfedServerOptions {
  /** Holds everything that outlives the process: the store, keys, the administrator's kubeconfig. Created if absent. */
  readonly dataDirectory: string;
  readonly logger: Logger;
  /** Where the API listens. Default 127.0.0.1:6443; port 0: a free one. */
  readonly api?: { readonly host?: string; readonly port?: number };
  /** Addresses of gateway Services. Default 127.80.0.0/16. */
  readonly loadBalancerPool?: string;
  /** Divided among the meshes, for imported TCP services. Default 127.96.0.0/11. */
  readonly virtualAddressPool?: string;
  /** Where gateways of type NodePort listen. Default 127.0.0.1. */
  readonly nodeAddress?: string;
  /** How long connections that are under way may take to finish when the server closes. Default 5 s. */
  readonly drainTimeoutMs?: number;
}

export interface MeshfedServer {
  /** For clients on this host, for example `https://127.0.0.1:6443`. */
  readonly apiUrl: string;
  readonly kubeconfigPath: string;
  /** Settles when `objects`, as the API returned them, are taken in and every mesh serves its gateways. */
  serving(objects: readonly KubernetesObject[]): Promise<void>;
  /** Stops accepting, lets what is under way finish within `drainTimeoutMs`, and frees everything. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts the meshes of a data directory and the API to them.
 * @throws FederationError INVALID_ARGUMENT for options that cannot be used, FAILED_PRECONDITION or UNAVAILABLE when the
 *   data directory or the API's port is taken
 */
export async function createMeshfedServer(options: MeshfedServerOptions): Promise<MeshfedServer> {
  const { dataDirectory, logger } = options;
  const loadBalancerPool = addressPool("loadBalancerPool", options.loadBalancerPool ?? DEFAULT_LOAD_BALANCER_POOL);
  const virtualPool = addressPool("virtualAddressPool", options.virtualAddressPool ?? DEFAULT_VIRTUAL_ADDRESS_POOL);
  createDataDirectory(dataDirectory);

  const store = createEmbeddedStore({
    directory: dataDirectory,
    types: RESOURCE_TYPES,
    clock: systemClock,
    onProblem: (problem) => logger.error({ err: problem }, "the store has a problem"),
  });
  const closers: (() => Promise<void>)[] = [() => store.close()];
  let closed: Promise<void> | undefined;
  const closeAll = () => {
    closed ??= closeInTurn([...closers].reverse());
    return closed;
  };

  try {
    await ensureDefaultNamespace(store);
    const loadBalancer = createLoadBalancer({ store, pool: loadBalancerPool, clock: systemClock, logger });
    closers.push(() => loadBalancer.close());
    const cluster = await createClusterController({
      store,
      clock: systemClock,
      logger,
      observers: [loadBalancer.onChange],
      createMesh: (controlPlane, surroundings) =>
        createMesh({ controlPlane, surroundings, store, virtualPool, options }),
      drainTimeoutMs: options.drainTimeoutMs ?? DEFAULT_DRAIN_TIMEOUT_MS,
    });
    closers.push(() => cluster.close());

    const api = await createApiServer({
      store,
      types: RESOURCE_TYPES,
      directory: dataDirectory,
      listen: { port: DEFAULT_API_PORT, ...options.api },
      clock: systemClock,
      logger,
      readiness: () => true,
    });
    closers.push(() => api.close());
    return {
      apiUrl: api.url,
      kubeconfigPath: api.kubeconfigPath,
      serving: (objects) => cluster.serving(objects),
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

interface MeshInput {
  readonly controlPlane: ServiceMeshControlPlane;
  readonly surroundings: MeshSurroundings;
  readonly store: ResourceStore;
  readonly virtualPool: AddressPool;
  readonly options: MeshfedServerOptions;
}

async function createMesh(input: MeshInput): Promise<MeshController> {
  const { controlPlane, store, options } = input;
  const { namespace, name } = controlPlane.metadata;
  const logger = options.logger.child({ mesh: `${namespace}/${name}` });
  return createMeshController({
    store,
    clock: systemClock,
    random: Math.random,
    logger,
    controlPlane,
    virtualAddressRange: await ensureVirtualAddressPool(store, input.virtualPool, controlPlane),
    nodeAddress: options.nodeAddress ?? DEFAULT_NODE_ADDRESS,
    pod: podName(name, instanceId(options.dataDirectory)),
    onPlanned: input.surroundings.onPlanned,
    createDataPlane: ({ certificates, onDiscoveryConnection }) =>
      createEmbeddedDataPlane({
        clock: systemClock,
        random: Math.random,
        certificates,
        clusterDomain: clusterDomainOf(controlPlane),
        findObject: input.surroundings.findObject,
        onDiscoveryConnection,
        logger,
      }),
  });
}

/** Closes everything, also when something cannot be closed; that is thrown in the end. */
async function closeInTurn(closers: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const close of closers) await close().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

/** @throws FederationError FAILED_PRECONDITION */
function createDataDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const message = `the data directory "${path}" cannot be created or written (${code}): name a directory of this user`;
    throw new FederationError("FAILED_PRECONDITION", message, { cause: error });
  }
}

/** Clients that name no namespace mean this one; in Kubernetes it always exists. */
async function ensureDefaultNamespace(store: ResourceStore): Promise<void> {
  if ((await store.get(namespaceType, { name: DEFAULT_NAMESPACE })) !== undefined) return;
  await store.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: DEFAULT_NAMESPACE } });
}

function addressPool(option: string, cidr: string): AddressPool {
  const pool = parseAddressPool(cidr);
  if (pool.ok) return pool.value;
  const violations = pool.violations.map((violation) => ({ ...violation, path: option }));
  throw new FederationError("INVALID_ARGUMENT", `${option}: ${pool.violations[0]?.message}`, { violations });
}

/** Tells this server's pods from those of another one; nothing about the path can be read from it. */
function instanceId(dataDirectory: string): string {
  return createHash("sha256").update(realpathSync(dataDirectory)).digest("hex");
}

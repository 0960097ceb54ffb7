/** Wires the server together: store, API, controllers, load balancer and the embedded data plane of each mesh. */
import { lookup } from "node:dns/promises";
import { join } from "node:path";
import {
  FederationError,
  formatViolations,
  type KubernetesObject,
  RESOURCE_TYPES,
  type ServiceMeshControlPlane,
} from "@meshfed/core";
import { systemClock } from "@meshfed/core/gateway";
import type { Logger } from "pino";
import { createApiServer } from "./api/api-server.js";
import { createClusterController } from "./controller/cluster-controller.js";
import { createMeshController } from "./controller/mesh-controller.js";
import { podName } from "./controller/pod-name.js";
import { type AddressPool, parseAddressPool } from "./dataplane/embedded/address-pool.js";
import { createClusterNameResolver } from "./dataplane/embedded/cluster-name-resolver.js";
import { createEmbeddedDataPlane } from "./dataplane/embedded/embedded-data-plane.js";
import { createLoadBalancer } from "./dataplane/embedded/load-balancer.js";
import { createVirtualAddressPools } from "./dataplane/embedded/virtual-address-pools.js";
import { createEmbeddedStore } from "./store/embedded/embedded-store.js";
import { applyManifests } from "./manifests/apply-manifests.js";

export interface MeshfedServerOptions {
  /** Holds everything that outlives the process: the store, keys, the administrator's kubeconfig. Created if absent. */
  readonly dataDirectory: string;
  readonly logger: Logger;
  /** Where the API listens. Default 127.0.0.1, port 6443; port 0: a free one. */
  readonly api?: { readonly host?: string; readonly port?: number };
  /** Addresses of gateway Services. Default 127.80.0.0/16. */
  readonly loadBalancerPool?: string;
  /** Divided among the meshes for imported TCP services. Default 127.96.0.0/11. */
  readonly virtualAddressPool?: string;
  /** Where gateways of type NodePort listen. Default 127.0.0.1. */
  readonly nodeAddress?: string;
}

export interface MeshfedServer {
  readonly apiUrl: string;
  readonly kubeconfigPath: string;
  /** Creates or updates `objects`, in that order; settles when they are being served. */
  apply(objects: readonly KubernetesObject[]): Promise<void>;
  close(): Promise<void>;
}

/** What a server does where nothing else is said. */
export const DEFAULT_API_PORT = 6443;
/** Addresses of gateway Services. */
export const DEFAULT_LOAD_BALANCER_POOL = "127.80.0.0/16";
/** Divided among the meshes, for imported TCP services. */
export const DEFAULT_VIRTUAL_ADDRESS_POOL = "127.96.0.0/11";
/** Where gateways of type NodePort listen. */
export const DEFAULT_NODE_ADDRESS = "127.0.0.1";
/** For connections under way when the server ends. As Istio's `terminationDrainDuration`. */
export const DEFAULT_DRAIN_TIMEOUT_MS = 5_000;

export { createMeshfedServer, type MeshfedServer, type MeshfedServerOptions } from "./meshfed-server.js";
export { type CreateLoggerOptions, createLogger, LOG_LEVELS, type LogLevel } from "./observability/logger.js";
export { createEmbeddedStore } from "./store/embedded/embedded-store.js";
export type { ChangeLogRetention, EmbeddedStoreOptions } from "./store/embedded/options.js";
export * from "./store/resource-store.js";

export { createEmbeddedStore } from "./store/embedded/embedded-store.js";
export type { ChangeLogRetention, EmbeddedStoreOptions } from "./store/embedded/options.js";
export * from "./store/resource-store.js";

export * from "./store/resource-store.js";

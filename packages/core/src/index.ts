/** @meshfed/core: the pure part. Trust and the gateway engine are `@meshfed/core/trust` and `@meshfed/core/gateway`. */
export * from "./discovery/message.js";
export * from "./errors.js";
export * from "./naming/spiffe-id.js";
export * from "./plan/gateway-resource.js";
export * from "./plan/mesh-plan.js";
export * from "./resources/kubernetes-object.js";
export * from "./resources/resource-type.js";
export * from "./result.js";
export * from "./timestamp.js";

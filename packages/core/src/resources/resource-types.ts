/** Every kind that is served, and the ways to find one. */
import { configMapType } from "./config-map.js";
import { destinationRuleType } from "./destination-rule.js";
import { endpointSliceType } from "./endpoint-slice.js";
import { eventType } from "./event.js";
import { exportedServiceSetType } from "./exported-service-set.js";
import { importedServiceSetType } from "./imported-service-set.js";
import type { KubernetesObject } from "./kubernetes-object.js";
import { leaseType } from "./lease.js";
import { namespaceType } from "./namespace.js";
import { podType } from "./pod.js";
import type { ResourceType, ResourceTypeOf } from "./resource-type.js";
import { secretType } from "./secret.js";
import { serviceType } from "./service.js";
import { serviceAccountType } from "./service-account.js";
import { serviceMeshControlPlaneType } from "./service-mesh-control-plane.js";
import { serviceMeshMemberType } from "./service-mesh-member.js";
import { serviceMeshMemberRollType } from "./service-mesh-member-roll.js";
import { serviceMeshPeerType } from "./service-mesh-peer.js";

const TYPES = Object.freeze([
  serviceMeshPeerType,
  exportedServiceSetType,
  importedServiceSetType,
  serviceMeshControlPlaneType,
  serviceMeshMemberRollType,
  serviceMeshMemberType,
  destinationRuleType,
  namespaceType,
  serviceType,
  configMapType,
  secretType,
  podType,
  serviceAccountType,
  eventType,
  endpointSliceType,
  leaseType,
] as const);

type ParsedBy<T> = T extends ResourceTypeOf<infer O> ? O : never;

/** An object of any kind that is served; `kind` tells which. */
export type KnownObject = ParsedBy<(typeof TYPES)[number]>;

/** All kinds, those of federation first. No two share a kind, a plural or a short name. */
export const RESOURCE_TYPES: readonly ResourceTypeOf<KnownObject>[] = TYPES;

/** Whether an object that has passed `parse` is of that kind; then its fields have that kind's types. */
export function isKind<K extends KnownObject["kind"]>(
  object: KubernetesObject,
  kind: K,
): object is Extract<KnownObject, { readonly kind: K }> {
  return object.kind === kind;
}

/** `v1` for the core group, `federation.maistra.io/v1` for another; of the preferred version. */
export function apiVersionOf(type: Pick<ResourceType, "group" | "versions">): string {
  return apiVersionsOf(type)[0];
}

/** All versions that are served, the preferred one first. */
export function apiVersionsOf({
  group,
  versions,
}: Pick<ResourceType, "group" | "versions">): readonly [string, ...string[]] {
  const [preferred, ...others] = versions;
  const withGroup = (version: string) => (group === "" ? version : `${group}/${version}`);
  return [withGroup(preferred), ...others.map(withGroup)];
}

export function findResourceType(name: {
  readonly group: string;
  readonly kind: string;
}): ResourceTypeOf<KnownObject> | undefined {
  return RESOURCE_TYPES.find(({ group, kind }) => group === name.group && kind === name.kind);
}

/** As REST paths name a kind: `/apis/<group>/<version>/<plural>`. */
export function findResourceTypeByPlural(name: {
  readonly group: string;
  readonly plural: string;
}): ResourceTypeOf<KnownObject> | undefined {
  return RESOURCE_TYPES.find(({ group, plural }) => group === name.group && plural === name.plural);
}

/**
 * As people name a kind on a command line: its kind, singular, plural or short name in any case, alone or followed by its
 * group or by its version and group: `servicemeshpeer`, `smcp`, `ServiceMeshPeer.v1.federation.maistra.io`.
 */
export function findResourceTypeByName(name: string): ResourceTypeOf<KnownObject> | undefined {
  const [resource = "", ...rest] = name.toLowerCase().split(".");
  const qualifier = rest.join(".");
  return RESOURCE_TYPES.find(
    ({ group, versions, singular, plural, shortNames }) =>
      [singular, plural, ...shortNames].includes(resource) &&
      (qualifier === "" || qualifier === group || versions.some((version) => qualifier === `${version}.${group}`)),
  );
}

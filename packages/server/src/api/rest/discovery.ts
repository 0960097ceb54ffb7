/**
 * What this server serves, in the two forms that clients ask for: one aggregated document per root (kubectl from 1.27),
 * and the legacy documents per root, group and version, which older clients and `kubectl auth can-i` read.
 *
 * @see Kubernetes documentation, Discovery API
 */
import type { ResourceType } from "@meshfed/core";
import { groupVersion, type ResourceCatalog, type ResourceGroup } from "../resource-catalog.js";

const VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"] as const;
const STATUS_VERBS = ["get", "patch", "update"] as const;

export function aggregatedDiscoveryMediaType(version: "v2" | "v2beta1"): string {
  return `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
}

/** The answer at `/api` (`core`: only the core group) or `/apis` (the others) for clients that aggregate. */
export function aggregatedDiscovery(catalog: ResourceCatalog, root: "core" | "named", version: "v2" | "v2beta1") {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groupsOf(catalog, root).map((group) => ({
      metadata: { name: group.name },
      versions: group.versions.map(({ version: name, types }) => ({
        version: name,
        freshness: "Current",
        resources: types.map((type) => aggregatedResource(type, name)),
      })),
    })),
  };
}

function groupsOf(catalog: ResourceCatalog, root: "core" | "named"): readonly ResourceGroup[] {
  return catalog.groups.filter((group) => (group.name === "") === (root === "core"));
}

function aggregatedResource(type: ResourceType, version: string) {
  const responseKind = { group: type.group, version, kind: type.kind };
  return {
    resource: type.plural,
    responseKind,
    scope: type.namespaced ? "Namespaced" : "Cluster",
    singularResource: type.singular,
    verbs: VERBS,
    shortNames: type.shortNames,
    categories: type.categories,
    subresources: type.statusSubresource ? [{ subresource: "status", responseKind, verbs: STATUS_VERBS }] : [],
  };
}

/** `/api` in its legacy form. */
export function coreVersions(catalog: ResourceCatalog) {
  const versions = groupsOf(catalog, "core").flatMap((group) => group.versions.map(({ version }) => version));
  return { kind: "APIVersions", versions, serverAddressByClientCIDRs: [] };
}

/** `/apis` in its legacy form. */
export function groupList(catalog: ResourceCatalog) {
  return { kind: "APIGroupList", apiVersion: "v1", groups: groupsOf(catalog, "named").map(describeGroup) };
}

/** `/apis/GROUP`; undefined for a group that is not served. */
export function groupDocument(catalog: ResourceCatalog, name: string) {
  const group = groupsOf(catalog, "named").find((candidate) => candidate.name === name);
  return group === undefined ? undefined : { kind: "APIGroup", apiVersion: "v1", ...describeGroup(group) };
}

function describeGroup(group: ResourceGroup) {
  const versions = group.versions.map(({ version }) => ({ groupVersion: groupVersion(group.name, version), version }));
  return { name: group.name, versions, preferredVersion: versions[0] };
}

/** `/api/VERSION` and `/apis/GROUP/VERSION`; undefined for a version that is not served. */
export function resourceList(catalog: ResourceCatalog, groupName: string, version: string) {
  const group = catalog.groups.find((candidate) => candidate.name === groupName);
  const types = group?.versions.find((candidate) => candidate.version === version)?.types;
  if (types === undefined) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: groupVersion(groupName, version),
    resources: types.flatMap(legacyResources),
  };
}

function legacyResources(type: ResourceType) {
  const resource = {
    name: type.plural,
    singularName: type.singular,
    namespaced: type.namespaced,
    kind: type.kind,
    verbs: VERBS,
    ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
    ...(type.categories.length === 0 ? {} : { categories: type.categories }),
  };
  if (!type.statusSubresource) return [resource];
  const { namespaced, kind } = type;
  return [resource, { name: `${type.plural}/status`, singularName: "", namespaced, kind, verbs: STATUS_VERBS }];
}

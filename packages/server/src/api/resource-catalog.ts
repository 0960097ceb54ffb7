import type { ResourceType } from "@meshfed/core";

/** One group with its versions, the preferred one first, and what each version serves. */
export interface ResourceGroup {
  /** `""` for the core group. */
  readonly name: string;
  readonly versions: readonly { readonly version: string; readonly types: readonly ResourceType[] }[];
}

/** The served kinds, by the words that a request uses for them. */
export interface ResourceCatalog {
  /** In the order of the group's name, the core group first. */
  readonly groups: readonly ResourceGroup[];
  find(group: string, version: string, plural: string): ResourceType | undefined;
}

export function createResourceCatalog(types: readonly ResourceType[]): ResourceCatalog {
  const byPath = new Map<string, ResourceType>();
  for (const type of types) {
    for (const version of type.versions) byPath.set(`${type.group}/${version}/${type.plural}`, type);
  }
  return {
    groups: groupTypes(types),
    find: (group, version, plural) => byPath.get(`${group}/${version}/${plural}`),
  };
}

function groupTypes(types: readonly ResourceType[]): ResourceGroup[] {
  const names = [...new Set(types.map((type) => type.group))].sort();
  return names.map((name) => {
    const members = types.filter((type) => type.group === name);
    const versions = [...new Set(members.flatMap((type) => type.versions))].sort(compareVersions);
    return {
      name,
      versions: versions.map((version) => ({
        version,
        types: members.filter((type) => type.versions.includes(version)),
      })),
    };
  });
}

const STABILITY = ["alpha", "beta", ""];

/**
 * Orders Kubernetes versions, the most stable and newest first: `v2`, `v1`, `v1beta1`, `v1alpha3`.
 *
 * @see Kubernetes documentation, CustomResourceDefinition versioning, version priority
 */
export function compareVersions(left: string, right: string): number {
  const rank = (version: string): readonly [number, number, number] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    return match === null ? [-1, 0, 0] : [STABILITY.indexOf(match[2] ?? ""), Number(match[1]), Number(match[3] ?? 0)];
  };
  const [leftRank, rightRank] = [rank(left), rank(right)];
  return rightRank[0] - leftRank[0] || rightRank[1] - leftRank[1] || rightRank[2] - leftRank[2];
}

/** `v1`, or `federation.maistra.io/v1`. */
export function groupVersion(group: string, version: string): string {
  return group === "" ? version : `${group}/${version}`;
}

/** `servicemeshpeers.federation.maistra.io`, or `services` for the core group. */
export function qualifiedResource(type: Pick<ResourceType, "group" | "plural">): string {
  return type.group === "" ? type.plural : `${type.plural}.${type.group}`;
}

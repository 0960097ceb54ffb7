import type { KubernetesObject, ResourceType, Result } from "@meshfed/core";

/** What addresses need to know of a kind. Every ResourceType of @meshfed/core is one. */
export type Resource = Pick<ResourceType, "group" | "versions" | "kind" | "plural" | "namespaced">;

/** A resource whose objects have a type of their own. */
export interface ResourceOf<T extends KubernetesObject> extends Resource {
  /** Only says what type the objects have; answers are taken as the server sends them. */
  readonly parse: (input: unknown) => Result<T>;
}

export interface PathScope {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: "status" | undefined;
}

/** `/apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME/SUBRESOURCE`, with what is given, in the preferred version. */
export function resourcePath(resource: Resource, { namespace, name, subresource }: PathScope): string {
  const { group, versions, plural, namespaced } = resource;
  const segments = [
    ...(group === "" ? ["api"] : ["apis", group]),
    versions[0],
    ...(namespaced && namespace !== undefined ? ["namespaces", namespace] : []),
    plural,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  return `/${segments.map(encodeURIComponent).join("/")}`;
}

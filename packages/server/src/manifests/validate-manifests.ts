import {
  findResourceType,
  invariant,
  type KnownObject,
  parseObject,
  type ResourceType,
  type ResourceTypeOf,
} from "@meshfed/core";
import type { Manifest, ManifestProblem, ManifestSource } from "./load-manifests.js";

/** A manifest that its kind's schema accepts. */
export interface ValidManifest {
  readonly type: ResourceTypeOf<KnownObject>;
  /** With defaults, and with its namespace. */
  readonly object: KnownObject;
  readonly source: ManifestSource;
}

export interface NamespaceChoice {
  /** For objects that name none. */
  readonly defaultNamespace: string;
  /** Objects may name no other: the user asked for this one. */
  readonly isRequired: boolean;
}

export interface ValidatedManifests {
  /** Namespaces first, so that what lives in them finds them; otherwise in the given order. */
  readonly objects: readonly ValidManifest[];
  readonly problems: readonly ManifestProblem[];
}

/** Checks every object against its kind; all problems at once, each with file, document and path. */
export function validateManifests(manifests: readonly Manifest[], namespaces: NamespaceChoice): ValidatedManifests {
  const objects: ValidManifest[] = [];
  const problems: ManifestProblem[] = [];
  for (const manifest of manifests) {
    const { source } = manifest;
    const placed = placeInNamespace(manifest.object, namespaces);
    const parsed = parseObject(placed);
    if (!parsed.ok) {
      problems.push(...parsed.violations.map(({ path, message }) => ({ ...source, path, message })));
      continue;
    }
    const object = parsed.value;
    const type = typeOf(object);
    const { namespace } = object.metadata;
    if (namespaces.isRequired && type.namespaced && namespace !== namespaces.defaultNamespace) {
      const message = `found "${namespace}", but namespace "${namespaces.defaultNamespace}" was asked for`;
      problems.push({ ...source, path: "metadata.namespace", message });
    } else objects.push({ type, object, source });
  }
  const isNamespace = ({ object }: ValidManifest) => object.kind === "Namespace";
  const ordered = [...objects.filter(isNamespace), ...objects.filter((manifest) => !isNamespace(manifest))];
  return { objects: ordered, problems: [...problems, ...findDuplicates(objects)] };
}

function placeInNamespace(object: Manifest["object"], { defaultNamespace }: NamespaceChoice): Manifest["object"] {
  const type: ResourceType | undefined = findResourceType({ group: groupOf(object.apiVersion), kind: object.kind });
  if (type?.namespaced !== true || object.metadata.namespace !== undefined) return object;
  return { ...object, metadata: { ...object.metadata, namespace: defaultNamespace } };
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? (apiVersion.split("/", 1)[0] ?? "") : "";
}

function typeOf(object: KnownObject): ResourceTypeOf<KnownObject> {
  const type = findResourceType({ group: groupOf(object.apiVersion), kind: object.kind });
  invariant(type !== undefined, "a kind that was parsed is served");
  return type;
}

/** The same object twice is a mistake: the later one would silently win. */
function findDuplicates(objects: readonly ValidManifest[]): readonly ManifestProblem[] {
  const first = new Map<string, ManifestSource>();
  return objects.flatMap(({ object, source }) => {
    const { name, namespace = "" } = object.metadata;
    const key = `${groupOf(object.apiVersion)}/${object.kind}/${namespace}/${name}`;
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, source);
      return [];
    }
    const message = `${object.kind} "${name}" was already given in ${earlier.file} (document ${earlier.document})`;
    return [{ ...source, message }];
  });
}

/** `FILE (document N): PATH: MESSAGE`, with what there is. */
export function formatManifestProblem({ file, document, path, message }: ManifestProblem): string {
  const where = document === undefined ? file : `${file} (document ${document})`;
  return path === undefined || path === "" ? `${where}: ${message}` : `${where}: ${path}: ${message}`;
}

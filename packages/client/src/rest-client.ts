import type { KubernetesObject, ObjectReference } from "@meshfed/core";
import { ApiError, isRecord } from "./api-error.js";
import { type ApplyResult, applyObject } from "./apply.js";
import { type ListOptions, listObjects, type ObjectList } from "./object-list.js";
import { type Resource, type ResourceOf, resourcePath } from "./resource-path.js";
import { type Runtime, systemRuntime } from "./runtime.js";
import { parseTable, TABLE_MEDIA_TYPE, type Table } from "./table.js";
import { createTransport, type Transport, type TransportOptions } from "./transport.js";
import { type WatchEvent, type WatchOptions, watchObjects } from "./watch.js";

export type RestClientOptions = TransportOptions & Partial<Runtime>;

/** Names an object of a kind that is given apart. */
export type ObjectName = Omit<ObjectReference, "kind">;

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface WriteOptions extends RequestOptions {
  /** Everything but the writing: the answer is what would be. */
  readonly dryRun?: boolean | undefined;
}

export interface DeleteOptions extends WriteOptions {
  /** Delete this very object, not a later one of the same name. */
  readonly uid?: string | undefined;
  /** Delete it only in this version. */
  readonly resourceVersion?: string | undefined;
}

/**
 * The REST API of a meshfed server, or of any Kubernetes API server that has the kinds. Objects are typed as the resource
 * says and taken as the server sends them. All methods throw ApiError, or the reason of an aborted signal.
 */
export interface RestClient {
  /** Undefined when there is no such object. */
  get<T extends KubernetesObject>(
    resource: ResourceOf<T>,
    name: ObjectName,
    options?: RequestOptions,
  ): Promise<T | undefined>;
  /** All objects as of one version. */
  list<T extends KubernetesObject>(resource: ResourceOf<T>, options?: ListOptions): Promise<ObjectList<T>>;
  /** The same as people see it: the server's columns. With `name`: that object alone, `NotFound` when there is none. */
  table(resource: Resource, options?: ListOptions & { readonly name?: string | undefined }): Promise<Table>;
  create<T extends KubernetesObject>(resource: ResourceOf<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Writes the whole object; with the version that was read, so that nobody's change is lost. */
  replace<T extends KubernetesObject>(
    resource: ResourceOf<T>,
    object: T,
    options?: WriteOptions & { readonly subresource?: "status" | undefined },
  ): Promise<T>;
  /** Creates or updates; status, finalizers and fields that the object does not name stay. Tries again after conflicts. */
  apply<T extends KubernetesObject>(
    resource: ResourceOf<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<ApplyResult<T>>;
  /** The object when finalizers keep it for now, otherwise undefined: it is gone. */
  delete<T extends KubernetesObject>(
    resource: ResourceOf<T>,
    name: ObjectName,
    options?: DeleteOptions,
  ): Promise<T | undefined>;
  /** Ends with the signal, or when its consumer stops. See watch.ts. */
  watch<T extends KubernetesObject>(
    resource: ResourceOf<T>,
    options?: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void>;
}

export function createRestClient(options: RestClientOptions): RestClient {
  const runtime = { ...systemRuntime, ...options };
  const transport = createTransport(options, runtime);
  return {
    get: (resource, name, request) => getObject(transport, resource, name, request),
    list: (resource, request = {}) => listObjects(transport, resource, request),
    table: (resource, request = {}) => getTable(transport, resource, request),
    create: (resource, object, request) => createObject(transport, resource, object, request),
    replace: (resource, object, request) => replaceObject(transport, resource, object, request),
    apply: (resource, object, request) =>
      applyObject(object, {
        get: () => getObject(transport, resource, object.metadata, request),
        create: (desired) => createObject(transport, resource, desired, request),
        replace: (merged) => replaceObject(transport, resource, merged, request),
      }),
    delete: (resource, name, request) => deleteObject(transport, resource, name, request),
    watch: (resource, request = {}) => watchObjects({ transport, runtime }, resource, request),
  };
}

async function getObject<T extends KubernetesObject>(
  transport: Transport,
  resource: Resource,
  { namespace, name }: ObjectName,
  { signal }: RequestOptions = {},
): Promise<T | undefined> {
  try {
    return asObject<T>(
      await transport.request({ method: "GET", path: resourcePath(resource, { namespace, name }), signal }),
    );
  } catch (error) {
    // Without the object's name it is the kind that the server does not know.
    if (ApiError.is(error) && error.reason === "NotFound" && error.objectName === name) return undefined;
    throw error;
  }
}

async function getTable(
  transport: Transport,
  resource: Resource,
  options: ListOptions & { readonly name?: string | undefined },
): Promise<Table> {
  const { namespace, name, labelSelector, fieldSelector, signal } = options;
  const path = resourcePath(resource, { namespace, name });
  const query = { labelSelector, fieldSelector };
  return parseTable(await transport.request({ method: "GET", path, query, accept: TABLE_MEDIA_TYPE, signal }));
}

async function createObject<T extends KubernetesObject>(
  transport: Transport,
  resource: Resource,
  object: T,
  { dryRun, signal }: WriteOptions = {},
): Promise<T> {
  const path = resourcePath(resource, { namespace: object.metadata.namespace });
  return asObject<T>(
    await transport.request({ method: "POST", path, query: dryRunQuery(dryRun), body: object, signal }),
  );
}

async function replaceObject<T extends KubernetesObject>(
  transport: Transport,
  resource: Resource,
  object: T,
  options: WriteOptions & { readonly subresource?: "status" | undefined } = {},
): Promise<T> {
  const { namespace, name } = object.metadata;
  const { dryRun, subresource, signal } = options;
  const path = resourcePath(resource, { namespace, name, subresource });
  return asObject<T>(
    await transport.request({ method: "PUT", path, query: dryRunQuery(dryRun), body: object, signal }),
  );
}

async function deleteObject<T extends KubernetesObject>(
  transport: Transport,
  resource: Resource,
  { namespace, name }: ObjectName,
  { uid, resourceVersion, dryRun, signal }: DeleteOptions = {},
): Promise<T | undefined> {
  const body = { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid, resourceVersion } };
  const path = resourcePath(resource, { namespace, name });
  const answer = await transport.request({ method: "DELETE", path, query: dryRunQuery(dryRun), body, signal });
  return isRecord(answer) && answer.kind === "Status" ? undefined : asObject<T>(answer);
}

function dryRunQuery(dryRun: boolean | undefined): { readonly dryRun: string | undefined } {
  return { dryRun: dryRun === true ? "All" : undefined };
}

function asObject<T extends KubernetesObject>(answer: unknown): T {
  if (isRecord(answer) && isRecord(answer.metadata) && typeof answer.kind === "string") return answer as object as T;
  throw new ApiError("InvalidResponse", "the answer is not an object of the API");
}

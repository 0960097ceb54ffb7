/** The forms in which objects are answered: themselves, rows of a Table, or their metadata alone. */
import type { KubernetesObject, ResourceType } from "@meshfed/core";
import { badRequest, failureStatus, StatusError } from "./api-status.js";
import { chooseRepresentation, type Representation } from "./media-type.js";
import { printerColumns } from "./printer-columns.js";

export interface RepresentationOptions {
  readonly type: ResourceType;
  /** In which the request asked. */
  readonly apiVersion: string;
  readonly representation: Representation;
  /** What each row of a Table carries beside its cells. */
  readonly includeObject: "None" | "Metadata" | "Object";
  /** Epoch milliseconds; ages are counted to it. */
  readonly now: number;
}

/** metav1.ListMeta */
export interface ListMeta {
  readonly resourceVersion?: string | undefined;
  readonly continue?: string | undefined;
  readonly remainingItemCount?: number | undefined;
}

/** @throws StatusError 406 when nothing that we have is accepted, 400 for a wrong `includeObject`. */
export function negotiate(
  accept: string | undefined,
  query: URLSearchParams,
): Pick<RepresentationOptions, "representation" | "includeObject"> {
  const representation = chooseRepresentation(accept);
  if (representation === undefined) {
    const message = "only the following media types are accepted: application/json";
    throw new StatusError(failureStatus("NotAcceptable", message));
  }
  const includeObject = query.get("includeObject") || "Metadata";
  if (includeObject !== "None" && includeObject !== "Metadata" && includeObject !== "Object") {
    throw badRequest('includeObject must be "None", "Metadata" or "Object"');
  }
  return { representation, includeObject };
}

export function representObject(object: KubernetesObject, options: RepresentationOptions): unknown {
  const { representation, apiVersion } = options;
  if (representation.kind === "table") {
    return table([object], { resourceVersion: object.metadata.resourceVersion }, options);
  }
  if (representation.kind === "partial") return partialMetadata(object, representation.version);
  return { ...object, apiVersion };
}

export function representList(
  items: readonly KubernetesObject[],
  metadata: ListMeta,
  options: RepresentationOptions,
): unknown {
  const { representation, apiVersion, type } = options;
  if (representation.kind === "table") return table(items, metadata, options);
  if (representation.kind === "partial") {
    const { version } = representation;
    return {
      kind: "PartialObjectMetadataList",
      apiVersion: `meta.k8s.io/${version}`,
      metadata,
      items: items.map((item) => partialMetadata(item, version)),
    };
  }
  return {
    kind: `${type.kind}List`,
    apiVersion,
    metadata,
    items: items.map((item) => ({ ...item, apiVersion })),
  };
}

/** What a BOOKMARK event carries. */
export function representBookmark(metadata: object, options: RepresentationOptions): unknown {
  const { representation, apiVersion, type } = options;
  if (representation.kind === "table") {
    return {
      kind: "Table",
      apiVersion: `meta.k8s.io/${representation.version}`,
      metadata,
      columnDefinitions: [],
      rows: [],
    };
  }
  if (representation.kind === "partial") {
    return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${representation.version}`, metadata };
  }
  return { kind: type.kind, apiVersion, metadata };
}

/** The event's table without its column definitions: a watch sends them with its first event only. */
export function withoutColumns(body: unknown): unknown {
  return typeof body === "object" && body !== null && "columnDefinitions" in body
    ? { ...body, columnDefinitions: [] }
    : body;
}

function table(items: readonly KubernetesObject[], metadata: ListMeta, options: RepresentationOptions): unknown {
  const { representation, includeObject, apiVersion, now, type } = options;
  const version = representation.kind === "object" ? "v1" : representation.version;
  const columns = printerColumns(type.kind);
  const rowObject = (object: KubernetesObject) =>
    includeObject === "Object" ? { ...object, apiVersion } : partialMetadata(object, version);
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: columns.map(({ cell: _cell, ...definition }) => definition),
    rows: items.map((object) => ({
      cells: columns.map((column) => column.cell(object, now)),
      ...(includeObject === "None" ? {} : { object: rowObject(object) }),
    })),
  };
}

function partialMetadata(object: KubernetesObject, version: "v1" | "v1beta1"): unknown {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

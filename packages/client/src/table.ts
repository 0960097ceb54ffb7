import { ApiError, isRecord } from "./api-error.js";

export const TABLE_MEDIA_TYPE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

export interface TableColumn {
  readonly name: string;
  /** 0: always shown; above: only in wide output. */
  readonly priority: number;
}

export interface TableRow {
  readonly cells: readonly unknown[];
  readonly name: string;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string;
}

/** What people see of a list. @see Kubernetes meta.k8s.io/v1 Table */
export interface Table {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly TableRow[];
}

/** @throws ApiError `InvalidResponse` when the answer is no table */
export function parseTable(body: unknown): Table {
  if (!isRecord(body) || body.kind !== "Table") throw new ApiError("InvalidResponse", "the answer is not a table");
  return {
    columns: records(body.columnDefinitions).map((column) => ({
      name: String(column.name),
      priority: Number(column.priority ?? 0),
    })),
    rows: records(body.rows).map(parseRow),
  };
}

function parseRow(row: Readonly<Record<string, unknown>>): TableRow {
  const object = isRecord(row.object) ? row.object : {};
  const metadata = isRecord(object.metadata) ? object.metadata : {};
  const { name, namespace } = metadata;
  return {
    cells: Array.isArray(row.cells) ? row.cells : [],
    name: typeof name === "string" ? name : "",
    ...(typeof namespace === "string" ? { namespace } : {}),
  };
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

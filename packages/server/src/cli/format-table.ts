import type { Table } from "@meshfed/client";

const GAP = "   ";

export interface TableFormat {
  /** Shows columns of lower priority too. */
  readonly wide: boolean;
  /** Begins each line with the namespace. */
  readonly showNamespace: boolean;
}

/** A table in columns as wide as their widest cell; the last one is not padded. Cells cannot break the lines. */
export function formatTable(table: Table, { wide, showNamespace }: TableFormat): string {
  const shown = table.columns.flatMap((column, index) => (wide || column.priority === 0 ? [{ column, index }] : []));
  const header = [...(showNamespace ? ["NAMESPACE"] : []), ...shown.map(({ column }) => column.name.toUpperCase())];
  const rows = table.rows.map(({ cells, namespace = "" }) => [
    ...(showNamespace ? [namespace] : []),
    ...shown.map(({ index }) => cellText(cells[index])),
  ]);
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join(GAP)
        .trimEnd(),
    )
    .join("\n");
}

/** What a server sends is shown, not obeyed: control characters could rewrite a terminal. */
function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return "";
  return (typeof cell === "object" ? JSON.stringify(cell) : String(cell)).replaceAll(/\p{Cc}/gu, " ");
}

/**
 * Reads the manifests in files and directories: YAML or JSON, any number of documents in a file, `kind: List` unpacked.
 * Everything is read before anything is reported, so that one run names all problems.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import type { KubernetesObject } from "@meshfed/core";
import { LineCounter, parseAllDocuments } from "yaml";

/** Where an object was read. */
export interface ManifestSource {
  /** Path as it was given, or within the directory that was. */
  readonly file: string;
  /** Position among the documents of the file, from 1. */
  readonly document: number;
}

/** An object that has apiVersion, kind and a name; nothing else of it is checked yet. */
export interface Manifest {
  readonly object: KubernetesObject;
  readonly source: ManifestSource;
}

export interface ManifestProblem {
  readonly file: string;
  /** Absent: the file as a whole. */
  readonly document?: number;
  /** Path in the object; absent: the document as a whole. */
  readonly path?: string;
  /** Lower case, one sentence. */
  readonly message: string;
}

export interface LoadedManifests {
  /** In the order of the paths; in a directory, files in the order of their names. */
  readonly objects: readonly Manifest[];
  readonly problems: readonly ManifestProblem[];
}

export interface LoadManifestsOptions {
  /** Also the directories in a directory. Default false. */
  readonly recursive?: boolean;
}

const EXTENSIONS: ReadonlySet<string> = new Set([".yaml", ".yml", ".json"]);
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** Problems with files (absent, unreadable) are problems of the result, too; never throws for what it reads. */
export async function loadManifests(
  paths: readonly string[],
  options: LoadManifestsOptions = {},
): Promise<LoadedManifests> {
  const loaded: LoadedManifests[] = [];
  for (const path of paths) loaded.push(await loadPath(path, options.recursive ?? false));
  return joinLoaded(loaded);
}

/** The documents of one text, none of an empty one; `file` is only for messages. */
export function parseManifests(text: string, file: string): LoadedManifests {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter });
  return joinLoaded(
    documents.map((document, index) => {
      const source = { file, document: index + 1 };
      if (document.errors.length === 0) return readDocument(source, () => document.toJS({ maxAliasCount: 100 }));
      const problems = document.errors.map((error) => {
        const { line, col } = lineCounter.linePos(error.pos[0]);
        return { ...source, message: `line ${line}, column ${col}: ${firstLine(error.message)}` };
      });
      return { objects: [], problems };
    }),
  );
}

function joinLoaded(parts: readonly LoadedManifests[]): LoadedManifests {
  return { objects: parts.flatMap((part) => part.objects), problems: parts.flatMap((part) => part.problems) };
}

async function loadPath(path: string, recursive: boolean): Promise<LoadedManifests> {
  try {
    const files = await listFiles(path, recursive);
    const loaded: LoadedManifests[] = [];
    for (const file of files) loaded.push(await loadFile(file));
    if (files.length > 0) return joinLoaded(loaded);
    return { objects: [], problems: [{ file: path, message: "the directory has no *.yaml, *.yml or *.json file" }] };
  } catch (error) {
    return { objects: [], problems: [{ file: path, message: describeFileError(error) }] };
  }
}

/** The file itself, or the manifests in the directory in the order of their names. */
async function listFiles(path: string, recursive: boolean): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const entryPath = join(path, entry.name);
    if (!entry.isDirectory()) files.push(...(EXTENSIONS.has(extname(entry.name)) ? [entryPath] : []));
    else if (recursive) files.push(...(await listFiles(entryPath, recursive)));
  }
  return files;
}

async function loadFile(path: string): Promise<LoadedManifests> {
  try {
    if ((await stat(path)).size <= MAX_FILE_BYTES) return parseManifests(await readFile(path, "utf8"), path);
    return { objects: [], problems: [{ file: path, message: `the file is larger than ${MAX_FILE_BYTES} bytes` }] };
  } catch (error) {
    return { objects: [], problems: [{ file: path, message: describeFileError(error) }] };
  }
}

function readDocument(source: ManifestSource, toValue: () => unknown): LoadedManifests {
  let value: unknown;
  try {
    value = toValue();
  } catch (error) {
    // Aliases that multiply without end.
    const message = error instanceof Error ? firstLine(error.message) : String(error);
    return { objects: [], problems: [{ ...source, message }] };
  }
  // Comments alone, or nothing between two separators.
  if (value === null || value === undefined) return { objects: [], problems: [] };
  if (isMapping(value) && value.kind === "List" && Array.isArray(value.items)) {
    return joinLoaded(value.items.map((item: unknown, index) => readObject(source, item, `items[${index}]`)));
  }
  return readObject(source, value, undefined);
}

function readObject(source: ManifestSource, value: unknown, item: string | undefined): LoadedManifests {
  const problem = (path: string | undefined, message: string): ManifestProblem => {
    const full = [item, path].filter((part) => part !== undefined).join(".");
    return { ...source, ...(full === "" ? {} : { path: full }), message };
  };
  if (!isMapping(value)) {
    return { objects: [], problems: [problem(undefined, "is not an object; expected apiVersion, kind and metadata")] };
  }
  const metadata = isMapping(value.metadata) ? value.metadata : {};
  const required = [
    ["apiVersion", value.apiVersion],
    ["kind", value.kind],
    ["metadata.name", metadata.name],
  ] as const;
  const problems = required
    .filter(([, text]) => typeof text !== "string" || text === "")
    .map(([path, text]) => problem(path, text === undefined ? "is missing" : "is not a text"));
  if (problems.length > 0) return { objects: [], problems };
  return { objects: [{ object: value as object as KubernetesObject, source }], problems: [] };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The parser's messages go on with an excerpt of the file, which may be a Secret. */
function firstLine(text: string): string {
  return (text.split("\n", 1)[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");
}

function describeFileError(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such file or directory";
  if (code === "EACCES") return "the file cannot be read: permission denied";
  return `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

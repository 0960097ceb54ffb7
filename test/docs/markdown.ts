/** Reads the repository's pages: which there are, their links, code and headings. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

const NOT_OURS: ReadonlySet<string> = new Set(["node_modules", "dist", ".git", ".turbo", ".meshfed", "coverage"]);

export interface Page {
  /** From the repository's root, with `/`. */
  readonly path: string;
  /** Absolute. */
  readonly folder: string;
  readonly text: string;
}

export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** Of its first line, from 1. */
  readonly line: number;
}

export interface Link {
  readonly label: string;
  readonly target: string;
}

/** Every Markdown file that is not installed or built, by path. */
export function readPages(): readonly Page[] {
  return findMarkdown(REPOSITORY)
    .sort()
    .map((file) => ({
      path: relative(REPOSITORY, file).replaceAll("\\", "/"),
      folder: dirname(file),
      text: readFileSync(file, "utf8"),
    }));
}

function findMarkdown(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return findMarkdown(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/** Fenced code, without the fences. */
export function codeBlocks(text: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { readonly fence: string; readonly language: string; readonly line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const [, fence, language = ""] = /^\s*(`{3,})(\w*)/.exec(line) ?? [];
    if (open === undefined) {
      if (fence !== undefined) open = { fence, language, line: index + 2, lines: [] };
    } else if (line.trim() === open.fence) {
      blocks.push({ language: open.language, text: open.lines.join("\n"), line: open.line });
      open = undefined;
    } else {
      open.lines.push(line);
    }
  }
  return blocks;
}

/** The page without its fenced code. */
export function proseOf(text: string): string {
  return codeBlocks(text).reduce((prose, block) => (block.text === "" ? prose : prose.replace(block.text, "")), text);
}

/** Links within the repository; addresses of other places are left out. */
export function localLinks(text: string): readonly Link[] {
  return [...proseOf(text).matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g)]
    .map(([, label = "", target = ""]) => ({ label, target }))
    .filter(({ target }) => !/^[a-z]+:/.test(target));
}

/** What stands between single backticks. */
export function inlineCode(text: string): readonly string[] {
  return [...proseOf(text).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

/** The anchors that headings get, as GitHub makes them. */
export function anchors(text: string): ReadonlySet<string> {
  const headings = [...proseOf(text).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .trim()
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(/\s/g, "-"),
    ),
  );
}

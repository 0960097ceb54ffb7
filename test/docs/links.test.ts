/**
 * What the pages point at exists: linked files and headings, files named by their path from the repository's root, the
 * functions that a link into the code names, scripts of `npm run`, options of `meshfed`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { anchors, codeBlocks, inlineCode, localLinks, type Page, REPOSITORY, readPages } from "./markdown.ts";

const pages = readPages();
const ROOT_FOLDERS = "packages|docs|test|examples|scripts|\\.ci";
const PATH = new RegExp(`^(?:${ROOT_FOLDERS})/[\\w./-]*$`);

describe.each(pages)("$path", (page) => {
  test("every link leads to a file or folder, and to a heading of it", () => {
    expect(localLinks(page.text).flatMap(({ target }) => brokenLink(page, target))).toEqual([]);
  });

  test("every name that a link into the code is labelled with is declared there", () => {
    expect(localLinks(page.text).flatMap(({ label, target }) => undeclaredNames(page, label, target))).toEqual([]);
    expect(undeclaredNamesOfPaths(page.text)).toEqual([]);
  });

  test("every path of the repository that is named exists", () => {
    const named = inlineCode(page.text).filter((code) => PATH.test(code));
    expect(named.filter((path) => !existsSync(join(REPOSITORY, path)))).toEqual([]);
  });

  test("every npm script that is named is one", () => {
    expect(namedScripts(page.text).filter((script) => !SCRIPTS.has(script))).toEqual([]);
  });

  test("every option of meshfed that is shown is one", () => {
    const shown = commandLines(page.text).filter((line) =>
      /\bmeshfed(?:@\S+)? (?:serve|get|apply|delete)\b/.test(line),
    );
    const options = shown.flatMap((line) => [...line.matchAll(/(?<=\s)--?[a-zA-Z][\w-]*/g)].map(([option]) => option));
    expect(options.filter((option) => !OPTIONS.has(option))).toEqual([]);
  });
});

test("there are pages, and they link to the code", () => {
  const names = pages.flatMap(({ text }) => localLinks(text).flatMap(({ label }) => labelledNames(label)));
  expect(pages.map(({ path }) => path)).toContain("docs/architecture.md");
  expect(names.length).toBeGreaterThan(50);
});

function brokenLink({ folder, text }: Page, target: string): readonly string[] {
  const [path = "", anchor] = target.split("#", 2);
  const file = path === "" ? undefined : resolve(folder, path);
  if (file !== undefined && !existsSync(file)) return [`${target}: there is no such file`];
  if (anchor === undefined) return [];
  const headings = anchors(file === undefined ? text : readFileSync(file, "utf8"));
  return headings.has(decodeURIComponent(anchor)) ? [] : [`${target}: there is no such heading`];
}

/** Names in a label: `planMesh`, `Watcher.handle`, `#admit`. */
function labelledNames(label: string): readonly string[] {
  return [...label.matchAll(/`(#?[A-Za-z_$][\w$]*(?:\.[\w$]+)*)`/g)]
    .map(([, name = ""]) => name)
    .filter((name) => !/\.(?:ts|json|ya?ml|mjs|md)$/.test(name))
    .flatMap((name) => name.split("."));
}

function undeclaredNames({ folder }: Page, label: string, target: string): readonly string[] {
  const file = resolve(folder, target.split("#", 1)[0] ?? "");
  return labelledNames(label).flatMap((name) => undeclaredName(name, file, target));
}

/** `NAME` in `path/to/file.ts` */
function undeclaredNamesOfPaths(text: string): readonly string[] {
  return [...text.matchAll(/`([\w$]+)` (?:in|of) `([\w./-]+\.ts)`/g)].flatMap(([, name = "", path = ""]) =>
    undeclaredName(name, join(REPOSITORY, path), path),
  );
}

function undeclaredName(name: string, file: string, shown: string): readonly string[] {
  if (!file.endsWith(".ts") || !existsSync(file)) return [];
  return isDeclared(name.replace("#", ""), readFileSync(file, "utf8")) ? [] : [`${name} is not declared in ${shown}`];
}

function isDeclared(name: string, source: string): boolean {
  const declaration = `(?:function\\*?|class|interface|type|const|let|get|set)\\s+#?${name}\\b`;
  const member = `^\\s+(?:async\\s+|static\\s+|readonly\\s+|\\*\\s*)*#?${name}\\??\\s*[(<:=]`;
  return new RegExp(`${declaration}|${member}`, "m").test(source);
}

const SCRIPTS: ReadonlySet<string> = new Set(
  Object.keys(JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")).scripts),
);

function namedScripts(text: string): readonly string[] {
  return [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, script = ""]) => script);
}

/** Flags as the command's sources declare them. */
const OPTIONS: ReadonlySet<string> = new Set(
  ["apply", "connection", "delete", "get", "manifest-option", "serve"].flatMap((file) => {
    const source = readFileSync(join(REPOSITORY, `packages/server/src/cli/${file}.ts`), "utf8");
    return [...source.matchAll(/"(?:(-\w), )?(--[\w-]+)[ "]/g)].flatMap(([, short, long = ""]) =>
      short === undefined ? [long] : [short, long],
    );
  }),
);

/** Lines of shell code, each with its continuations. */
function commandLines(text: string): readonly string[] {
  return codeBlocks(text)
    .filter(({ language }) => language === "sh" || language === "console")
    .flatMap((block) => block.text.replaceAll("\\\n", " ").split("\n"))
    .map((line) => line.replace(/(?:^|\s)#.*$/, ""));
}

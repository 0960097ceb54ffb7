/** The samples in the pages are good: manifests load, TypeScript compiles, and both languages of a guide show the same. */
import { parseObject } from "@meshfed/core";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { codeBlocks, type Page, REPOSITORY, readPages } from "./markdown.ts";

const pages = readPages();

const manifests = pages.flatMap(({ path, text }) =>
  codeBlocks(text)
    .filter(({ language, text: sample }) => language === "yaml" && /^kind:/m.test(sample))
    .map((block) => ({ where: `${path}:${block.line}`, text: block.text })),
);

describe("manifests", () => {
  test("there are some", () => {
    expect(manifests.length).toBeGreaterThan(10);
  });

  test.each(manifests)("$where loads", ({ text }) => {
    const documents = parseAllDocuments(text);
    if (!Array.isArray(documents)) throw new Error("the sample is empty");
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    const results = documents.map((document) => parseObject(document.toJS()));
    expect(results.flatMap((result) => (result.ok ? [] : result.violations))).toEqual([]);
  });
});

describe("TypeScript", () => {
  const samples = pages
    .filter(({ path }) => path.startsWith("packages/"))
    .flatMap(({ path, text }) =>
      codeBlocks(text)
        .filter(({ language }) => language === "ts")
        .map((block) => ({
          file: `${REPOSITORY}test/docs/${path.replaceAll(/[/.]/g, "-")}-${block.line}.ts`,
          text: block.text,
        })),
    );

  test("every package shows how it is used", () => {
    expect(samples.length).toBeGreaterThanOrEqual(2);
  });

  test("samples compile as strictly as the packages do", { timeout: 120_000 }, () => {
    expect(compile(new Map(samples.map(({ file, text }) => [file, text])))).toEqual([]);
  });
});

/** What the compiler objects to in files that exist only here. */
function compile(files: ReadonlyMap<string, string>): readonly string[] {
  const source = (path: string) => [`${REPOSITORY}packages/${path}`];
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ["node"],
    typeRoots: [`${REPOSITORY}node_modules/@types`],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
    paths: {
      "@meshfed/core": source("core/src/index.ts"),
      "@meshfed/core/trust": source("core/src/trust/index.ts"),
      "@meshfed/core/gateway": source("core/src/gateway/index.ts"),
      "@meshfed/client": source("client/src/index.ts"),
      "@meshfed/server": source("server/src/index.ts"),
    },
  };
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.fileExists = (path) => files.has(path) || fileExists(path);
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files.keys()].flatMap((file) => {
    const sourceFile = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(sourceFile), ...program.getSemanticDiagnostics(sourceFile)].map(
      ({ messageText }) => `${file}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    );
  });
}

describe("the languages of a guide", () => {
  const translated = pages.filter(({ path }) => path.endsWith(".ja.md"));
  const original = (page: Page) => pages.find(({ path }) => path === page.path.replace(/\.ja\.md$/, ".md"));

  test("there is a Japanese guide", () => {
    expect(translated.map(({ path }) => path)).toContain("docs/guides/federation.ja.md");
  });

  test.each(translated)("$path shows the same code as its English original", (page) => {
    const shown = ({ text }: Page) => codeBlocks(text).map((block) => withoutComments(block.text));
    expect(shown(page)).toEqual(shown(original(page) ?? { path: "", folder: "", text: "" }));
  });
});

/** Comments in samples are translated. */
function withoutComments(code: string): string {
  return code
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, "$1").trimEnd())
    .filter((line) => line !== "")
    .join("\n");
}

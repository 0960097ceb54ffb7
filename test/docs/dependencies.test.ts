/** docs/dependencies.md names what the packages depend on: all of it, and nothing else. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY, readPages } from "./markdown.ts";

const FIELDS = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
const page = readPages().find(({ path }) => path === "docs/dependencies.md")?.text ?? "";

test("every dependency has its reason, and every reason a dependency", () => {
  const runTime = ["core", "client", "server"].flatMap((name) => dependenciesOf(`packages/${name}/package.json`));
  expect(namesIn("At run time")).toEqual(sorted(runTime));
  expect(namesIn("To build and test")).toEqual(sorted(dependenciesOf("package.json")));
});

function dependenciesOf(path: string): readonly string[] {
  const manifest: Record<string, unknown> = JSON.parse(readFileSync(join(REPOSITORY, path), "utf8"));
  return FIELDS.flatMap((field) => Object.keys(manifest[field] ?? {}));
}

/** Packages in the first column of the table under a heading. */
function namesIn(heading: string): readonly string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? "";
  const cells = [...section.matchAll(/^\| (`[^|]+) \|/gm)].map(([, cell = ""]) => cell);
  return sorted(cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name)));
}

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}

/** The guide's tables for troubleshooting know every reason that users can meet in a condition, and none that there is not. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inlineCode, REPOSITORY, readPages } from "./markdown.ts";

const CORE = join(REPOSITORY, "packages/core/src");
const REASON = /^[A-Z][a-z]+(?:[A-Z][a-z]+)*$/;

/** Names of kinds and conditions, and what stands for itself. */
const NO_REASONS: ReadonlySet<string> = new Set([
  "Conflict",
  "ConfigMap",
  "False",
  "True",
  "PartiallyInvalid",
  "Ready",
]);

const guides = readPages().filter(({ path }) => path.startsWith("docs/guides/"));

test.each(guides)("$path names reasons that there are", ({ text }) => {
  const sources = [CORE, join(REPOSITORY, "packages/server/src/controller")].flatMap(readSources).join("\n");
  const named = troubleshooting(text).filter((code) => REASON.test(code) && !NO_REASONS.has(code));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((reason) => !new RegExp(`"${reason}"|^ *${reason}:`, "m").test(sources))).toEqual([]);
});

test.each(guides)("$path names every reason of a condition", ({ text }) => {
  const named = new Set(troubleshooting(text));
  const peer = readFileSync(join(CORE, "plan/peer-conditions.ts"), "utf8");
  const gateway = readFileSync(join(CORE, "plan/gateway-problem.ts"), "utf8");
  const set = readFileSync(join(CORE, "plan/set-findings.ts"), "utf8");
  const reasons = [
    ...[...peer.matchAll(/^ {2}\| "(\w+)"/gm)].map(([, reason = ""]) => reason),
    ...[...gateway.matchAll(/^ {4}\| "(\w+)"/gm)].map(([, reason = ""]) => reason),
    ...[...set.matchAll(/reasons: \[([^\]]*)\]/g)].flatMap(([, list = ""]) => list.match(/\w+/g) ?? []),
  ];
  expect(reasons.length).toBeGreaterThan(18);
  expect(reasons.filter((reason) => !named.has(reason))).toEqual([]);
});

function readSources(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => readFileSync(join(folder, path), "utf8"));
}

/** Code in the last section. */
function troubleshooting(text: string): readonly string[] {
  return inlineCode(text.slice(text.search(/^## 10\./m)));
}

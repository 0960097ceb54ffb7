/**
 * Golden files: `golden/<name>.in.yaml` is a snapshot of a cluster, `golden/<name>.out.yaml` the plan that follows from it.
 *
 *     vitest run packages/core/test/plan/golden.test.ts -u
 *
 * writes the outputs anew; read the difference before you keep it.
 *
 * Fields of an input: `controlPlane` (as `namespace/name`), `now`, `include` (files of `golden/base` and
 * `test/fixtures/manifests`), `objects`, `observations`, `options`, `show` (parts of the plan; by default all but
 * `objects`) and `explain` (questions).
 */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { planMesh } from "../../src/index.js";
import { GOLDEN_FOLDER, readGoldenCase, renderPlan } from "./golden-case.js";

const SUFFIX = ".in.yaml";
const files = readdirSync(GOLDEN_FOLDER);
const names = files.filter((file) => file.endsWith(SUFFIX)).map((file) => file.slice(0, -SUFFIX.length));

describe("golden plans", () => {
  it.each(names)("%s", async (name) => {
    const { snapshot, options, questions, show } = readGoldenCase(`${name}${SUFFIX}`);
    const rendered = renderPlan(planMesh(snapshot, options), snapshot.objects, show, questions);
    const text = stringify(rendered, { lineWidth: 0, aliasDuplicateObjects: false });
    await expect(text).toMatchFileSnapshot(`${GOLDEN_FOLDER}${name}.out.yaml`);
  });

  it("are there, and each output has its input", () => {
    expect(names.length).toBeGreaterThan(0);
    const outputs = files.filter((file) => file.endsWith(".out.yaml"));
    expect(outputs.filter((file) => !names.includes(file.slice(0, -".out.yaml".length)))).toEqual([]);
  });
});

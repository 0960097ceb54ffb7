/**
 * Export rules: 100,000 services against 1,000 rules, and one changed service against the same, indexed against the plain
 * first-match loop over compiled rules.
 *
 *     npm run bench:rules -- --json FILE
 */
import { deepStrictEqual } from "node:assert/strict";
import { compileExportRules, type ExportCandidate, type ExportMatch, type ExportRule } from "@meshfed/core";
import {
  jsonPathFromArguments,
  type Measure,
  measure,
  measureInTurns,
  medianRatio,
  runtimeVersions,
  summarize,
  writeReport,
} from "./report.ts";

const NAMESPACES = 1_000;
const SERVICES_PER_NAMESPACE = 100;
const RULES = 1_000;
const CHANGED = 1_000;
const ROUNDS = 9;
const CONTROL_PLANE_NAMESPACE = "mesh-system";

const services = createServices();
const changed = services.filter((_service, index) => index % (services.length / CHANGED) === 0);

const scenarios = {
  nameRules: Array.from({ length: RULES }, (_, index) => nameRule(index)),
  mixedRules: Array.from({ length: RULES }, (_, index) => (index % 10 === 0 ? labelRule(index) : nameRule(index))),
};

const measures: Record<"indexed" | "loop", Record<string, Measure>> = { indexed: {}, loop: {} };
const ratios: Record<string, number> = {};
for (const [scenario, rules] of Object.entries(scenarios)) {
  const indexed = compileExportRules(rules, { controlPlaneNamespace: CONTROL_PLANE_NAMESPACE });
  const loop = compileLoop(rules);
  deepStrictEqual(
    services.map((service) => indexed.match(service)),
    services.map(loop),
  );

  const full = await measureInTurns(
    {
      indexed: () => countMatches(services, (service) => indexed.match(service)),
      loop: () => countMatches(services, loop),
    },
    ROUNDS,
  );
  const one = await measureInTurns(
    {
      indexed: () => countMatches(changed, (service) => indexed.match(service)),
      loop: () => countMatches(changed, loop),
    },
    ROUNDS,
  );
  const compile = await measure(
    () => compileExportRules(rules, { controlPlaneNamespace: CONTROL_PLANE_NAMESPACE }),
    ROUNDS,
  );
  Object.assign(measures.indexed, { [`${scenario}.compile`]: compile });
  for (const subject of ["indexed", "loop"] as const) {
    Object.assign(measures[subject], {
      [`${scenario}.fullPass`]: summarize(full(subject), "ms"),
      [`${scenario}.oneChange`]: summarize(one(subject), "us", 1_000 / changed.length),
    });
  }
  ratios[`${scenario}.fullPass`] = medianRatio(full("indexed"), full("loop"));
  ratios[`${scenario}.oneChange`] = medianRatio(one("indexed"), one("loop"));
}

// the loop would take ten times as long, the index must not
const manyRules = Array.from({ length: 10 * RULES }, (_, index) => nameRule(index));
const many = compileExportRules(manyRules, { controlPlaneNamespace: CONTROL_PLANE_NAMESPACE });
Object.assign(measures.indexed, {
  "tenTimesNameRules.fullPass": await measure(() => countMatches(services, (service) => many.match(service)), ROUNDS),
});

console.log(`${services.length} services, ${RULES} rules, ${ROUNDS} rounds\n`);
writeReport({
  json: jsonPathFromArguments(),
  date: new Date().toISOString(),
  versions: runtimeVersions(),
  ratios: { loop: ratios },
  measures,
});

/** Some are exported, most are not; each has the labels that a chart usually gives. */
function createServices(): ExportCandidate[] {
  return Array.from({ length: NAMESPACES * SERVICES_PER_NAMESPACE }, (_, index) => {
    const number = index % SERVICES_PER_NAMESPACE;
    return {
      namespace: `namespace-${Math.floor(index / SERVICES_PER_NAMESPACE)}`,
      name: `service-${number}`,
      labels: {
        app: `service-${number}`,
        version: `v${number % 3}`,
        team: `team-${index % 97}`,
        "app.kubernetes.io/managed-by": "Helm",
      },
    };
  });
}

/** Mostly one service of one namespace; some whole namespaces, some names in any namespace. */
function nameRule(index: number): ExportRule {
  const namespace = `namespace-${(index * 7) % (2 * NAMESPACES)}`;
  const name = `service-${(index * 13) % (2 * SERVICES_PER_NAMESPACE)}`;
  const alias = { namespace: "shared" };
  if (index % 50 === 1) return { type: "NameSelector", nameSelector: { namespace, name: "*", alias } };
  if (index % 100 === 2) return { type: "NameSelector", nameSelector: { namespace: "*", name, alias } };
  return { type: "NameSelector", nameSelector: { namespace, name, alias } };
}

function labelRule(index: number): ExportRule {
  const matchLabels = { team: `team-${(index * 3) % 200}`, version: `v${index % 4}` };
  const scope = index % 20 === 0 ? { namespace: `namespace-${index % NAMESPACES}` } : {};
  return { type: "LabelSelector", labelSelector: { ...scope, selector: { matchLabels } } };
}

function countMatches(
  candidates: readonly ExportCandidate[],
  match: (candidate: ExportCandidate) => ExportMatch | undefined,
): number {
  let matches = 0;
  for (const candidate of candidates) if (match(candidate) !== undefined) matches++;
  return matches;
}

/** What anybody would write first: rules prepared once, then tried one after the other. */
function compileLoop(rules: readonly ExportRule[]): (service: ExportCandidate) => ExportMatch | undefined {
  const literal = (part: string | undefined) => (part === "*" ? undefined : part);
  const compiled = rules.map(({ nameSelector, labelSelector }, index) => ({
    index,
    namespace: literal(nameSelector?.namespace ?? labelSelector?.namespace),
    name: literal(nameSelector?.name),
    labels: Object.entries(labelSelector?.selector?.matchLabels ?? {}),
    alias: nameSelector?.alias?.namespace,
  }));
  return (service) => {
    for (const { index, namespace, name, labels, alias } of compiled) {
      if (namespace !== undefined && namespace !== service.namespace) continue;
      if (name !== undefined && name !== service.name) continue;
      if (!labels.every(([key, value]) => service.labels[key] === value)) continue;
      return { index, exportedName: service.name, exportedNamespace: alias ?? service.namespace };
    }
    return undefined;
  };
}

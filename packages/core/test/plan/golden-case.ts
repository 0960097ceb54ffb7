import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import {
  type ExportQuestion,
  formatViolations,
  type ImportQuestion,
  type KubernetesObject,
  type MeshPlan,
  type MeshPlannerOptions,
  type MeshSnapshot,
  objectKey,
  objectReference,
  type PeerObservation,
  PORT_PROTOCOLS,
  parseObject,
  parseTimestamp,
} from "../../src/index.js";

export const GOLDEN_FOLDER = fileURLToPath(new URL("./golden/", import.meta.url));
export const MANIFEST_FOLDER = fileURLToPath(new URL("../../../../test/fixtures/manifests/", import.meta.url));

const PARTS = ["gatewayResources", "exports", "imports", "objects", "statuses", "diagnostics"] as const;
type Part = (typeof PARTS)[number];

const watch = {
  connected: z.boolean(),
  lastConnected: z.string().exactOptional(),
  lastEvent: z.string().exactOptional(),
  lastFullSync: z.string().exactOptional(),
  lastDisconnect: z.string().exactOptional(),
  lastDisconnectStatus: z.string().exactOptional(),
};
const pods = z.array(
  z.object({
    pod: z.string(),
    watch: z.object(watch),
    remotes: z.array(z.object({ source: z.string(), ...watch })).exactOptional(),
  }),
);

const service = z.object({
  name: z.string(),
  namespace: z.string(),
  /** What the peer calls this mesh. */
  to: z.string(),
  ports: z.array(z.object({ name: z.string(), port: z.number(), protocol: z.enum(PORT_PROTOCOLS) })),
  accounts: z.array(z.string()).default([]),
});

const caseSchema = z.strictObject({
  controlPlane: z.string(),
  now: z.string(),
  include: z.array(z.string()).default([]),
  objects: z.array(z.unknown()).default([]),
  observations: z
    .array(
      z.strictObject({
        peer: z.string(),
        lastConfirmed: z.string().exactOptional(),
        discoveryStatus: z.object({ active: pods.exactOptional(), inactive: pods.exactOptional() }).default({}),
        services: z.array(service).default([]),
        rejected: z.record(z.string(), z.string()).default({}),
      }),
    )
    .default([]),
  options: z
    .strictObject({
      nodeAddress: z.string().exactOptional(),
      virtualAddressRange: z.string().exactOptional(),
      installation: z.boolean().exactOptional(),
    })
    .default({}),
  show: z.array(z.enum(PARTS)).default(PARTS.filter((part) => part !== "objects")),
  explain: z
    .array(
      z.union([
        z.strictObject({ export: z.string(), to: z.string() }),
        z.strictObject({ import: z.string(), from: z.string() }),
      ]),
    )
    .default([]),
});

export interface GoldenCase {
  readonly snapshot: MeshSnapshot & { readonly objects: readonly KubernetesObject[] };
  readonly options: MeshPlannerOptions;
  readonly show: readonly Part[];
  readonly questions: z.output<typeof caseSchema>["explain"];
}

export function readGoldenCase(file: string): GoldenCase {
  const input = caseSchema.parse(parse(readFileSync(GOLDEN_FOLDER + file, "utf8")));
  const [namespace = "", name = ""] = input.controlPlane.split("/");
  const included = input.include.flatMap((included) => readDocuments(included));
  return {
    snapshot: {
      controlPlane: { namespace, name },
      objects: [...included, ...input.objects].map(toObject),
      observations: input.observations.map(toObservation),
      now: parseTimestamp(input.now) ?? Number.NaN,
    },
    options: input.options,
    show: input.show,
    questions: input.explain,
  };
}

function readDocuments(file: string): readonly unknown[] {
  const folder = file.startsWith("base/") ? GOLDEN_FOLDER : MANIFEST_FOLDER;
  return parseAllDocuments(readFileSync(folder + file, "utf8")).map((document) => document.toJS());
}

export function toObject(input: unknown): KubernetesObject {
  const object = parseObject(input);
  if (!object.ok) throw new Error(`${JSON.stringify(input)}: ${formatViolations(object.violations)}`);
  return object.value;
}

type ObservationInput = z.output<typeof caseSchema>["observations"][number];

function toObservation({
  peer,
  services,
  rejected,
  lastConfirmed,
  discoveryStatus,
}: ObservationInput): PeerObservation {
  const messages = services.map((offered) => {
    const hostname = `${offered.name}.${offered.namespace}.svc.${offered.to}-exports.local`;
    const { name, namespace, ports, accounts } = offered;
    return [hostname, { name, namespace, hostname, servicePorts: ports, serviceAccounts: accounts }] as const;
  });
  const rejections = Object.entries(rejected).map(
    ([hostname, message]) => [hostname, [{ path: "hostname", reason: "Invalid", message } as const]] as const,
  );
  const confirmed = lastConfirmed === undefined ? undefined : parseTimestamp(lastConfirmed);
  return {
    peer,
    services: new Map(messages),
    rejected: new Map(rejections),
    discoveryStatus,
    ...(confirmed !== undefined && { lastConfirmed: confirmed }),
  };
}

/** The plan as plain data, in an order that depends on names alone. */
export function renderPlan(
  plan: MeshPlan,
  objects: Iterable<KubernetesObject>,
  show: readonly Part[] = PARTS,
  questions: GoldenCase["questions"] = [],
): Record<string, unknown> {
  const parts: Record<Part, () => unknown> = {
    gatewayResources: () => sortedRecord(plan.gatewayResources),
    exports: () => sortedRecord(plan.exports, (services) => sortedRecord(services)),
    imports: () =>
      sortedRecord(plan.imports, ({ services, ...rest }) => ({ ...rest, services: sortedRecord(services) })),
    objects: () => sortedRecord(plan.objects),
    statuses: () => sortedRecord(new Map(statusesOf(plan, objects))),
    diagnostics: () => plan.diagnostics,
  };
  const answers = questions.map((question) => [questionText(question), explain(plan, question)] as const);
  return {
    ...Object.fromEntries(show.map((part) => [part, parts[part]()])),
    ...(answers.length > 0 && { explanations: Object.fromEntries(answers) }),
  };
}

function* statusesOf(plan: MeshPlan, objects: Iterable<KubernetesObject>): Iterable<readonly [string, unknown]> {
  for (const object of objects) {
    const status = plan.status(objectReference(object));
    if (status !== undefined) yield [objectKey(objectReference(object)), status];
  }
}

function questionText(question: GoldenCase["questions"][number]): string {
  return "export" in question
    ? `export ${question.export} to ${question.to}`
    : `import ${question.import} from ${question.from}`;
}

function explain(plan: MeshPlan, question: GoldenCase["questions"][number]): readonly string[] {
  const decisions =
    "export" in question
      ? plan.explainExport(exportQuestion(question.export, question.to))
      : plan.explainImport(importQuestion(question.import, question.from));
  return decisions.map(({ test, outcome, rule, message }) => {
    const where = rule === undefined ? "" : ` (${rule.set}[${rule.index}])`;
    return `${test} ${outcome}${where}: ${message}`;
  });
}

function exportQuestion(service: string, peer: string): ExportQuestion {
  const [namespace = "", name = ""] = service.split("/");
  return { service: { namespace, name }, peer };
}

function importQuestion(service: string, peer: string): ImportQuestion {
  const [namespace = "", name] = service.split("/");
  return name === undefined ? { peer, hostname: service } : { peer, namespace, name };
}

function sortedRecord<V>(
  map: ReadonlyMap<string, V>,
  render: (value: V) => unknown = (value) => value,
): Record<string, unknown> {
  const entries = [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, value]) => [key, render(value)]));
}

import type { Diagnostic } from "@meshfed/core";
import { createLogger } from "@meshfed/server";
import { expect, it } from "vitest";
import { ManualClock } from "../../../../test/conformance/manual-clock.js";
import { eventually } from "../../../../test/e2e/eventually.js";
import { createDiagnosticLog } from "../../src/controller/diagnostic-log.js";
import { controlPlaneManifest, NAMESPACE, namespaceManifest, startServer } from "./server-rig.js";

const problem = (name: string, severity: Diagnostic["severity"] = "warning"): Diagnostic => ({
  severity,
  reason: "ShadowedRule",
  object: { kind: "ExportedServiceSet", namespace: NAMESPACE, name },
  path: "spec.exportRules[1]",
  message: "rule 1 never applies",
  remedy: "remove it",
});

/** A log on a clock that stands still, and what it says: `level object: message`, without the message when it is solved. */
function rig() {
  const clock = new ManualClock();
  const lines: string[] = [];
  const write = (line: string) => {
    const { level, object, reason, message } = JSON.parse(line);
    lines.push([level, object, reason, message].filter((field) => field !== undefined).join(" "));
  };
  const logger = createLogger({ level: "info", destination: { write } });
  return { clock, lines, log: createDiagnosticLog({ clock, logger, delayMs: 1000 }) };
}

const A = `ExportedServiceSet/${NAMESPACE}/a ShadowedRule`;
const B = `ExportedServiceSet/${NAMESPACE}/b ShadowedRule`;

it("tells by its severity what has lasted, and then that it is solved", () => {
  const { clock, lines, log } = rig();
  log.note({ appeared: [problem("a"), problem("b", "error")], resolved: [] });
  clock.advance(999);
  expect(lines).toEqual([]);
  clock.advance(1);
  expect(lines).toEqual([`warn ${A} rule 1 never applies`, `error ${B} rule 1 never applies`]);
  log.note({ appeared: [], resolved: [problem("b", "error")] });
  expect(lines.slice(2)).toEqual([`info ${B}`]);
  expect(clock.pending).toBe(0);
});

it("does not tell what is solved a moment later, and lets each problem have its own moment", () => {
  const { clock, lines, log } = rig();
  log.note({ appeared: [problem("a")], resolved: [] });
  clock.advance(600);
  log.note({ appeared: [problem("b")], resolved: [problem("a")] });
  clock.advance(600);
  expect(lines).toEqual([]);
  clock.advance(400);
  expect(lines).toEqual([`warn ${B} rule 1 never applies`]);
});

it("tells anew what is wrong again", () => {
  const { clock, lines, log } = rig();
  log.note({ appeared: [problem("a")], resolved: [] });
  clock.advance(1000);
  log.note({ appeared: [], resolved: [problem("a")] });
  log.note({ appeared: [problem("a")], resolved: [] });
  clock.advance(1000);
  expect(lines).toEqual([`warn ${A} rule 1 never applies`, `info ${A}`, `warn ${A} rule 1 never applies`]);
});

it("tells nothing after it is closed", () => {
  const { clock, lines, log } = rig();
  log.note({ appeared: [problem("a")], resolved: [] });
  log.close();
  clock.advance(10_000);
  expect([lines, clock.pending]).toEqual([[], 0]);
});

it("a server says what no status tells of: a rule that never applies", async () => {
  const rule = { type: "NameSelector", nameSelector: { namespace: "*", name: "*" } };
  const set = (exportRules: readonly object[]) => ({
    apiVersion: "federation.maistra.io/v1",
    kind: "ExportedServiceSet",
    metadata: { name: "green-mesh", namespace: NAMESPACE },
    spec: { exportRules },
  });
  const rig = await startServer("127.95.60.0/24");
  await rig.server.serving(await rig.apply(namespaceManifest(), controlPlaneManifest(), set([rule, rule])));
  const told = (level: string) =>
    expect.objectContaining({
      level,
      object: `ExportedServiceSet/${NAMESPACE}/green-mesh`,
      reason: "ShadowedRule",
      path: "spec.exportRules[1]",
    });
  await eventually(() => expect(rig.log()).toContainEqual(told("warn")));
  await rig.apply(set([rule]));
  await eventually(() => expect(rig.log()).toContainEqual(told("info")));
});

import type { GatewayConfigurationChange } from "@meshfed/core";
import type { GatewayProblem } from "@meshfed/core/gateway";
import { createLogger } from "@meshfed/server";
import { expect, it, vi } from "vitest";
import { ManualClock } from "../../../../test/conformance/manual-clock.js";
import { createGatewayApplier } from "../../src/controller/gateway-applier.js";

const PROBLEM: GatewayProblem = {
  resource: "IngressGateway/green-mesh",
  reason: "AddressInUse",
  listener: { address: "127.80.0.1", port: 15443 },
  message: "another program has the address",
  remedy: "stop it",
};
const CHANGE: GatewayConfigurationChange = { upserted: [], removed: ["ExportRoute/green-mesh/gone"] };

/** A data plane that reports what it is told to report, and the log lines that follow from it. */
function rig() {
  const clock = new ManualClock();
  const applied: GatewayConfigurationChange[] = [];
  const lines: string[] = [];
  const state = { problems: [PROBLEM] as readonly GatewayProblem[] };
  const logger = createLogger({ level: "info", destination: { write: (line: string) => void lines.push(line) } });
  const gateways = createGatewayApplier({
    clock,
    logger,
    dataPlane: {
      apply: async (change) => {
        applied.push(change);
        return state.problems;
      },
      connectDiscovery: () => Promise.reject(new Error("not asked for")),
      close: async () => undefined,
    },
  });
  return { clock, applied, lines, state, gateways };
}

it("says once what does not run, tries it again, and says when it runs", async () => {
  const { clock, applied, lines, state, gateways } = rig();
  await gateways.apply(CHANGE);
  clock.advance(10_000);
  await vi.waitFor(() => expect(clock.pending).toBe(1));
  expect(applied).toEqual([CHANGE, { upserted: [], removed: [] }]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("AddressInUse");
  state.problems = [];
  clock.advance(10_000);
  await vi.waitFor(() => expect(lines).toHaveLength(2));
  expect(lines[1]).toContain("runs again");
  expect(clock.pending).toBe(0);
});

it("stops trying when it is closed", async () => {
  const { clock, gateways } = rig();
  await gateways.apply(CHANGE);
  gateways.close();
  expect(clock.pending).toBe(0);
});

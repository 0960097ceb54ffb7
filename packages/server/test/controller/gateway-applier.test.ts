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

/** A data plane that reports what it is told to report. */
function rig() {
  const clock = new ManualClock();
  const applied: GatewayConfigurationChange[] = [];
  const state = { problems: [PROBLEM] as readonly GatewayProblem[] };
  const told: (readonly GatewayProblem[])[] = [];
  const gateways = createGatewayApplier({
    onProblems: (problems) => told.push(problems),
    clock,
    logger: createLogger({ level: "silent" }),
    dataPlane: {
      apply: async (change) => {
        applied.push(change);
        return state.problems;
      },
      connectDiscovery: () => Promise.reject(new Error("not asked for")),
      close: async () => undefined,
    },
  });
  return { clock, applied, state, told, gateways };
}

it("tells once what does not run, tries it again, and tells when it runs", async () => {
  const { clock, applied, state, told, gateways } = rig();
  await gateways.apply(CHANGE);
  clock.advance(10_000);
  await vi.waitFor(() => expect(clock.pending).toBe(1));
  expect(applied).toEqual([CHANGE, { upserted: [], removed: [] }]);
  expect(told).toEqual([[PROBLEM]]);
  state.problems = [];
  clock.advance(10_000);
  await vi.waitFor(() => expect(told).toEqual([[PROBLEM], []]));
  expect(clock.pending).toBe(0);
});

it("stops trying when it is closed", async () => {
  const { clock, gateways } = rig();
  await gateways.apply(CHANGE);
  gateways.close();
  expect(clock.pending).toBe(0);
});

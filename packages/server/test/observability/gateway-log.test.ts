import type { ConnectionRefused } from "@meshfed/core/gateway";
import { createLogger } from "@meshfed/server";
import { expect, it } from "vitest";
import { ManualClock } from "../../../../test/conformance/manual-clock.js";
import { createGatewayLog } from "../../src/observability/gateway-log.js";

function rig() {
  const clock = new ManualClock();
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const log = createGatewayLog({ clock, logger: createLogger({ level: "info", destination }) });
  return { clock, lines, log };
}

function refusal(port: number, reason: ConnectionRefused["reason"] = "NotTls"): ConnectionRefused {
  return {
    role: "IngressService",
    reason,
    resource: "IngressGateway/green-mesh",
    downstream: `127.0.0.1:${port}`,
    message: "something else than TLS was spoken",
  };
}

it("does not let strangers fill the log, and says how much it left out", () => {
  const { clock, lines, log } = rig();
  for (let port = 1; port <= 1000; port++) log.connectionRefused?.(refusal(port));
  log.connectionRefused?.(refusal(1001, "CertificateMissing"));
  expect(lines.map(({ downstream }) => downstream)).toEqual(
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1001].map((port) => `127.0.0.1:${port}`),
  );
  clock.advance(10_000);
  log.connectionRefused?.(refusal(1002));
  log.connectionRefused?.(refusal(1003));
  expect(lines.slice(11)).toEqual([
    expect.objectContaining({ level: "warn", downstream: "127.0.0.1:1002", suppressed: 990 }),
    expect.not.objectContaining({ suppressed: expect.anything() }),
  ]);
});

it("leaves nothing out where little happens, and keeps no process alive", () => {
  const { clock, lines, log } = rig();
  for (let port = 1; port <= 25; port++) {
    log.connectionRefused?.(refusal(port));
    clock.advance(1_000);
  }
  expect(lines).toHaveLength(25);
  expect(JSON.stringify(lines)).not.toContain("suppressed");
  expect(clock.pending).toBe(0);
});

import type { Clock, GatewayConfigurationChange, TimerHandle } from "@meshfed/core";
import type { GatewayProblem } from "@meshfed/core/gateway";
import type { Logger } from "pino";
import type { DataPlane } from "../dataplane/data-plane.js";

export interface GatewayApplierOptions {
  readonly dataPlane: DataPlane;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when something else than before does not run. */
  readonly onProblems: (problems: readonly GatewayProblem[]) => void;
}

/** Hands changes to the data plane, tells what does not run, and tries that again until it does. */
export interface GatewayApplier {
  apply(change: GatewayConfigurationChange): Promise<void>;
  /** Stops trying. */
  close(): void;
}

const RETRY_INTERVAL_MS = 2_000;
const NO_CHANGE: GatewayConfigurationChange = { upserted: [], removed: [] };

export function createGatewayApplier({ dataPlane, clock, logger, onProblems }: GatewayApplierOptions): GatewayApplier {
  let reported = JSON.stringify([]);
  let retry: TimerHandle | undefined;
  let closed = false;

  async function apply(change: GatewayConfigurationChange): Promise<void> {
    report(await dataPlane.apply(change));
  }

  function report(problems: readonly GatewayProblem[]): void {
    const current = JSON.stringify(problems);
    if (current !== reported) onProblems(problems);
    reported = current;
    clock.clearTimeout(retry);
    if (problems.length > 0 && !closed) retry = clock.setTimeout(tryAgain, RETRY_INTERVAL_MS);
  }

  function tryAgain(): void {
    if (closed) return;
    apply(NO_CHANGE).catch((error: unknown) => logger.error({ err: error }, "could not carry out a change"));
  }

  return {
    apply,
    close() {
      closed = true;
      clock.clearTimeout(retry);
    },
  };
}

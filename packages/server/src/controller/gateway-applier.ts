import type { Clock, GatewayConfigurationChange, TimerHandle } from "@meshfed/core";
import type { GatewayProblem } from "@meshfed/core/gateway";
import type { Logger } from "pino";
import type { DataPlane } from "../dataplane/data-plane.js";

export interface GatewayApplierOptions {
  readonly dataPlane: DataPlane;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Hands changes to the data plane, says once what does not run, and tries that again until it does. */
export interface GatewayApplier {
  apply(change: GatewayConfigurationChange): Promise<void>;
  /** Stops trying. */
  close(): void;
}

const RETRY_INTERVAL_MS = 10_000;
const NO_CHANGE: GatewayConfigurationChange = { upserted: [], removed: [] };

export function createGatewayApplier({ dataPlane, clock, logger }: GatewayApplierOptions): GatewayApplier {
  let reported = new Set<string>();
  let retry: TimerHandle | undefined;
  let closed = false;

  async function apply(change: GatewayConfigurationChange): Promise<void> {
    report(await dataPlane.apply(change));
  }

  function report(problems: readonly GatewayProblem[]): void {
    const current = new Map(problems.map((problem) => [identify(problem), problem]));
    for (const [id, problem] of current) {
      if (!reported.has(id)) logger.error(problem, "a part of a gateway does not run");
    }
    for (const id of reported) {
      if (!current.has(id)) logger.info({ problem: id }, "a part of a gateway runs again");
    }
    reported = new Set(current.keys());
    clock.clearTimeout(retry);
    if (problems.length > 0 && !closed) retry = clock.setTimeout(tryAgain, RETRY_INTERVAL_MS);
  }

  function tryAgain(): void {
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

function identify({ resource, reason, listener }: GatewayProblem): string {
  return listener === undefined
    ? `${resource}: ${reason}`
    : `${resource}: ${reason} ${listener.address}:${listener.port}`;
}

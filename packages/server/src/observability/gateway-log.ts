import type { Clock } from "@meshfed/core";
import type { GatewayObserver } from "@meshfed/core/gateway";
import type { Logger } from "pino";
import { createLogLimiter } from "./log-limiter.js";

export interface GatewayLogOptions {
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * Gateway events as log lines: a constant text per event, values in fields. What is refused or fails is a warning, what
 * works is the access log at level debug. Who knocks at a gateway's port without being let in cannot fill the log.
 */
export function createGatewayLog({ logger, clock }: GatewayLogOptions): GatewayObserver {
  const limited = createLogLimiter({ clock, logger });
  return {
    connectionOpened: (event) => logger.debug(event, "connection opened"),
    connectionClosed: (event) => logger.debug(event, "connection closed"),
    connectionRefused: (event) =>
      limited.warn(`${event.resource} ${event.role} ${event.reason}`, event, "connection refused"),
    requestCompleted: (event) => {
      if (event.failure === undefined) logger.debug(event, "request completed");
      else limited.warn(`${event.failure.reason} ${event.peer ?? ""}`, event, "request failed");
    },
    peerFailed: (event) =>
      limited.warn(`${event.peer} ${event.address} ${event.reason}`, event, "could not reach a peer's gateway"),
    problem: (problem) => logger.error(problem, "a part of a gateway does not run"),
  };
}

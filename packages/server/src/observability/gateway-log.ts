import type { GatewayObserver } from "@meshfed/core/gateway";
import type { Logger } from "pino";

/**
 * Gateway events as log lines: a constant text per event, values in fields. What is refused or fails is a warning, what
 * works is the access log at level debug.
 */
export function createGatewayLog(logger: Logger): GatewayObserver {
  return {
    connectionOpened: (event) => logger.debug(event, "connection opened"),
    connectionClosed: (event) => logger.debug(event, "connection closed"),
    connectionRefused: (event) => logger.warn(event, "connection refused"),
    requestCompleted: (event) => {
      if (event.failure === undefined) logger.debug(event, "request completed");
      else logger.warn(event, "request failed");
    },
    peerFailed: (event) => logger.warn(event, "could not reach a peer's gateway"),
    problem: (problem) => logger.error(problem, "a part of a gateway does not run"),
  };
}

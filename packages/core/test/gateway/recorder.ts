import type {
  ConnectionClosed,
  ConnectionOpened,
  ConnectionRefused,
  GatewayObserver,
  GatewayProblem,
  PeerFailed,
  RequestCompleted,
} from "../../src/gateway/index.js";

export interface Recorded {
  readonly opened: ConnectionOpened[];
  readonly closed: ConnectionClosed[];
  readonly refused: ConnectionRefused[];
  readonly requests: RequestCompleted[];
  readonly peerFailures: PeerFailed[];
  readonly problems: GatewayProblem[];
}

/** Keeps everything that an engine tells. */
export function recorder(): { readonly observer: GatewayObserver; readonly recorded: Recorded } {
  const recorded: Recorded = { opened: [], closed: [], refused: [], requests: [], peerFailures: [], problems: [] };
  return {
    recorded,
    observer: {
      connectionOpened: (event) => recorded.opened.push(event),
      connectionClosed: (event) => recorded.closed.push(event),
      connectionRefused: (event) => recorded.refused.push(event),
      requestCompleted: (event) => recorded.requests.push(event),
      peerFailed: (event) => recorded.peerFailures.push(event),
      problem: (problem) => recorded.problems.push(problem),
    },
  };
}

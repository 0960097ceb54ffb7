import type { Clock } from "../clock.js";
import type { AddressHealth } from "./address-health.js";
import { HopError } from "./hop-error.js";

export interface ConnectAnyOptions<Candidate, Connection> {
  readonly candidates: readonly Candidate[];
  /** Under which key the candidate's health is kept. */
  readonly keyOf: (candidate: Candidate) => string;
  readonly health: AddressHealth;
  readonly clock: Clock;
  readonly maxAttempts: number;
  readonly signal: AbortSignal;
  readonly connect: (candidate: Candidate) => Promise<Connection>;
  /** What to throw when there is no candidate. */
  readonly none: () => HopError;
}

/** The first candidate that can be reached, best first. Failures other than a HopError, and an abort, end the search. */
export async function connectAny<Candidate, Connection>(
  options: ConnectAnyOptions<Candidate, Connection>,
): Promise<Connection> {
  const { candidates, keyOf, health, clock, maxAttempts, signal, connect, none } = options;
  let failure: HopError | undefined;
  for (const candidate of health.order(candidates, keyOf, clock.now()).slice(0, maxAttempts)) {
    try {
      const connection = await connect(candidate);
      health.succeeded(keyOf(candidate));
      return connection;
    } catch (error) {
      if (signal.aborted || !(error instanceof HopError)) throw error;
      health.failed(keyOf(candidate), clock.now());
      failure = error;
    }
  }
  throw failure ?? none();
}

/**
 * Which of several addresses to try next: round robin over those that work, then those that failed, the one whose
 * penalty ends first in front. An address is never given up: when all have failed, all are still tried.
 *
 * A failure doubles the address's penalty, up to a maximum, with up to a fifth of random time on top so that callers do
 * not return to it together. One success clears it. Only failed addresses cost memory.
 */
export interface AddressHealthOptions {
  readonly penaltyBaseMs: number;
  readonly penaltyMaxMs: number;
  readonly random: () => number;
}

interface Penalty {
  readonly failures: number;
  readonly until: number;
}

const JITTER_RATIO = 0.2;

export interface AddressHealth {
  /** `candidates`, each once, best first. Moves the round robin on by one. */
  order<T>(candidates: readonly T[], keyOf: (candidate: T) => string, now: number): T[];
  failed(key: string, now: number): void;
  succeeded(key: string): void;
}

/** Above so many failed addresses, those whose penalty ended long ago are forgotten. */
const MAX_PENALTIES = 1_024;

export function createAddressHealth({ penaltyBaseMs, penaltyMaxMs, random }: AddressHealthOptions): AddressHealth {
  const penalties = new Map<string, Penalty>();
  let turn = 0;

  const endOfPenalty = (key: string, now: number): number => {
    const until = penalties.get(key)?.until ?? 0;
    return until > now ? until : 0;
  };

  const forgetBefore = (time: number) => {
    for (const [key, { until }] of penalties) if (until < time) penalties.delete(key);
  };

  return {
    order(candidates, keyOf, now) {
      const start = candidates.length === 0 ? 0 : turn++ % candidates.length;
      const rotated = [...candidates.slice(start), ...candidates.slice(0, start)];
      if (penalties.size === 0) return rotated;
      const ends = new Map(rotated.map((candidate) => [candidate, endOfPenalty(keyOf(candidate), now)]));
      // The sort is stable: addresses without a penalty keep their turn.
      return rotated.sort((a, b) => (ends.get(a) ?? 0) - (ends.get(b) ?? 0));
    },
    failed(key, now) {
      const failures = (penalties.get(key)?.failures ?? 0) + 1;
      const penaltyMs = Math.min(penaltyMaxMs, penaltyBaseMs * 2 ** Math.min(failures - 1, 30));
      penalties.set(key, { failures, until: now + penaltyMs * (1 + JITTER_RATIO * random()) });
      if (penalties.size > MAX_PENALTIES) forgetBefore(now - penaltyMaxMs);
    },
    succeeded: (key) => void penalties.delete(key),
  };
}

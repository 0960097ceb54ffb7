import { FederationError } from "../errors.js";

export interface BackoffOptions {
  /** Defaults to 500 ms. */
  readonly initialMs?: number;
  /** Defaults to 1.5. */
  readonly factor?: number;
  /** Part of the interval by which a wait may be shorter or longer, 0 to 1. Defaults to 0.5. */
  readonly jitterRatio?: number;
  /** The interval grows to this; the jitter goes around it, so that peers do not come back at once. Defaults to 60 s. */
  readonly maxMs?: number;
}

/**
 * Growing waits between attempts.
 * @see reference §5.3
 */
export class Backoff {
  readonly #initialMs: number;
  readonly #factor: number;
  readonly #jitterRatio: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #intervalMs: number;

  /** Throws INVALID_ARGUMENT for options that would not grow or would not wait. */
  constructor(random: () => number, options: BackoffOptions = {}) {
    const { initialMs = 500, factor = 1.5, jitterRatio = 0.5, maxMs = 60_000 } = options;
    if (!(initialMs > 0 && factor >= 1 && jitterRatio >= 0 && jitterRatio <= 1 && maxMs >= initialMs)) {
      const found = `initialMs ${initialMs}, factor ${factor}, jitterRatio ${jitterRatio}, maxMs ${maxMs}`;
      throw new FederationError(
        "INVALID_ARGUMENT",
        `backoff options must satisfy 0 < initialMs <= maxMs, factor >= 1 and 0 <= jitterRatio <= 1, found ${found}`,
      );
    }
    this.#random = random;
    this.#initialMs = initialMs;
    this.#factor = factor;
    this.#jitterRatio = jitterRatio;
    this.#maxMs = maxMs;
    this.#intervalMs = initialMs;
  }

  /** How long to wait before the next attempt; the one after waits longer. */
  nextDelayMs(): number {
    const spread = this.#jitterRatio * (2 * this.#random() - 1);
    const delayMs = Math.round(this.#intervalMs * (1 + spread));
    this.#intervalMs = Math.min(this.#intervalMs * this.#factor, this.#maxMs);
    return delayMs;
  }

  /** The next wait is the shortest again. */
  reset(): void {
    this.#intervalMs = this.#initialMs;
  }
}

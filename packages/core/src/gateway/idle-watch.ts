import type { Clock } from "../clock.js";

export interface IdleWatch {
  /** Something happened: the time starts over. As cheap as reading the clock. */
  readonly touch: () => void;
  readonly stop: () => void;
}

export interface IdleWatchOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Called once, when nothing happened for `timeoutMs`. */
  readonly onIdle: () => void;
}

/** One timer that looks when it ends how long ago the last activity was, instead of one that is moved by each activity. */
export function watchIdle({ clock, timeoutMs, onIdle }: IdleWatchOptions): IdleWatch {
  let lastActivity = clock.now();
  const check = () => {
    const now = clock.now();
    // After a step back of the clock the last activity seems to lie ahead.
    lastActivity = Math.min(lastActivity, now);
    const leftMs = lastActivity + timeoutMs - now;
    if (leftMs <= 0) onIdle();
    else timer = clock.setTimeout(check, leftMs);
  };
  let timer = clock.setTimeout(check, timeoutMs);
  return {
    touch: () => {
      lastActivity = clock.now();
    },
    stop: () => clock.clearTimeout(timer),
  };
}

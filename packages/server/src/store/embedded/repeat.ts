import type { Clock, TimerHandle } from "@meshfed/core";

/** Calls `run` every `intervalMs` until the returned function is called. */
export function repeat(clock: Clock, intervalMs: number, run: () => void): () => void {
  let timer: TimerHandle;
  const schedule = () => {
    timer = clock.setTimeout(() => {
      schedule();
      run();
    }, intervalMs);
  };
  schedule();
  return () => clock.clearTimeout(timer);
}

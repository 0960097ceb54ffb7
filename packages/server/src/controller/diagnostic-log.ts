/**
 * Logs what a plan finds wrong with a mesh's objects, once when it appears and once when it is solved. Conditions tell of
 * part of it only.
 *
 * A problem is told when it has lasted for a moment: objects come one after the other, and what is missing from the first
 * comes with the next.
 */
import { type Clock, type Diagnostic, type DiagnosticsChange, objectKey, type TimerHandle } from "@meshfed/core";
import type { Logger } from "pino";

export interface DiagnosticLogOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a problem must have lasted. Default 1 s. */
  readonly delayMs?: number;
}

export interface DiagnosticLog {
  note(change: DiagnosticsChange): void;
  /** What has not lasted long enough by now is not told. */
  close(): void;
}

const DEFAULT_DELAY_MS = 1000;

export function createDiagnosticLog({
  clock,
  logger,
  delayMs = DEFAULT_DELAY_MS,
}: DiagnosticLogOptions): DiagnosticLog {
  /** Not told yet; the oldest first. */
  const waiting = new Map<string, { readonly diagnostic: Diagnostic; readonly due: number }>();
  let timer: TimerHandle | undefined;

  function schedule(): void {
    const [first] = waiting.values();
    if (timer === undefined && first !== undefined)
      timer = clock.setTimeout(tell, Math.max(0, first.due - clock.now()));
  }

  function tell(): void {
    timer = undefined;
    for (const [key, { diagnostic, due }] of waiting) {
      if (due > clock.now()) break;
      waiting.delete(key);
      const { severity, ...fields } = fieldsOf(diagnostic);
      if (severity === "error") logger.error(fields, "something is wrong with an object");
      else logger.warn(fields, "something is wrong with an object");
    }
    schedule();
  }

  return {
    note({ appeared, resolved }) {
      for (const diagnostic of resolved) {
        if (waiting.delete(identify(diagnostic))) continue;
        const { object, reason, path } = fieldsOf(diagnostic);
        logger.info({ object, reason, path }, "what was wrong with an object is solved");
      }
      const due = clock.now() + delayMs;
      for (const diagnostic of appeared) waiting.set(identify(diagnostic), { diagnostic, due });
      schedule();
    },
    close() {
      waiting.clear();
      clock.clearTimeout(timer);
    },
  };
}

function fieldsOf({ object, ...diagnostic }: Diagnostic) {
  return { object: objectKey(object), ...diagnostic };
}

function identify(diagnostic: Diagnostic): string {
  return JSON.stringify(fieldsOf(diagnostic));
}

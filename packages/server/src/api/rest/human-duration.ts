const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/**
 * A duration as kubectl prints ages: one or two units, coarser as it grows: `45s`, `4m25s`, `25m`, `3h`, `2d4h`, `3y`.
 * Negative durations (a clock that stepped back) are `0s`.
 *
 * @see Kubernetes duration.HumanDuration
 */
export function humanDuration(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  const whole = (unit: number) => Math.floor(ms / unit);
  const pair = (unit: number, name: string, subUnit: number, subName: string) => {
    const rest = Math.floor((ms % unit) / subUnit);
    return rest === 0 ? `${whole(unit)}${name}` : `${whole(unit)}${name}${rest}${subName}`;
  };
  if (ms < 2 * MINUTE) return `${whole(SECOND)}s`;
  if (ms < 10 * MINUTE) return pair(MINUTE, "m", SECOND, "s");
  if (ms < 3 * HOUR) return `${whole(MINUTE)}m`;
  if (ms < 8 * HOUR) return pair(HOUR, "h", MINUTE, "m");
  if (ms < 2 * DAY) return `${whole(HOUR)}h`;
  if (ms < 8 * DAY) return pair(DAY, "d", HOUR, "h");
  if (ms < 2 * YEAR) return `${whole(DAY)}d`;
  if (ms < 8 * YEAR) return pair(YEAR, "y", DAY, "d");
  return `${whole(YEAR)}y`;
}

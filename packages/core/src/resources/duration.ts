const PART = /(\d+(?:\.\d+)?)(h|ms|m|s)/y;
const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/**
 * `10s`, `1m30s`, `0.5s`, `100ms` -> milliseconds; `undefined` for anything else, also for a negative duration and for
 * units below a millisecond.
 * @see Go time.ParseDuration, which Istio's configuration is read with
 */
export function parseDuration(text: string): number | undefined {
  if (text === "") return undefined;
  let milliseconds = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const match = PART.exec(text);
    const unit = UNIT_MS[match?.[2] ?? ""];
    if (match === null || unit === undefined) return undefined;
    milliseconds += Number(match[1]) * unit;
  }
  return milliseconds;
}

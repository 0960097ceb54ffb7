// biome-ignore-all lint/style/noRestrictedGlobals: the one place where core converts between milliseconds and text; it never reads a clock

/** Milliseconds since the Unix epoch -> RFC 3339 in UTC with whole seconds, as Kubernetes' metav1.Time prints it. */
export function formatTimestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** RFC 3339 text -> milliseconds since the Unix epoch, or undefined when the text is not a date. */
export function parseTimestamp(text: string): number | undefined {
  const epochMs = Date.parse(text);
  return Number.isNaN(epochMs) ? undefined : epochMs;
}

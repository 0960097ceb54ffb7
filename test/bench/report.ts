/**
 * Measuring and reporting, for every benchmark.
 *
 * Machines are noisy and drift. So competitors take turns (`measureInTurns`: each round runs all of them, in the reverse
 * order of the round before, after one round that does not count), and a ratio is taken within each round before its
 * median is. Absolute figures are for the table; claims rest on ratios.
 */
import { writeFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";

/** One figure over all rounds. */
export interface Measure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
}

/** Milliseconds of each round, in order. */
export type Samples = readonly number[];

export interface Report {
  /** Where to write it as JSON; undefined: nowhere. */
  readonly json: string | undefined;
  /** ISO 8601. */
  readonly date: string;
  /** Of the runtime and of whatever was measured against. */
  readonly versions: Readonly<Record<string, string>>;
  /** Per peer and measure: what ours costs divided by what the peer's does, so that less than 1 is better. */
  readonly ratios: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Per subject and measure. */
  readonly measures: Readonly<Record<string, Readonly<Record<string, Measure>>>>;
}

/** The file that `--json FILE` names. */
export function jsonPathFromArguments(): string | undefined {
  return parseArgs({ options: { json: { type: "string" } } }).values.json;
}

export function runtimeVersions(): Record<string, string> {
  return { node: process.versions.node, v8: process.versions.v8, platform: `${process.platform} ${process.arch}` };
}

/** Runs `fn` once to warm up and then `rounds` times; waits for it where it is asynchronous. */
export async function measure(fn: () => unknown, rounds: number): Promise<Measure> {
  const samplesOf = await measureInTurns({ fn }, rounds);
  return summarize(samplesOf("fn"), "ms");
}

/** As `measure`, for several subjects that take turns. Returns each one's samples, as many as there are rounds. */
export async function measureInTurns<S extends string>(
  subjects: Readonly<Record<S, () => unknown>>,
  rounds: number,
): Promise<(subject: S) => Samples> {
  const runs = Object.entries<() => unknown>(subjects);
  const samples = new Map<string, number[]>(runs.map(([subject]) => [subject, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [subject, run] of round % 2 === 0 ? runs : runs.toReversed()) {
      const start = performance.now();
      await run();
      const elapsedMs = performance.now() - start;
      if (round > 0) samples.get(subject)?.push(elapsedMs);
    }
  }
  return (subject) => samples.get(subject) ?? [];
}

/** `scale` turns milliseconds of a round into `unit`, for example 1000 / operations for microseconds an operation. */
export function summarize(samples: Samples, unit: string, scale = 1): Measure {
  const scaled = samples.map((sample) => sample * scale);
  return { median: median(scaled), min: Math.min(...scaled), max: Math.max(...scaled), unit };
}

/** The median over rounds of ours divided by the peer's. */
export function medianRatio(ours: Samples, peers: Samples): number {
  return median(ours.map((sample, round) => sample / (peers[round] ?? Number.NaN)));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Prints the report as a table, and writes it as JSON where a file is named. */
export function writeReport({ json, ...report }: Report): void {
  const measures = Object.entries(report.measures).flatMap(([subject, ofSubject]) =>
    Object.entries(ofSubject).map(([name, { median, min, max, unit }]) => [
      subject,
      name,
      `${figure(median)} ${unit}`,
      `${figure(min)} - ${figure(max)}`,
    ]),
  );
  printTable([["subject", "measure", "median", "min - max"], ...measures]);
  const ratios = Object.entries(report.ratios).flatMap(([peer, ofPeer]) =>
    Object.entries(ofPeer).map(([name, ratio]) => [peer, name, figure(ratio)]),
  );
  if (ratios.length > 0) printTable([["against", "measure", "ours / theirs"], ...ratios]);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
}

function figure(value: number): string {
  return Number(value.toPrecision(3)).toString();
}

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_title, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  console.log();
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { configMapType, FederationError, RESOURCE_TYPES } from "@meshfed/core";
import { createEmbeddedStore, type ResourceStore, type StoreEvent } from "@meshfed/server";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import type { WriterLine } from "./embedded-store-writer.js";
import { ManualClock } from "./manual-clock.js";
import { versionOf, WatchRecorder } from "./watch-recorder.js";
import { WatchedState } from "./watched-state.js";

const WRITER = fileURLToPath(new URL("./embedded-store-writer.ts", import.meta.url));
/** Writes that may be in a transaction that was never acknowledged: one per loop of the writer. */
const IN_FLIGHT = 4;
/** After the namespace, the writer's first write has this version; watches from the one before see all. */
const FIRST_VERSION = 3;

type Write = Extract<WriterLine, { readonly write: string }>;

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "meshfed-crash-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function open(directory: string): ResourceStore {
  const retention = { maxChanges: 1_000_000, maxAgeMs: Number.MAX_SAFE_INTEGER, maxBytes: 1e9 };
  return createEmbeddedStore({ directory, types: RESOURCE_TYPES, clock: new ManualClock(), retention });
}

/** A running writer, and the lines that it has printed in full. */
class Writer {
  readonly lines: WriterLine[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #readToEnd: Promise<unknown>;
  #onLine: () => void = () => undefined;

  constructor(directory: string, seed: number, shell = "") {
    const command = `${shell}exec "$0" "$@"`;
    this.#child = spawn("sh", ["-c", command, process.execPath, WRITER, directory, String(seed)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#exited = once(this.#child, "exit");
    const lines = createInterface({ input: this.#child.stdout ?? process.stdin });
    this.#readToEnd = once(lines, "close");
    lines.on("line", (line) => {
      this.lines.push(JSON.parse(line));
      this.#onLine();
    });
    onTestFinished(() => this.kill());
  }

  get writes(): Write[] {
    return this.lines.filter((line) => "write" in line);
  }

  async until(isDone: (lines: readonly WriterLine[]) => boolean): Promise<void> {
    const done = new Promise<void>((resolve) => {
      this.#onLine = () => {
        if (isDone(this.lines)) resolve();
      };
    });
    const exit = this.#exited.then(() => {
      throw new Error(`the writer ended early after ${this.lines.length} lines`);
    });
    await Promise.race([done, exit]);
  }

  /** SIGKILL: the process has no chance to do anything. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await Promise.all([this.#exited, this.#readToEnd]);
  }
}

/** Everything that the log tells, checked against the objects and against itself. */
async function readEverything(directory: string): Promise<{ events: StoreEvent[]; version: number }> {
  const store = open(directory);
  try {
    const { items, resourceVersion } = await store.list({ type: configMapType });
    const version = Number(resourceVersion);
    const first = String(FIRST_VERSION - 1);
    const watch = new WatchRecorder(store, { type: configMapType, resourceVersion: first });
    await watch.untilCount(version - FIRST_VERSION + 1);
    await watch.stop();
    expect(
      watch.events.map((event) => Number(versionOf(event))),
      "no version is missing",
    ).toEqual(Array.from({ length: version - FIRST_VERSION + 1 }, (_, index) => FIRST_VERSION + index));
    const state = new WatchedState([], first);
    for (const event of watch.events) state.apply(event);
    expect(state.objects, "log and objects agree").toEqual(items);
    return { events: watch.events, version };
  } finally {
    await store.close();
  }
}

function summaryOf(event: StoreEvent | undefined): Omit<Write, "version"> | undefined {
  if (event === undefined || event.type === "BOOKMARK") return undefined;
  const { data } = configMapValue(event.object);
  return { write: event.type, name: event.object.metadata.name, value: data.value };
}

function configMapValue(object: unknown): { readonly data: { readonly value: string } } {
  return object as { readonly data: { readonly value: string } };
}

/** Every write that was acknowledged is in the log, under the version that the writer was told. */
function expectAcknowledged(writes: readonly Write[], events: readonly StoreEvent[]): void {
  const byVersion = new Map(events.map((event) => [versionOf(event), event]));
  const found = writes.map(({ version }) => ({ version, ...summaryOf(byVersion.get(version)) }));
  expect(found).toEqual(writes);
}

async function expectReplay(directory: string, events: readonly StoreEvent[], from: string): Promise<void> {
  const store = open(directory);
  const expected = events.filter((event) => Number(versionOf(event)) > Number(from));
  const watch = new WatchRecorder(store, { type: configMapType, resourceVersion: from });
  await watch.untilCount(expected.length);
  expect(watch.events).toEqual(expected);
  await watch.stop();
  await store.close();
}

describe("an embedded store whose process is killed", () => {
  it("has every write that was acknowledged, in a log that agrees with the objects", { timeout: 120_000 }, async () => {
    const directory = temporaryDirectory();
    const all: Write[] = [];
    for (const seed of [11, 12, 13, 14, 15, 16, 17, 18]) {
      const writer = new Writer(directory, seed);
      // Somewhere between the first writes and the second checkpoint of the write-ahead log.
      const target = 1 + ((seed * 2_654_435_761) % 1_500);
      await writer.until((lines) => lines.length >= target);
      await writer.kill();
      const before = all.reduce((newest, { version }) => Math.max(newest, Number(version)), 0);
      for (const { version } of writer.writes) expect(Number(version), `seed ${seed}`).toBeGreaterThan(before);
      all.push(...writer.writes);
      const { events, version } = await readEverything(directory);
      expectAcknowledged(all, events);
      const newest = Math.max(...all.map((write) => Number(write.version)));
      expect(version, `seed ${seed}`).toBeGreaterThanOrEqual(newest);
      expect(version - newest, `seed ${seed}: writes that nobody was told of`).toBeLessThanOrEqual(IN_FLIGHT);
      for (const { version: from } of writer.writes.filter((_, index) => index % 200 === 0)) {
        await expectReplay(directory, events, from);
      }
    }
  });

  it("opens with a whole number of transactions when the machine went too and the log's end is torn", {
    timeout: 120_000,
  }, async () => {
    const directory = temporaryDirectory();
    const writer = new Writer(directory, 21);
    await writer.until((lines) => lines.length >= 120);
    await writer.kill();
    // Nothing was copied from the log to the database yet: what is lost at its end is lost altogether.
    expect(statSync(join(directory, "meshfed.db")).size).toBeLessThanOrEqual(4096);
    const walLength = statSync(join(directory, "meshfed.db-wal")).size;
    const torn = join(temporaryDirectory(), "torn");
    let whole: readonly StoreEvent[] | undefined;
    await fc.assert(
      fc.asyncProperty(fc.nat(walLength), fc.boolean(), async (cut, isGarbled) => {
        rmSync(torn, { recursive: true, force: true });
        cpSync(directory, torn, { recursive: true });
        damageEnd(join(torn, "meshfed.db-wal"), cut, isGarbled);
        if (cut < 32 || !(await hasNamespace(torn))) return;
        whole ??= (await readEverything(copyOf(directory))).events;
        const { events } = await readEverything(torn);
        expect(events).toEqual(whole.slice(0, events.length));
      }),
      { numRuns: 25, seed: 22 },
    );
  });

  it("is locked while the process lives and free as soon as it is dead", async () => {
    const directory = temporaryDirectory();
    const writer = new Writer(directory, 31);
    await writer.until((lines) => lines.length >= 1);
    let error: unknown;
    try {
      await open(directory).close();
    } catch (thrown) {
      error = thrown;
    }
    expect(FederationError.is(error) && error.code).toBe("UNAVAILABLE");
    expect(error).toHaveProperty("message", expect.stringContaining(`"${directory}" is in use by another process`));
    await writer.kill();
    await open(directory).close();
  });
});

describe("an embedded store whose disk takes no more", () => {
  it("refuses writes with the file's name, goes on running and has all that it acknowledged", {
    timeout: 60_000,
  }, async () => {
    const directory = temporaryDirectory();
    // A file can grow to 3,000 blocks of 512 bytes (1,024 in some shells), then the operating system refuses.
    const writer = new Writer(directory, 41, "ulimit -f 3000; ");
    await writer.until((lines) => lines.filter((line) => "refused" in line).length >= 20);
    await writer.kill();
    const refusals = writer.lines.filter((line) => "refused" in line);
    expect(new Set(refusals.map(({ refused }) => refused))).toEqual(new Set(["UNAVAILABLE"]));
    expect(refusals[0]?.message).toContain(`store file "${join(directory, "meshfed.db")}"`);
    expect(writer.writes.length).toBeGreaterThan(50);
    const { events } = await readEverything(directory);
    expectAcknowledged(writer.writes, events);
  });
});

function copyOf(directory: string): string {
  const copy = join(temporaryDirectory(), "copy");
  cpSync(directory, copy, { recursive: true });
  return copy;
}

/** Whether the first transactions, which everything here counts on, are still there. */
async function hasNamespace(directory: string): Promise<boolean> {
  const store = open(directory);
  const { resourceVersion } = await store.list({ type: configMapType });
  await store.close();
  return Number(resourceVersion) >= FIRST_VERSION - 1;
}

function damageEnd(file: string, cut: number, isGarbled: boolean): void {
  if (!isGarbled) {
    truncateSync(file, cut);
    return;
  }
  const content = readFileSync(file);
  content.fill(0xa5, cut, Math.min(cut + 64, content.length));
  writeFileSync(file, content);
}

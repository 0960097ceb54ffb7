import { expect, it, onTestFinished, vi } from "vitest";
import { ManualClock } from "../../../../test/conformance/manual-clock.js";
import { createRetryQueue } from "../../src/controller/retry-queue.js";

/** A queue of `key=value` whose work fails as often as it is told to. */
function rig() {
  const clock = new ManualClock();
  const done: string[] = [];
  const retries: number[] = [];
  const state = { failures: 0, hold: undefined as Promise<void> | undefined };
  const queue = createRetryQueue<string>({
    clock,
    keyOf: (item) => item.split("=")[0] ?? "",
    delayMs: 10,
    async work(item) {
      await state.hold;
      if (state.failures-- > 0) throw new Error(`no ${item}`);
      done.push(item);
    },
    onFailure: (_item, _error, retryAfterMs) => retries.push(retryAfterMs),
  });
  onTestFinished(() => queue.close());
  return { clock, done, retries, state, queue };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

it("works once on the newest of what is queued under a key, after the delay", async () => {
  const { clock, done, queue } = rig();
  for (const item of ["a=1", "b=1", "a=2"]) queue.add(item);
  clock.advance(9);
  await settle();
  expect(done).toEqual([]);
  clock.advance(1);
  await settle();
  expect(done).toEqual(["a=2", "b=1"]);
  expect(clock.pending).toBe(0);
});

it("tries again at growing intervals up to a minute, until it works", async () => {
  const { clock, done, retries, state, queue } = rig();
  state.failures = 8;
  queue.add("a=1");
  await queue.flush();
  for (let tries = 1; tries <= 8; tries++) {
    clock.advance((retries.at(-1) ?? 0) - 1);
    await settle();
    expect(retries).toHaveLength(tries);
    clock.advance(1);
    await settle();
  }
  expect(retries).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1000));
  expect(done).toEqual(["a=1"]);
  expect(clock.pending).toBe(0);
});

it("starts over, at once, when something new is queued under the key that failed", async () => {
  const { clock, done, retries, state, queue } = rig();
  state.failures = 3;
  queue.add("a=1");
  await queue.flush();
  clock.advance(1000);
  await settle();
  expect(retries).toEqual([1000, 2000]);
  queue.add("a=2");
  clock.advance(10);
  await settle();
  expect(retries).toEqual([1000, 2000, 1000]);
  clock.advance(1000);
  await settle();
  expect(done).toEqual(["a=2"]);
});

it("does not let one key that fails hold up another", async () => {
  const { clock, done, state, queue } = rig();
  state.failures = 1;
  queue.add("a=1");
  await queue.flush();
  queue.add("b=1");
  clock.advance(10);
  await settle();
  expect(done).toEqual(["b=1"]);
});

it("works again on what was queued while it was worked on, and never on one key twice at a time", async () => {
  const { clock, done, state, queue } = rig();
  let release: () => void = () => undefined;
  state.hold = new Promise((resolve) => {
    release = resolve;
  });
  queue.add("a=1");
  clock.advance(10);
  queue.add("a=2");
  clock.advance(10);
  release();
  await settle();
  expect(done).toEqual(["a=1"]);
  await queue.flush();
  expect(done).toEqual(["a=1", "a=2"]);
});

it("tries everything a last time when it closes, what has failed too, and then no more", async () => {
  const { clock, done, state, queue } = rig();
  state.failures = 1;
  queue.add("a=1");
  await queue.flush();
  queue.add("b=1");
  await queue.close();
  queue.add("c=1");
  clock.advance(100_000);
  await settle();
  expect(done).toEqual(["a=1", "b=1"]);
  expect(clock.pending).toBe(0);
});

it("does not wait for a next try when it is flushed", async () => {
  const { state, retries, queue } = rig();
  state.failures = 1;
  queue.add("a=1");
  await queue.flush();
  await queue.flush();
  await vi.waitFor(() => expect(retries).toEqual([1000]));
});

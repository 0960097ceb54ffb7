import { systemClock } from "@meshfed/core/gateway";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const LONGEST_OF_NODE_MS = 2 ** 31 - 1;

test("tells the time and fires once", () => {
  const callback = vi.fn();
  systemClock.setTimeout(callback, 500);
  expect(systemClock.now()).toBe(1_000);
  vi.advanceTimersByTime(499);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10_000);
  expect(callback).toHaveBeenCalledTimes(1);
  expect(systemClock.now()).toBe(11_499);
});

test("a delay longer than Node's timers can be does not fire at once", () => {
  const callback = vi.fn();
  systemClock.setTimeout(callback, 2 * LONGEST_OF_NODE_MS + 10);
  vi.advanceTimersByTime(2 * LONGEST_OF_NODE_MS + 9);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(callback).toHaveBeenCalledTimes(1);
});

test("a timer that is cleared does not fire, in whichever stretch it is", () => {
  const callback = vi.fn();
  const first = systemClock.setTimeout(callback, 500);
  const second = systemClock.setTimeout(callback, 2 * LONGEST_OF_NODE_MS);
  systemClock.clearTimeout(first);
  vi.advanceTimersByTime(LONGEST_OF_NODE_MS + 5);
  systemClock.clearTimeout(second);
  systemClock.clearTimeout(undefined);
  vi.advanceTimersByTime(2 * LONGEST_OF_NODE_MS);
  expect(callback).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

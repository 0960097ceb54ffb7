import { Backoff, type BackoffOptions, FederationError } from "@meshfed/core";
import fc from "fast-check";
import { expect, test } from "vitest";

const middle = () => 0.5;

test("500 ms, growing by half, to a minute (reference §5.3)", () => {
  const backoff = new Backoff(middle);
  const delays = Array.from({ length: 14 }, () => backoff.nextDelayMs());
  expect(delays.slice(0, 5)).toEqual([500, 750, 1125, 1688, 2531]);
  expect(delays.slice(-2)).toEqual([60_000, 60_000]);
  backoff.reset();
  expect(backoff.nextDelayMs()).toBe(500);
});

test("a wait is up to half shorter or longer", () => {
  expect(new Backoff(() => 0).nextDelayMs()).toBe(250);
  expect(new Backoff(() => 0.999999).nextDelayMs()).toBe(750);
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { minLength: 1 }),
      (randoms) => {
        let index = 0;
        const backoff = new Backoff(() => randoms[index++ % randoms.length] ?? 0);
        for (let attempt = 0; attempt < 30; attempt++) {
          const interval = Math.min(500 * 1.5 ** attempt, 60_000);
          const delay = backoff.nextDelayMs();
          expect(delay).toBeGreaterThanOrEqual(Math.floor(interval / 2));
          expect(delay).toBeLessThanOrEqual(Math.ceil(interval * 1.5));
        }
      },
    ),
  );
});

test.each<BackoffOptions>([
  { initialMs: 0 },
  { initialMs: -1 },
  { initialMs: Number.NaN },
  { factor: 0.9 },
  { jitterRatio: 1.1 },
  { jitterRatio: -0.1 },
  { initialMs: 10, maxMs: 9 },
])("refuses %j", (options) => {
  expect(() => new Backoff(middle, options)).toThrow(FederationError);
});

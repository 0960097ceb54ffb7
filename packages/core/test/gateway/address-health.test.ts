import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAddressHealth } from "../../src/gateway/address-health.js";

const same = (key: string) => key;

function health(random = 0) {
  return createAddressHealth({ penaltyBaseMs: 1_000, penaltyMaxMs: 60_000, random: () => random });
}

describe("the order of addresses", () => {
  it("goes round", () => {
    const { order } = health();
    const firsts = Array.from({ length: 7 }, () => order(["a", "b", "c"], same, 0)[0]);
    expect(firsts).toEqual(["a", "b", "c", "a", "b", "c", "a"]);
  });

  it("puts failed ones last, the one whose penalty ends first in front", () => {
    const { order, failed } = health();
    failed("a", 0);
    failed("a", 0);
    failed("b", 0);
    expect(order(["a", "b", "c"], same, 10)).toEqual(["c", "b", "a"]);
    expect(order(["a", "b", "c"], same, 10)).toEqual(["c", "b", "a"]);
  });

  it("doubles the penalty with each failure in a row, up to the maximum, and clears it with a success", () => {
    const { order, failed, succeeded } = health();
    const isLast = (now: number) =>
      order(["x", "y"], same, now).at(-1) === "x" && order(["x", "y"], same, now).at(-1) === "x";
    for (const penaltyMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      failed("x", 0);
      expect([isLast(penaltyMs - 1), isLast(penaltyMs)]).toEqual([true, false]);
    }
    succeeded("x");
    expect(isLast(0)).toBe(false);
    failed("x", 0);
    expect([isLast(999), isLast(1_000)]).toEqual([true, false]);
  });

  it("adds at most a fifth by chance", () => {
    const { order, failed } = health(0.999);
    failed("x", 0);
    const last = (now: number) => [order(["x", "y"], same, now).at(-1), order(["x", "y"], same, now).at(-1)];
    expect(last(1_199)).toEqual(["x", "x"]);
    expect(last(1_200)).toContain("y");
  });

  it("always has every address exactly once, whatever failed", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string(), { maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(10), fc.nat(100_000)), { maxLength: 30 }),
        fc.nat(200_000),
        (addresses, failures, now) => {
          const { order, failed } = health();
          for (const [index, at] of failures) {
            const address = addresses[index];
            if (address !== undefined) failed(address, at);
          }
          expect([...order(addresses, same, now)].sort()).toEqual([...addresses].sort());
        },
      ),
    );
  });

  it("of nothing is nothing", () => {
    expect(health().order([], same, 0)).toEqual([]);
  });
});

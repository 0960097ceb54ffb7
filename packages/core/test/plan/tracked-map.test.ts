import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TrackedMap } from "../../src/plan/tracked-map.js";

describe("TrackedMap", () => {
  it("tells a net change: nothing for what was changed and changed back", () => {
    const map = new TrackedMap<{ readonly n: number }>();
    map.set("a", { n: 1 });
    map.set("b", { n: 1 });
    expect(map.takeChange()).toEqual({ upserted: [{ n: 1 }, { n: 1 }], removed: [] });
    map.set("a", { n: 2 });
    map.set("a", { n: 1 });
    map.delete("b");
    map.set("c", { n: 3 });
    map.delete("c");
    map.delete("never there");
    expect(map.takeChange()).toEqual({ upserted: [], removed: ["b"] });
    expect(map.takeChange()).toEqual({ upserted: [], removed: [] });
  });

  it("keeps the old value when an equal one is written", () => {
    const map = new TrackedMap<{ readonly n: number }>();
    const first = { n: 1 };
    map.set("a", first);
    map.set("a", { n: 1 });
    expect(map.values.get("a")).toBe(first);
  });

  it("reproduces its state from its changes", () => {
    const step = fc.record({ key: fc.constantFrom("a", "b", "c"), value: fc.option(fc.integer({ min: 0, max: 2 })) });
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 6 }), (periods) => {
        const map = new TrackedMap<{ readonly key: string; readonly value: number }>();
        const replayed = new Map<string, unknown>();
        for (const period of periods) {
          for (const { key, value } of period) {
            if (value === null) map.delete(key);
            else map.set(key, { key, value });
          }
          const change = map.takeChange();
          for (const key of change.removed) expect(replayed.delete(key)).toBe(true);
          for (const value of change.upserted) replayed.set(value.key, value);
        }
        expect(replayed).toEqual(new Map(map.values));
      }),
    );
  });
});

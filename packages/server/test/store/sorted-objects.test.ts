import type { KubernetesObject } from "@meshfed/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { comparePositions, positionOf, SortedObjects } from "../../src/store/embedded/sorted-objects.js";

const NAMESPACES = ["", "a", "a-b", "a.b", "ab", "b"];
const object = fc.record({
  namespace: fc.constantFrom(...NAMESPACES),
  name: fc.constantFrom("x", "x-1", "x.1", "y", "z"),
  content: fc.nat(3),
  remove: fc.boolean(),
});

it("is a map by namespace and name whose ranges are sorted", () => {
  fc.assert(
    fc.property(fc.array(object), (steps) => {
      const sorted = new SortedObjects();
      const model = new Map<string, KubernetesObject>();
      for (const { namespace, name, content, remove } of steps) {
        const metadata = { name, ...(namespace === "" ? {} : { namespace }), generation: content };
        const next = { apiVersion: "v1", kind: "ConfigMap", metadata };
        if (remove) {
          sorted.remove({ namespace, name });
          model.delete(`${namespace}/${name}`);
        } else {
          sorted.put(next);
          model.set(`${namespace}/${name}`, next);
        }
        expect(sorted.get({ namespace, name })).toBe(model.get(`${namespace}/${name}`));
      }
      const expected = [...model.values()].sort((left, right) => comparePositions(positionOf(left), positionOf(right)));
      expect(sorted.range()).toEqual(expected);
      for (const namespace of NAMESPACES) {
        const inside = expected.filter(({ metadata }) => (metadata.namespace ?? "") === namespace);
        expect(sorted.range(namespace)).toEqual(inside);
        if (namespace !== "") expect(sorted.hasNamespace(namespace)).toBe(inside.length > 0);
      }
    }),
  );
});

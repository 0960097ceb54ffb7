import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { parseObject, RESOURCE_TYPES } from "../../src/index.js";
import { SAMPLES } from "./samples.js";

/** Fields that are maps by names of the user's choosing: nothing in them is unknown. */
const MAPS = new Set([
  "labels",
  "annotations",
  "matchLabels",
  "selector",
  "data",
  "binaryData",
  "to",
  "deprecatedTopology",
  "additionalIngress",
  "additionalEgress",
]);
/** `labelSelector.selector` is a LabelSelector, not a map. */
const isMap = (field: string, object: object) => MAPS.has(field) && !("matchLabels" in object);

/** Every object in `value`, with itself, that may hold a field of ours that nobody knows. */
function openObjects(value: unknown, field = ""): Record<string, unknown>[] {
  if (Array.isArray(value)) return value.flatMap((element) => openObjects(element));
  if (!isRecord(value)) return [];
  const inner = Object.entries(value).flatMap(([key, child]) => openObjects(child, key));
  return isMap(field, value) ? inner : [value, ...inner];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(input: unknown): unknown {
  const result = parseObject(input);
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return result.value;
}

const samples = Object.values(SAMPLES);
/** Not a name that Kubernetes or Istio uses; `__proto__` is not a field in JavaScript. */
const unknownField = fc.string({ minLength: 1 }).map((text) => `x-${text}`);
const jsonValue = fc.jsonValue({ maxDepth: 3 });

test("there is a sample of each kind", () => {
  expect(samples.map(({ kind }) => kind).sort()).toEqual(RESOURCE_TYPES.map(({ kind }) => kind).sort());
});

test.each(samples.map((sample) => [sample.kind, sample] as const))("%s comes out as it went in", (_, sample) => {
  expect(parsed(sample)).toStrictEqual(sample);
});

test("unknown fields survive on every level, with any content, and parsing again changes nothing", () => {
  const additions = fc.array(fc.record({ at: fc.nat(), field: unknownField, value: jsonValue }), { maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...samples), additions, (sample, fields) => {
      const input: unknown = structuredClone(sample);
      const objects = openObjects(input);
      for (const { at, field, value } of fields) {
        const object = objects[at % objects.length];
        if (object !== undefined) object[field] = value;
      }
      const before = structuredClone(input);
      const once = parsed(input);
      expect(once).toStrictEqual(before);
      expect(input).toStrictEqual(before);
      expect(parsed(once)).toStrictEqual(once);
    }),
    { numRuns: 500 },
  );
});

test("an unknown field is reached on every level of a sample", () => {
  const levels = openObjects(structuredClone(SAMPLES.ExportedServiceSet)).length;
  // object, metadata, spec, 2 rules, nameSelector, alias, labelSelector, selector, expression, 1 alias with alias, status, entry, localService
  expect(levels).toBe(15);
});

test("defaults that parsing writes are written once", () => {
  const inputs = [
    { apiVersion: "v1", kind: "Service", metadata: { name: "a", namespace: "b" }, spec: { ports: [{ port: 80 }] } },
    { apiVersion: "v1", kind: "Secret", metadata: { name: "a", namespace: "b" }, stringData: { k: "v" } },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "a", namespace: "b" },
      addressType: "IPv4",
      ports: [{}],
    },
    { apiVersion: "federation.maistra.io/v1", kind: "ServiceMeshPeer", metadata: { name: "a", namespace: "b" } },
  ];
  for (const input of inputs) {
    const once = parsed(input);
    expect(once).not.toEqual(input);
    expect(parsed(once)).toStrictEqual(once);
  }
});

describe("null", () => {
  test("in a field that we know means unset, as Go clients write it", () => {
    const { spec, ...rest } = SAMPLES.ServiceMeshPeer;
    const input = {
      ...rest,
      metadata: { name: "green-mesh", namespace: "red-mesh-system", creationTimestamp: null, labels: null },
      spec: { remote: null, security: { trustDomain: "green-mesh.local", certificateChain: null } },
      status: {
        discoveryStatus: { active: null, inactive: [{ pod: "a", watch: { connected: false, lastEvent: null } }] },
      },
    };
    expect(spec).toBeDefined();
    expect(parsed(input)).toStrictEqual({
      apiVersion: "federation.maistra.io/v1",
      kind: "ServiceMeshPeer",
      metadata: { name: "green-mesh", namespace: "red-mesh-system" },
      spec: { security: { trustDomain: "green-mesh.local" } },
      status: { discoveryStatus: { inactive: [{ pod: "a", watch: { connected: false } }] } },
    });
  });

  test("in an unknown field is kept", () => {
    const input = { ...SAMPLES.Lease, later: null, spec: { ...SAMPLES.Lease.spec, strategy: null } };
    expect(parsed(input)).toStrictEqual(input);
  });
});

test("a field named __proto__ changes no prototype", () => {
  const input: unknown = JSON.parse(
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"b","__proto__":{"polluted":true}},"__proto__":{"polluted":true}}',
  );
  const output = parsed(input);
  expect(Reflect.get(Object(output), "polluted")).toBeUndefined();
  expect(Object.getPrototypeOf(output)).toBe(Object.prototype);
});

test.each(RESOURCE_TYPES.map((type) => [type.kind, type] as const))(
  "%s has a schema that can be published",
  (_, type) => {
    const published = z.toJSONSchema(type.schema, { target: "openapi-3.0", io: "input", unrepresentable: "any" });
    expect(published).toMatchObject({
      type: "object",
      properties: {
        apiVersion: { type: "string" },
        kind: { enum: [type.kind] },
        metadata: { required: expect.arrayContaining(["name"]) },
      },
    });
  },
);

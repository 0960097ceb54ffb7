import { encodeService, encodeServiceList, encodeWatchEvent } from "@meshfed/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeText } from "../../src/discovery/encode-message.js";
import { checksumVectors, vectorServices } from "./checksum-vectors.js";
import { announcedService, exportedService } from "./service-arbitraries.js";

describe("golden bodies of Go's encoding/json", () => {
  const lists = checksumVectors.vectors.filter(({ wireJSON }) => wireJSON !== undefined);

  test("there are some", () => {
    expect(lists.length).toBeGreaterThan(10);
  });

  test.each(lists)("$name", (vector) => {
    const services = vectorServices(vector).sort((a, b) => (a.hostname < b.hostname ? -1 : 1));
    expect(encodeServiceList(BigInt(vector.checksum), services.map(encodeService))).toBe(vector.wireJSON);
  });

  test("the empty list has no services field (reference §4.3)", () => {
    expect(encodeServiceList(3035108133973235477n, [])).toBe('{"checksum":3035108133973235477}');
  });

  test("the worked event", () => {
    const event = encodeWatchEvent("add", encodeService(exportedService("ratings")), 1380616780676048059n);
    expect(event).toBe(checksumVectors.watch[0]?.event);
  });
});

describe("encodeText", () => {
  // Expected values: Go 1.19, json.Marshal.
  test.each([
    ["ratings", '"ratings"'],
    ["", '""'],
    ["a<b>&c", '"a\\u003cb\\u003e\\u0026c"'],
    ["\u2028\u2029", '"\\u2028\\u2029"'],
    ['"\\', '"\\"\\\\"'],
    ["\n\r\t", '"\\n\\r\\t"'],
    ["\b\f\u0000\u001f", '"\\u0008\\u000c\\u0000\\u001f"'],
    ["\u007f", '"\u007f"'],
    ["情報", '"情報"'],
    ["😀", '"😀"'],
    ["'/", '"\'/"'],
    ["x\ud800y", '"x\\ufffdy"'],
    ["\udc00\ud800", '"\\ufffd\\ufffd"'],
  ])("%j -> %s", (text, encoded) => {
    expect(encodeText(text)).toBe(encoded);
  });

  test("any text survives", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(JSON.parse(encodeText(text))).toBe(text);
      }),
    );
  });
});

test("a service keeps everything that is not empty, in the wire's order", () => {
  fc.assert(
    fc.property(announcedService, (service) => {
      const wire = JSON.parse(encodeService(service));
      const order = ["name", "namespace", "hostname", "servicePorts", "serviceAccounts"];
      expect(Object.keys(wire)).toEqual(order.filter((field) => field in wire));
      expect({ name: "", namespace: "", hostname: "", servicePorts: [], serviceAccounts: [], ...wire }).toEqual({
        ...service,
        servicePorts: service.servicePorts.map((port) =>
          Object.fromEntries(Object.entries(port).filter(([, value]) => value !== "" && value !== 0)),
        ),
      });
    }),
  );
});

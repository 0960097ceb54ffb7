import { expect, test } from "vitest";
import { type EndpointSlice, endpointSliceType, readyEndpoints, serviceNameOf } from "../../src/index.js";

function slice(fields: object): EndpointSlice {
  const result = endpointSliceType.parse({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "ratings-1", namespace: "info" },
    addressType: "IPv4",
    ...fields,
  });
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return result.value;
}

const addresses = ["127.0.0.1"];
const ports = [{ name: "http", port: 9080 }];

test.each([
  ["no conditions", {}, true],
  ["empty conditions", { conditions: {} }, true],
  ["conditions that are null", { conditions: { ready: null, terminating: null } }, true],
  ["ready", { conditions: { ready: true } }, true],
  ["not ready", { conditions: { ready: false } }, false],
  ["not ready, still serving", { conditions: { ready: false, serving: true } }, false],
  ["terminating", { conditions: { terminating: true } }, false],
  ["ready and terminating", { conditions: { ready: true, terminating: true } }, false],
])("an endpoint with %s (reference §10.19)", (_, endpoint, counts) => {
  const found = readyEndpoints(slice({ ports, endpoints: [{ addresses, ...endpoint }] }), "http");
  expect(found.map(({ address, port }) => [address, port])).toEqual(counts ? [["127.0.0.1", 9080]] : []);
});

test("every address of every endpoint, in order, with where it comes from", () => {
  const endpoints = [
    { addresses: ["127.0.0.1", "127.0.0.2"], zone: "a", targetRef: { kind: "Pod", name: "ratings-1" } },
    { addresses: ["127.0.0.3"] },
  ];
  expect(readyEndpoints(slice({ ports, endpoints }), "http")).toEqual([
    { address: "127.0.0.1", port: 9080, endpoint: endpoints[0] },
    { address: "127.0.0.2", port: 9080, endpoint: endpoints[0] },
    { address: "127.0.0.3", port: 9080, endpoint: endpoints[1] },
  ]);
});

test.each([
  ["another name", { ports, endpoints: [{ addresses }] }, "tcp"],
  ["no ports", { endpoints: [{ addresses }] }, "http"],
  ["a port without number", { ports: [{ name: "http" }], endpoints: [{ addresses }] }, "http"],
  ["no endpoints", { ports }, "http"],
  ["endpoints that are null", { ports, endpoints: null }, "http"],
])("nothing behind %s", (_, fields, portName) => {
  expect(readyEndpoints(slice(fields), portName)).toEqual([]);
});

test("an unnamed port is named by the empty text, with Kubernetes' defaults", () => {
  const unnamed = slice({ ports: [{ port: 80 }], endpoints: [{ addresses }] });
  expect(unnamed.ports).toStrictEqual([{ name: "", protocol: "TCP", port: 80 }]);
  expect(readyEndpoints(unnamed, "").map(({ port }) => port)).toEqual([80]);
});

test.each([
  [{ "kubernetes.io/service-name": "ratings" }, "ratings"],
  [{}, undefined],
  [undefined, undefined],
])("serviceNameOf with the labels %j", (labels, expected) => {
  expect(serviceNameOf(slice({ metadata: { name: "a", namespace: "b", labels } }))).toBe(expected);
});

test.each([
  ["IPv6", "fd00::1", "127.0.0.1"],
  ["IPv6", "::", "fd00::1::2"],
  ["FQDN", "db.example.com", "-a"],
  ["IPv4", "0.0.0.0", "1.2.3"],
])("addressType %s: %s is right, %s is not", (addressType, right, wrong) => {
  const endpoints = [{ addresses: [right] }];
  expect(slice({ addressType, endpoints }).endpoints).toEqual(endpoints);
  expect(() => slice({ addressType, endpoints: [{ addresses: [wrong] }] })).toThrow(`addressType is ${addressType}`);
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isNeverMember,
  namespaceLabels,
  namespaceType,
  parseDuration,
  podType,
  secretType,
  serviceAccountOf,
} from "../../src/index.js";
import { encodeBase64, utf8 } from "../../src/resources/base64.js";
import { fieldPath } from "../../src/resources/violations.js";
import { changed } from "./samples.js";

test.each([
  ["kube", true],
  ["kube-system", true],
  ["openshift", true],
  ["openshift-ingress", true],
  ["ibm-system", true],
  ["kubernetes", false],
  ["kubeflow", false],
  ["openshifty", false],
  ["ibm", false],
  ["my-kube-system", false],
  ["default", false],
])("isNeverMember(%j) (reference §1.6)", (name, expected) => {
  expect(isNeverMember(name)).toBe(expected);
});

describe("parseDuration", () => {
  test.each([
    ["10s", 10_000],
    ["1m", 60_000],
    ["1h30m", 5_400_000],
    ["1m30s", 90_000],
    ["100ms", 100],
    ["0.5s", 500],
    ["1.5h", 5_400_000],
    ["0s", 0],
    ["1m1m", 120_000],
  ])("%s", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each(["", "10", "s", "-1s", "1 s", "1s ", "1d", "1µs", "10S", "1.s", ".5s", "1e3s", "ms1"])(
    "%j is none",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

describe("Secret", () => {
  test.each([
    ["stringData is encoded", undefined, { key: "hunter2" }, { key: "aHVudGVyMg==" }],
    ["stringData wins", { key: "eA==", other: "eQ==" }, { key: "z" }, { key: "eg==", other: "eQ==" }],
    ["empty stringData", { key: "eA==" }, {}, { key: "eA==" }],
    ["in UTF-8", undefined, { key: "é€😀" }, { key: "w6nigqzwn5iA" }],
  ])("%s, as the Kubernetes API server stores it", (_, data, stringData, expected) => {
    const parsed = secretType.parse(changed("Secret", ["data", data], ["stringData", stringData]));
    const { apiVersion, kind, metadata, type } = changed("Secret") as Record<string, unknown>;
    expect(parsed).toStrictEqual({ ok: true, value: { apiVersion, kind, metadata, type, data: expected } });
  });

  test("base64 and UTF-8 are Node's", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(encodeBase64(utf8(text))).toBe(Buffer.from(text, "utf8").toString("base64"));
      }),
    );
  });

  test("lines of base64 are one value", () => {
    expect(secretType.parse(changed("Secret", ["data", { key: "aHVu\ndGVyMg==\n" }])).ok).toBe(true);
  });
});

test.each([
  [undefined, "default"],
  [{}, "default"],
  [{ serviceAccountName: "" }, "default"],
  [{ serviceAccountName: "bookinfo" }, "bookinfo"],
])("serviceAccountOf a Pod with the spec %j", (spec, expected) => {
  const parsed = podType.parse(changed("Pod", ["spec", spec]));
  expect(parsed.ok && serviceAccountOf(parsed.value)).toBe(expected);
});

test("a namespace is selected by its name, whatever its labels say", () => {
  const labels = { mesh: "red", "kubernetes.io/metadata.name": "other" };
  const parsed = namespaceType.parse(changed("Namespace", ["metadata.labels", labels]));
  expect(parsed.ok && namespaceLabels(parsed.value)).toEqual({
    mesh: "red",
    "kubernetes.io/metadata.name": "red-mesh-info",
  });
});

test.each([
  [["spec", "exportRules", 2, "nameSelector", "namespace"], "spec.exportRules[2].nameSelector.namespace"],
  [
    ["spec", "gateways", "additionalIngress", "ingress-green-mesh"],
    "spec.gateways.additionalIngress.ingress-green-mesh",
  ],
  [["metadata", "labels", "a.b/c"], 'metadata.labels["a.b/c"]'],
  [["data", "root-cert.pem"], 'data["root-cert.pem"]'],
  [["data", ""], 'data[""]'],
  [["data", 'a"b'], 'data["a\\"b"]'],
  [["endpoints", 0, "addresses", 1], "endpoints[0].addresses[1]"],
  [[], ""],
])("fieldPath %j", (segments, path) => {
  expect(fieldPath(segments)).toBe(path);
});

import { describe, expect, test } from "vitest";
import {
  exportToOf,
  isExternalName,
  isHeadless,
  type KubernetesServicePort,
  portProtocol,
  type Service,
  serviceType,
} from "../../src/index.js";

function service(spec: object, annotations: Record<string, string> = {}): Service {
  const result = serviceType.parse({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "ratings", namespace: "info", annotations },
    spec,
  });
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return result.value;
}

function onlyPort(port: object): readonly KubernetesServicePort[] | undefined {
  return service({ ports: [port] }).spec.ports;
}

test("Kubernetes' defaults", () => {
  expect(service({ ports: [{ port: 9080 }] }).spec).toStrictEqual({
    type: "ClusterIP",
    ports: [{ port: 9080, protocol: "TCP", targetPort: 9080 }],
  });
});

test.each([0, "", null, undefined])("targetPort %j is unset", (targetPort) => {
  expect(onlyPort({ port: 9080, targetPort })).toStrictEqual([{ port: 9080, protocol: "TCP", targetPort: 9080 }]);
});

test.each([
  ["headless", { clusterIP: "None" }, true, false],
  ["headless with ports", { clusterIP: "None", ports: [{ port: 80 }] }, true, false],
  ["with an address", { clusterIP: "10.0.0.1", ports: [{ port: 80 }] }, false, false],
  ["without an address yet", { clusterIP: "", ports: [{ port: 80 }] }, false, false],
  ["external", { type: "ExternalName", externalName: "db.example.com." }, false, true],
] as const)("%s", (_, spec, headless, external) => {
  expect(isHeadless(service(spec))).toBe(headless);
  expect(isExternalName(service(spec))).toBe(external);
});

describe("exportToOf", () => {
  test.each([
    [undefined, undefined],
    ["", undefined],
    [" , ", undefined],
    ["*", ["*"]],
    [".", ["."]],
    ["~", ["~"]],
    ["a,b", ["a", "b"]],
    [" a , . ", ["a", "."]],
  ])("%j", (annotation, expected) => {
    const annotations = annotation === undefined ? {} : { "networking.istio.io/exportTo": annotation };
    expect(exportToOf(service({ clusterIP: "None" }, annotations))).toEqual(expected);
  });

  test("a label of that name says nothing: it is an annotation", () => {
    const result = serviceType.parse({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "a", namespace: "b", labels: { "networking.istio.io/exportTo": "x" } },
      spec: { clusterIP: "None" },
    });
    expect(result.ok && exportToOf(result.value)).toBe(undefined);
  });
});

/** @see Istio "Protocol Selection" and its port names */
test.each([
  [{ port: 80, name: "http" }, "HTTP"],
  [{ port: 80, name: "http-web" }, "HTTP"],
  [{ port: 80, name: "http2" }, "HTTP2"],
  [{ port: 80, name: "http2-web" }, "HTTP2"],
  [{ port: 80, name: "https" }, "HTTPS"],
  [{ port: 80, name: "grpc" }, "GRPC"],
  [{ port: 80, name: "grpc-web" }, "GRPC-Web"],
  [{ port: 80, name: "grpc-web-x" }, "GRPC-Web"],
  [{ port: 80, name: "grpc-x" }, "GRPC"],
  [{ port: 80, name: "tcp" }, "TCP"],
  [{ port: 80, name: "tls-x" }, "TLS"],
  [{ port: 80, name: "mongo" }, "Mongo"],
  [{ port: 80, name: "mysql-primary" }, "MySQL"],
  [{ port: 80, name: "redis" }, "Redis"],
  [{ port: 80, name: "udp-x" }, "UDP"],
  [{ port: 80, appProtocol: "http_proxy" }, "HTTP_PROXY"],
  [{ port: 80, name: "web" }, "UnsupportedProtocol"],
  [{ port: 80, name: "httpx" }, "UnsupportedProtocol"],
  [{ port: 80, name: "web-http" }, "UnsupportedProtocol"],
  [{ port: 80 }, "UnsupportedProtocol"],
  [{ port: 80, name: "constructor" }, "UnsupportedProtocol"],
  [{ port: 80, appProtocol: "constructor" }, "UnsupportedProtocol"],
  [{ port: 80, name: "http", appProtocol: "tcp" }, "TCP"],
  [{ port: 80, name: "http", appProtocol: "example.com/own" }, "UnsupportedProtocol"],
  [{ port: 80, appProtocol: "HTTP2" }, "HTTP2"],
  [{ port: 80, appProtocol: "kubernetes.io/h2c" }, "HTTP2"],
  [{ port: 80, appProtocol: "kubernetes.io/ws" }, "HTTP"],
  [{ port: 80, appProtocol: "kubernetes.io/wss" }, "HTTPS"],
  [{ port: 53, name: "http", protocol: "UDP" }, "UDP"],
  [{ port: 3306 }, "TCP"],
  [{ port: 25, name: "mail" }, "TCP"],
  [{ port: 27017, name: "http" }, "HTTP"],
])("portProtocol of %j is %s", (port, protocol) => {
  expect(onlyPort(port)?.map(portProtocol)).toEqual([protocol]);
});

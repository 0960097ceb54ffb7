import { expect, it } from "vitest";
import { parseRequestPath } from "../../src/api/rest/request-path.js";

const core = { kind: "resource", group: "", version: "v1" };
const federation = { kind: "resource", group: "federation.maistra.io", version: "v1" };

it.each([
  ["/api", { kind: "core-versions" }],
  ["/api/", { kind: "core-versions" }],
  ["/apis", { kind: "groups" }],
  ["/apis/federation.maistra.io", { kind: "group", group: "federation.maistra.io" }],
  ["/api/v1", { kind: "resource-list", group: "", version: "v1" }],
  ["/apis/federation.maistra.io/v1", { kind: "resource-list", group: "federation.maistra.io", version: "v1" }],
  ["/api/v1/configmaps", { ...core, plural: "configmaps" }],
  ["/api/v1/namespaces", { ...core, plural: "namespaces" }],
  ["/api/v1/namespaces/a", { ...core, plural: "namespaces", name: "a" }],
  ["/api/v1/namespaces/a/status", { ...core, plural: "namespaces", name: "a", subresource: "status" }],
  ["/api/v1/namespaces/a/configmaps", { ...core, namespace: "a", plural: "configmaps" }],
  ["/api/v1/namespaces/a/configmaps/status", { ...core, namespace: "a", plural: "configmaps", name: "status" }],
  [
    "/apis/federation.maistra.io/v1/namespaces/a/servicemeshpeers/b/status",
    { ...federation, namespace: "a", plural: "servicemeshpeers", name: "b", subresource: "status" },
  ],
  ["/apis/federation.maistra.io/v1/servicemeshpeers/b", { ...federation, plural: "servicemeshpeers", name: "b" }],
  ["/api/v1/namespaces/a/configmaps/b%20c", { ...core, namespace: "a", plural: "configmaps", name: "b c" }],
])("reads %s", (path, expected) => {
  expect(parseRequestPath(path)).toEqual(expected);
});

it.each([
  "/",
  "",
  "/apiz",
  "//api",
  "/api//v1",
  "/api/v1//configmaps",
  "/api/v1/configmaps//",
  "/api/v1/namespaces/a/configmaps/b/status/c",
  "/api/v1/%2e%2e%2f/configmaps",
  "/api/v1/namespaces/a%2Fb/configmaps",
  "/api/v1/namespaces/%/configmaps",
])("finds no shape in %j", (path) => {
  expect(parseRequestPath(path)).toBeUndefined();
});

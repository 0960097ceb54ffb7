import { configMapType, eventType, type KubernetesObject, namespaceType, secretType } from "@meshfed/core";
import { expect, it } from "vitest";
import { parseFieldSelector } from "../../src/api/rest/field-selector.js";

const EVENT: KubernetesObject = {
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: "green-mesh.1", namespace: "a,b=c" },
  ...{ involvedObject: { kind: "ServiceMeshPeer", name: "green-mesh" }, type: "Warning" },
};

it.each([
  ["", true],
  ["metadata.name=green-mesh.1", true],
  ["metadata.name==green-mesh.1", true],
  ["metadata.name=other", false],
  ["metadata.name!=other", true],
  ["metadata.name=green-mesh.1,type=Warning", true],
  ["metadata.name=green-mesh.1,type=Normal", false],
  ["involvedObject.kind=ServiceMeshPeer,involvedObject.name=green-mesh", true],
  ["involvedObject.uid=", true],
  ["involvedObject.uid!=", false],
  ["metadata.namespace=a\\,b\\=c", true],
])("%j on an event: %j", (selector, expected) => {
  const parsed = parseFieldSelector(eventType, selector);
  expect(parsed.ok && parsed.value(EVENT)).toBe(expected);
});

it.each([
  [configMapType, "data.key=value", 'field label "data.key" is not supported for ConfigMap'],
  [secretType, "data.key=value", 'field label "data.key" is not supported for Secret'],
  [namespaceType, "metadata.namespace=a", 'field label "metadata.namespace" is not supported for Namespace'],
  [configMapType, "__proto__.x=y", 'field label "__proto__.x" is not supported for ConfigMap'],
  [configMapType, "metadata.name", '"metadata.name" is not a field selector; expected FIELD=VALUE'],
  [configMapType, "=a", '"=a" is not a field selector; expected FIELD=VALUE'],
  [configMapType, "metadata.name=a\\b", '"a\\b" has a "\\" that escapes nothing'],
])("%j: refuses %j", (type, selector, message) => {
  expect(parseFieldSelector(type, selector)).toEqual({
    ok: false,
    violations: [{ path: "fieldSelector", reason: "Invalid", message }],
  });
});

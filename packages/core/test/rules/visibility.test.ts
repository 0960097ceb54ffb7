import { exportToOf, isVisibleTo, serviceType } from "@meshfed/core";
import { expect, test } from "vitest";

/** From the annotation as written in a manifest, to the decision. @see reference §3.2 row 7 */
test.each([
  [undefined, "info", true],
  ["", "info", true],
  ["*", "info", true],
  ["other,*", "info", true],
  ["red-mesh-system", "info", true],
  ["other,red-mesh-system", "info", true],
  ["~,red-mesh-system", "info", true],
  [".", "red-mesh-system", true],
  ["other,.", "red-mesh-system", true],
  [".", "info", false],
  ["info", "info", false],
  ["~", "info", false],
  ["~", "red-mesh-system", false],
  ["other", "info", false],
  ["other,.", "info", false],
  ["red-mesh", "info", false],
  ["red-mesh-system-2", "info", false],
  ["RED-MESH-SYSTEM", "info", false],
])("exportTo %j of a service in %s: %s", (exportTo, namespace, visible) => {
  const annotations = exportTo === undefined ? {} : { "networking.istio.io/exportTo": exportTo };
  const service = serviceType.parse({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "ratings", namespace, annotations },
    spec: { ports: [{ port: 9080 }] },
  });
  if (!service.ok) throw new Error(JSON.stringify(service.violations));
  expect(isVisibleTo("red-mesh-system", { exportTo: exportToOf(service.value), namespace })).toBe(visible);
});

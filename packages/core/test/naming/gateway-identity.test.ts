import {
  clientIdUri,
  defaultRootCertificateConfigMap,
  formatClientId,
  gatewayServiceAccount,
  gatewaySpiffeId,
  parseSpiffeId,
} from "@meshfed/core";
import { expect, test } from "vitest";

test("identities of a gateway (reference §2.4)", () => {
  expect(gatewayServiceAccount("egress-red-mesh")).toBe("egress-red-mesh-service-account");
  const ingress = gatewaySpiffeId("red-mesh.local", "red-mesh-system", "ingress-green-mesh");
  expect(ingress).toBe("spiffe://red-mesh.local/ns/red-mesh-system/sa/ingress-green-mesh-service-account");
  const egress = gatewaySpiffeId("green-mesh.local", "green-mesh-system", "egress-red-mesh");
  expect(formatClientId(egress)).toBe("green-mesh.local/ns/green-mesh-system/sa/egress-red-mesh-service-account");
  expect(clientIdUri(formatClientId(egress))).toBe(egress);
});

test("a client ID that was given with its scheme is not a SPIFFE ID (reference §1.1: without spiffe://)", () => {
  expect(parseSpiffeId(clientIdUri("spiffe://green-mesh.local/ns/a/sa/b")).ok).toBe(false);
});

test("the default ConfigMap of a peer's root certificates (reference §1.1)", () => {
  expect(defaultRootCertificateConfigMap("green-mesh")).toBe("green-mesh-ca-root-cert");
});

import {
  discoveryEgressName,
  discoveryIngressName,
  discoveryResourceName,
  discoveryServicesRouteName,
  discoveryWatchRouteName,
  exportResourceName,
  exportsPolicyName,
  importResourceName,
  isDnsLabel,
  uniqueResourceName,
} from "@meshfed/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("names of generated configuration (reference §2.2)", () => {
  test.each([
    [discoveryResourceName, "federation-discovery-red-mesh"],
    [discoveryEgressName, "federation-discovery-red-mesh-egress"],
    [discoveryIngressName, "federation-discovery-red-mesh-ingress"],
    [discoveryServicesRouteName, "federation-discovery-red-mesh-ingress-ingress-services"],
    [discoveryWatchRouteName, "federation-discovery-red-mesh-ingress-ingress-watch"],
    [exportsPolicyName, "federation-exports-red-mesh"],
  ])("%o", (name, expected) => {
    expect(name("red-mesh")).toBe(expected);
  });
});

describe("truncation (reference §2.3, executed there)", () => {
  test.each([
    [exportResourceName, "green-mesh", "bookinfo", "ratings", "fed-exp-ratings-bookinfo-green-mesh"],
    [importResourceName, "red-mesh", "info", "ratings", "fed-imp-ratings-info-red-mesh"],
    [
      importResourceName,
      "test-remote",
      "bookinfo-production",
      "productpage-rest-private",
      "fed-imp-productpage-rest-private-bookinfo-production-te160043b8",
    ],
    [
      exportResourceName,
      "green-mesh",
      "west-data-center-production",
      "customer-recommendations",
      "fed-exp-customer-recommendations-west-data-center-produb5f75089",
    ],
    [
      exportResourceName,
      "m2345678901234567",
      "n2345678901234567890",
      "s2345678901234567",
      "fed-exp-s2345678901234567-n2345678901234567890-m2345678b979045c",
    ],
    [exportResourceName, "mesh", "b-c", "a", "fed-exp-a-b-c-mesh"],
    [exportResourceName, "mesh", "c", "a-b", "fed-exp-a-b-c-mesh"],
  ])("%o %s %s %s", (resourceName, peer, namespace, name, expected) => {
    expect(resourceName({ name, namespace, peer })).toBe(expected);
  });

  test("a name of exactly 63 characters is kept whole", () => {
    // fed-exp- (8) + 35 + - + 9 + - + 9 = 63
    const service = { name: "s".repeat(35), namespace: "n".repeat(9), peer: "p".repeat(9) };
    expect(exportResourceName(service)).toBe(`fed-exp-${"s".repeat(35)}-nnnnnnnnn-ppppppppp`);
  });
});

describe("uniqueResourceName (against reference 10.17)", () => {
  test("tells apart what the reference's names mix up", () => {
    const one = { name: "a", namespace: "b-c", peer: "mesh" };
    const other = { name: "a-b", namespace: "c", peer: "mesh" };
    expect(exportResourceName(one)).toBe(exportResourceName(other));
    expect(uniqueResourceName("fed-exp", one)).not.toBe(uniqueResourceName("fed-exp", other));
    expect(uniqueResourceName("fed-exp", one)).toMatch(/^fed-exp-a-b-c-mesh-[0-9a-f]{8}$/);
  });

  test("is a DNS label that differs whenever a part differs, however its parts are cut", () => {
    const part = fc.stringMatching(/^[a-c]([-a-c]{0,30}[a-c])?$/);
    const service = fc.record({ name: part, namespace: part, peer: part });
    fc.assert(
      fc.property(service, service, (one, other) => {
        const name = uniqueResourceName("fed-exp", one);
        expect(isDnsLabel(name)).toBe(true);
        const same = one.name === other.name && one.namespace === other.namespace && one.peer === other.peer;
        expect(name === uniqueResourceName("fed-exp", other)).toBe(same);
      }),
    );
  });
});

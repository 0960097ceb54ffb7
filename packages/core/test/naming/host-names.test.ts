import {
  defaultImportDomainSuffix,
  discoveryHost,
  exportedHost,
  importedHost,
  isLocalHost,
  istiodHost,
  localDomainSuffix,
  parseExportedHost,
  serviceHost,
} from "@meshfed/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("host names (reference §2.1)", () => {
  test("exported host", () => {
    expect(exportedHost("ratings", "bookinfo", "green-mesh")).toBe("ratings.bookinfo.svc.green-mesh-exports.local");
  });

  test.each([
    ["default suffix", defaultImportDomainSuffix("red-mesh"), "ratings.bookinfo.svc.red-mesh-imports.local"],
    ["suffix of the set or rule", "imported.local", "ratings.bookinfo.imported.local"],
    ["importAsLocal", localDomainSuffix("cluster.local"), "ratings.bookinfo.svc.cluster.local"],
  ])("imported host: %s", (_case, suffix, host) => {
    expect(importedHost("ratings", "bookinfo", suffix)).toBe(host);
  });

  test.each([
    ["egress-red-mesh", "green-mesh-system", "egress-red-mesh.green-mesh-system.svc.cluster.local"],
    ["ingress-green-mesh", "red-mesh-system", "ingress-green-mesh.red-mesh-system.svc.cluster.local"],
  ])("gateway host: %s", (gateway, namespace, host) => {
    expect(serviceHost(gateway, namespace, "cluster.local")).toBe(host);
  });

  test("discovery host on the importer", () => {
    expect(discoveryHost("green-mesh-system", "red-mesh")).toBe("discovery.green-mesh-system.svc.red-mesh.local");
  });

  test.each([
    ["istiod-red-mesh.red-mesh-system.svc:15012", "istiod-red-mesh.red-mesh-system.svc.cluster.local"],
    ["istiod-red-mesh.red-mesh-system.svc.example.org:15012", "istiod-red-mesh.red-mesh-system.svc.cluster.local"],
    ["istiod.svc-system.svc", "istiod.svc-system.svc.cluster.local"],
    ["istiod.example.org:15012", "istiod.example.org"],
  ])("istiod behind the ingress: %s", (discoveryAddress, host) => {
    expect(istiodHost(discoveryAddress, "cluster.local")).toBe(host);
  });

  test.each([
    ["ratings.info.svc.cluster.local", true],
    ["ratings.info.svc.red-mesh-imports.local", false],
    ["ratings.infosvc.cluster.local", false],
    ["svc.cluster.local", false],
  ])("isLocalHost %s: %s", (host, expected) => {
    expect(isLocalHost(host, "cluster.local")).toBe(expected);
  });
});

describe("parseExportedHost", () => {
  const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);

  test("inverts exportedHost", () => {
    fc.assert(
      fc.property(label, label, label, (name, namespace, peerLabel) => {
        expect(parseExportedHost(exportedHost(name, namespace, peerLabel))).toEqual({ name, namespace, peerLabel });
      }),
    );
  });

  test("takes the last -exports as the ending", () => {
    expect(parseExportedHost("a.b.svc.x-exports-exports.local")).toEqual({
      name: "a",
      namespace: "b",
      peerLabel: "x-exports",
    });
  });

  test.each([
    "",
    "x.y.svc.cluster.local",
    "ratings.svc.green-mesh-exports.local",
    "a.ratings.bookinfo.svc.green-mesh-exports.local",
    "ratings.bookinfo.svc.green-mesh-imports.local",
    "ratings.bookinfo.svc.-exports.local",
    "ratings.bookinfo.svc.green.mesh-exports.local",
    "ratings.bookinfo.svc.green-mesh-exports.local.",
    "ratings.bookinfo.svc.green-mesh-exports.localhost",
    "Ratings.bookinfo.svc.green-mesh-exports.local",
    "*.bookinfo.svc.green-mesh-exports.local",
    "-ratings.bookinfo.svc.green-mesh-exports.local",
    `${"a".repeat(64)}.bookinfo.svc.green-mesh-exports.local`,
    "ratings.bookinfo.svc.green-mesh-exports.local\n",
  ])("refuses %j", (host) => {
    expect(parseExportedHost(host)).toBeUndefined();
  });
});

import { expect, it } from "vitest";
import {
  type CertificateSource,
  createGatewayEngine,
  resolveGatewayLimits,
  systemClock,
} from "../../src/gateway/index.js";
import { connectTcp } from "../../src/gateway/tcp-connect.js";
import { createTelemetry } from "../../src/gateway/telemetry.js";
import type { SpiffeId, TrustDomain } from "../../src/naming/spiffe-id.js";
import { createCertificateAuthority, createCertificateRotation } from "../../src/trust/index.js";
import { TestCertificates } from "./test-mesh.js";

it("completes limits, and names every wrong one", () => {
  expect(resolveGatewayLimits({ connectTimeoutMs: 7 })).toMatchObject({
    connectTimeoutMs: 7,
    idleTimeoutMs: 3_600_000,
  });
  const wrong = { connectTimeoutMs: 0, idleTimeoutMs: -1, maxConnections: 1.5, maxHeaderBytes: Number.NaN };
  expect(() => resolveGatewayLimits(wrong)).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      violations: Object.entries(wrong).map(([name, value]) => ({
        path: `limits.${name}`,
        reason: "Invalid",
        message: `found ${value}, expected a whole number from 1`,
      })),
    }),
  );
  const authority = createCertificateAuthority({ trustDomain: "red-mesh.local" as TrustDomain, now: Date.now() });
  expect(() =>
    createGatewayEngine({
      clock: systemClock,
      random: Math.random,
      certificates: new TestCertificates(authority),
      resolveHost: () => Promise.resolve([]),
      discovery: () => undefined,
      limits: wrong,
    }),
  ).toThrow("gateway limits");
});

it("takes its certificates from a rotation", () => {
  const now = Date.now();
  const authority = createCertificateAuthority({ trustDomain: "red-mesh.local" as TrustDomain, now });
  const rotation = createCertificateRotation({
    authority,
    clock: systemClock,
    random: Math.random,
    onFailure: () => undefined,
  });
  const source: CertificateSource = rotation;
  const id = "spiffe://red-mesh.local/ns/red-mesh-system/sa/ingress-green-mesh-service-account" as SpiffeId;
  expect(source.get(id)?.certificateChain).toContain("BEGIN CERTIFICATE");
  expect(String(source.get(id)?.privateKey)).toBe("[redacted]");
  rotation.close();
});

it.each([
  ["127.0.0.1", 0],
  ["127.0.0.1", 65_536],
  ["127.0.0.1", 1.5],
  ["not-an-address", 80],
])("does not connect to %s:%d, and says so", async (address, port) => {
  const hop = { kind: "Endpoint", host: "a.test", address: `${address}:${port}` } as const;
  const signal = new AbortController().signal;
  await expect(connectTcp({ address, port, timeoutMs: 1_000, clock: systemClock, hop, signal })).rejects.toMatchObject({
    reason: "ConnectFailed",
    hop,
  });
});

it("an observer that throws is counted and changes nothing", () => {
  const telemetry = createTelemetry({
    connectionRefused: () => {
      throw new Error("broken observer");
    },
  });
  const refused = { role: "OutboundTcp", reason: "NoUpstream", resource: "x", downstream: "y", message: "z" } as const;
  telemetry.connectionRefused(refused);
  telemetry.connectionRefused(refused);
  expect(telemetry.counters()).toMatchObject({
    observerFailures: 2,
    refusals: [{ role: "OutboundTcp", peer: "", reason: "NoUpstream", count: 2 }],
  });
});

it("counters are a snapshot", () => {
  const telemetry = createTelemetry({});
  const before = telemetry.counters();
  telemetry.peerFailed({ peer: "red-mesh", address: "a", reason: "ConnectRefused", message: "" });
  expect(before.peerFailures).toEqual([]);
  expect(telemetry.counters().peerFailures).toEqual([{ peer: "red-mesh", reason: "ConnectRefused", count: 1 }]);
});

import { type AnnouncedService, PORT_PROTOCOLS, type ServiceMessage } from "@meshfed/core";
import fc from "fast-check";

export const INGRESS_ACCOUNT = "spiffe://red-mesh.local/ns/red-mesh-system/sa/ingress-green-mesh-service-account";

/** A message as red-mesh exports it to its peer green-mesh. */
export function exportedService(name: string, changes: Partial<ServiceMessage> = {}): ServiceMessage {
  return {
    name,
    namespace: "bookinfo",
    hostname: `${name}.bookinfo.svc.green-mesh-exports.local`,
    servicePorts: [{ name: "http", port: 9080, protocol: "HTTP" }],
    serviceAccounts: [INGRESS_ACCOUNT],
    ...changes,
  };
}

/** Anything that has the right types. */
export const announcedService: fc.Arbitrary<AnnouncedService> = fc.record({
  name: fc.string({ unit: "grapheme" }),
  namespace: fc.string(),
  hostname: fc.string(),
  servicePorts: fc.array(
    fc.record({
      name: fc.string(),
      port: fc.oneof(fc.integer({ min: 0, max: 65_535 }), fc.maxSafeInteger()),
      protocol: fc.oneof(fc.constantFrom(...PORT_PROTOCOLS), fc.string()),
    }),
    { maxLength: 4 },
  ),
  serviceAccounts: fc.array(fc.string({ unit: "binary" }), { maxLength: 4 }),
});

const name = fc.constantFrom("ratings", "reviews", "details", "productpage", "mongodb", "mysql");

/** One of a few services, in one of a few states, so that sequences of them collide. */
export const exportedMessage: fc.Arbitrary<ServiceMessage> = fc
  .record({
    name,
    port: fc.constantFrom(9080, 9081),
    accounts: fc.constantFrom([], [INGRESS_ACCOUNT], [INGRESS_ACCOUNT, INGRESS_ACCOUNT]),
  })
  .map(({ name, port, accounts }) =>
    exportedService(name, { servicePorts: [{ name: "http", port, protocol: "HTTP" }], serviceAccounts: accounts }),
  );

export const exportedHostname: fc.Arbitrary<string> = name.map((name) => exportedService(name).hostname);

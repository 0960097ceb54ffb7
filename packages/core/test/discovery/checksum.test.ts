import {
  combineServiceChecksums,
  legacyListChecksum,
  listChecksum,
  remoteChecksum,
  serviceChecksum,
  toListChecksum,
} from "@meshfed/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Fnv64 } from "../../src/discovery/fnv64.js";
import { checksumVectors, toAnnouncedService, vectorServices } from "./checksum-vectors.js";
import { announcedService } from "./service-arbitraries.js";

const { primitives, vectors, watch } = checksumVectors;

function checksumOf(vector: (typeof vectors)[number]): bigint {
  switch (vector.kind) {
    case "list":
      return listChecksum(vectorServices(vector));
    case "service":
      return serviceChecksum(toAnnouncedService(vector.input));
    case "remote":
      return remoteChecksum(vector.input);
    case "legacyList":
      return legacyListChecksum(vectorServices(vector), vector.input.networkGatewayEndpoints ?? []);
  }
}

describe("golden vectors (reference §4.6)", () => {
  test.each(vectors)("$name", (vector) => {
    expect(checksumOf(vector).toString()).toBe(vector.checksum);
    expect(checksumOf(vector)).toBe(BigInt(`0x${vector.hex}`));
  });

  test.each(watch)("watch session: $listVectorName", ({ event, listVectorName }) => {
    const vector = vectors.find(({ name }) => name === listVectorName);
    const checksum = /"checksum":(\d+)}$/.exec(event)?.[1];
    // One state of the session is not among the vectors; its value is the worked trace of reference §4.6.
    expect(vector?.checksum ?? "1380616780676048059").toBe(checksum);
  });

  test("the worked trace", () => {
    const ratings = toAnnouncedService({
      name: "ratings",
      namespace: "bookinfo",
      hostname: "ratings.bookinfo.svc.green-mesh-exports.local",
      servicePorts: [{ name: "http", port: 9080, protocol: "HTTP" }],
      serviceAccounts: ["spiffe://red-mesh.local/ns/red-mesh-system/sa/ingress-green-mesh-service-account"],
    });
    expect(serviceChecksum(ratings)).toBe(8283939521147587309n);
    expect(listChecksum([ratings])).toBe(1380616780676048059n);
    expect(listChecksum([])).toBe(3035108133973235477n);
  });
});

describe("primitives", () => {
  const text = (value: string) => new Fnv64().text(value).toBigInt().toString();
  const strings = Object.entries(primitives).filter(([name]) => name.startsWith("string:"));

  test("there are vectors of strings", () => {
    expect(strings.length).toBeGreaterThanOrEqual(4);
  });

  test.each(strings)("%s", (name, value) => {
    expect(text(name.slice("string:".length))).toBe(value);
  });

  test("integers are little-endian", () => {
    const hash = new Fnv64();
    expect(hash.word(8188).toBigInt().toString()).toBe(primitives["int32:8188"]);
    expect(hash.reset().word(9080).word(0).toBigInt().toString()).toBe(primitives["int64:9080"]);
    expect(hash.reset().word(-1).word(-1).toBigInt().toString()).toBe(primitives["int64:-1"]);
  });

  test("equal to the definition with bigint, for any text", () => {
    const definition = (bytes: Uint8Array) =>
      bytes.reduce((hash, byte) => BigInt.asUintN(64, hash * 1099511628211n) ^ BigInt(byte), 14695981039346656037n);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        expect(new Fnv64().text(value).toBigInt()).toBe(definition(new TextEncoder().encode(value)));
      }),
    );
  });

  test("a lone surrogate counts as U+FFFD, which is what Go's decoder makes of it", () => {
    expect(text("a\ud800b")).toBe(text("a\ufffdb"));
    expect(text("\udc00")).toBe(text("\ufffd"));
  });
});

describe("properties of the function", () => {
  test("order of services, ports and accounts does not count", () => {
    fc.assert(
      fc.property(fc.array(announcedService), (services) => {
        const turned = services.map((service) => ({
          ...service,
          servicePorts: service.servicePorts.toReversed(),
          serviceAccounts: service.serviceAccounts.toReversed(),
        }));
        expect(listChecksum(turned.toReversed())).toBe(listChecksum(services));
      }),
    );
  });

  test("a service's share can be put in and taken out", () => {
    fc.assert(
      fc.property(fc.array(announcedService), announcedService, (services, extra) => {
        const combined = combineServiceChecksums([...services, extra].map(serviceChecksum));
        expect(toListChecksum(combined)).toBe(listChecksum([...services, extra]));
        expect(toListChecksum(combined ^ serviceChecksum(extra))).toBe(listChecksum(services));
      }),
    );
  });

  test("10.18: equal elements cancel in pairs, on the wire as in the reference", () => {
    const [service] = vectors
      .filter(({ name }) => name === "service/full")
      .map(({ input }) => toAnnouncedService(input));
    expect(service).toBeDefined();
    expect(listChecksum([service, service].flatMap((one) => one ?? []))).toBe(listChecksum([]));
  });

  test("an unset port of spec.remote is not its default (reference §4.7)", () => {
    const addresses = ["ingress-red-mesh.green-mesh-system.apps.domain.com"];
    expect(remoteChecksum({ addresses })).not.toBe(
      remoteChecksum({ addresses, discoveryPort: 8188, servicePort: 15443 }),
    );
    expect(remoteChecksum({ addresses })).toBe(remoteChecksum({ addresses, discoveryPort: 0, servicePort: 0 }));
  });
});

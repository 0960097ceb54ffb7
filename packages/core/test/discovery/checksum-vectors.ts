import { readFileSync } from "node:fs";
import type { AnnouncedService, NetworkGatewayEndpoint, WrittenRemote } from "@meshfed/core";

/** A service as the vectors have it: empty fields are left out. */
type PartialService = Partial<Omit<AnnouncedService, "servicePorts">> & {
  readonly servicePorts?: readonly Partial<AnnouncedService["servicePorts"][number]>[];
};

interface Vector {
  readonly name: string;
  readonly kind: "list" | "service" | "remote" | "legacyList";
  readonly input: PartialService &
    WrittenRemote & {
      readonly services?: readonly PartialService[];
      readonly networkGatewayEndpoints?: readonly NetworkGatewayEndpoint[];
    };
  readonly checksum: string;
  readonly hex: string;
  readonly wireJSON?: string;
}

interface Vectors {
  readonly primitives: Readonly<Record<string, string>>;
  readonly vectors: readonly Vector[];
  readonly watch: readonly { readonly event: string; readonly listVectorName: string }[];
}

/** Golden values of hashstructure v2.0.2 and of Go's encoding/json; `about` in the file says how they were made. */
export const checksumVectors: Vectors = JSON.parse(
  readFileSync(new URL("../../../../test/fixtures/checksum-vectors.json", import.meta.url), "utf8"),
);

export function toAnnouncedService(service: PartialService): AnnouncedService {
  return {
    name: service.name ?? "",
    namespace: service.namespace ?? "",
    hostname: service.hostname ?? "",
    servicePorts: (service.servicePorts ?? []).map(({ name = "", port = 0, protocol = "" }) => ({
      name,
      port,
      protocol,
    })),
    serviceAccounts: service.serviceAccounts ?? [],
  };
}

export function vectorServices(vector: Vector): AnnouncedService[] {
  return (vector.input.services ?? []).map(toAnnouncedService);
}

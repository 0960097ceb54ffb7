import { FederationError } from "../errors.js";
import type { FieldViolation } from "../result.js";
import type { SocketAddress } from "./gateway-resource.js";
import { createVirtualAddressPool } from "./virtual-address.js";

export interface MeshPlannerOptions {
  /** Where node ports of this host are reached. Default `127.0.0.1`. */
  readonly nodeAddress?: string;
  /** IPv4 range, in CIDR notation, for services with raw TCP ports, for example `127.64.0.0/16`. Default: no addresses. */
  readonly virtualAddressRange?: string;
  /**
   * Where workloads hand in HTTP for imported services: at the addresses of a Service `outbound` of its own, at addresses
   * that are given, or nowhere (where sidecars do it). Default `service`.
   */
  readonly outbound?: "service" | "none" | readonly SocketAddress[];
  /**
   * Whether the mesh makes its gateways' Services and ServiceAccounts, and writes the statuses of its control plane and
   * member roll. False where an Istio operator does. Default true.
   */
  readonly installation?: boolean;
  /**
   * What is wrong with the text of a root certificate, empty when it can be used. It must answer the same for the same
   * text, at any time: the answer is remembered, and nothing plans again when a certificate expires. Whether one is valid
   * now is for the handshake to decide. Default: only looks for a PEM certificate.
   */
  readonly checkRootCertificates?: (pem: string) => readonly FieldViolation[];
}

export type ResolvedPlannerOptions = Required<Omit<MeshPlannerOptions, "virtualAddressRange">> &
  Pick<MeshPlannerOptions, "virtualAddressRange">;

/** @throws FederationError INVALID_ARGUMENT for a range that is none */
export function resolvePlannerOptions(options: MeshPlannerOptions): ResolvedPlannerOptions {
  const { virtualAddressRange } = options;
  const pool = virtualAddressRange === undefined ? undefined : createVirtualAddressPool(virtualAddressRange);
  if (pool?.ok === false) {
    const violations = pool.violations.map((violation) => ({ ...violation, path: "virtualAddressRange" }));
    throw new FederationError("INVALID_ARGUMENT", violations.map(({ message }) => message).join("; "), { violations });
  }
  return {
    nodeAddress: options.nodeAddress ?? "127.0.0.1",
    outbound: options.outbound ?? "service",
    installation: options.installation ?? true,
    checkRootCertificates: options.checkRootCertificates ?? lookForCertificate,
    ...(virtualAddressRange !== undefined && { virtualAddressRange }),
  };
}

function lookForCertificate(pem: string): readonly FieldViolation[] {
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return [];
  return [{ path: "", reason: "Invalid", message: "found no certificate in PEM format" }];
}

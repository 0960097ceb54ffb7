import { failure, type Result, success } from "@meshfed/core";

/** A range of IPv4 addresses, for example `127.80.0.0/24`. */
export interface AddressPool {
  /** As it was given. */
  readonly cidr: string;
  /** The network's address, as a 32-bit number. */
  readonly network: number;
  /** First and last address to give. */
  readonly first: number;
  readonly last: number;
}

/** CIDR text -> pool. Prefixes from /8 to /32; the network's own first address is left out unless it is the only one. */
export function parseAddressPool(cidr: string): Result<AddressPool> {
  const wrong = (message: string) => failure<AddressPool>({ path: "", reason: "Invalid", message });
  const [addressText, prefixText, rest] = cidr.split("/");
  const address = addressText === undefined ? undefined : parseIpv4(addressText);
  const prefix = prefixText !== undefined && /^\d{1,2}$/.test(prefixText) ? Number(prefixText) : -1;
  if (address === undefined || rest !== undefined || prefix < 8 || prefix > 32) {
    return wrong(`"${cidr}" is not an IPv4 range such as 127.80.0.0/24`);
  }
  const size = 2 ** (32 - prefix);
  if (address % size !== 0) return wrong(`"${cidr}" does not start at a multiple of its size`);
  return success({ cidr, network: address, first: size === 1 ? address : address + 1, last: address + size - 1 });
}

/** `taken`: somebody has it now; `foreign`: this host does not have it at all. */
export type Candidate = "free" | "taken" | "foreign";

export interface Allocation {
  /** The pool's lowest free address; undefined when there is none. */
  readonly address?: string;
  /** Whether nothing was found because the host has none of the addresses. */
  readonly isForeign: boolean;
}

/** A host that lacks so many addresses in a row has none of those that follow: a pool may be large. */
const MOST_FOREIGN = 256;

export async function allocateAddress(
  pool: AddressPool,
  probe: (address: string) => Candidate | Promise<Candidate>,
): Promise<Allocation> {
  let foreign = 0;
  let isForeign = true;
  for (let number = pool.first; number <= pool.last && foreign < MOST_FOREIGN; number++) {
    const address = formatIpv4(number);
    const candidate = await probe(address);
    if (candidate === "free") return { address, isForeign: false };
    if (candidate === "taken") isForeign = false;
    foreign = candidate === "foreign" ? foreign + 1 : 0;
  }
  return { isForeign };
}

function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) {
    return undefined;
  }
  return parts.reduce((value, part) => value * 256 + Number(part), 0);
}

/** 2130706433 -> `127.0.0.1` */
export function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

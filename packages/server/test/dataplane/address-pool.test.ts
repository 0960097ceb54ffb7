import { describe, expect, it } from "vitest";
import { allocateAddress, formatIpv4, parseAddressPool } from "../../src/dataplane/embedded/address-pool.js";

function pool(cidr: string) {
  const parsed = parseAddressPool(cidr);
  if (!parsed.ok) throw new Error(`${cidr} is a pool`);
  return parsed.value;
}

describe("parseAddressPool", () => {
  it.each([
    ["127.80.0.0/24", "127.80.0.1", "127.80.0.255"],
    ["127.80.0.4/31", "127.80.0.5", "127.80.0.5"],
    ["127.0.0.1/32", "127.0.0.1", "127.0.0.1"],
    ["10.0.0.0/8", "10.0.0.1", "10.255.255.255"],
    ["192.168.255.128/25", "192.168.255.129", "192.168.255.255"],
  ])("reads %s", (cidr, first, last) => {
    expect([formatIpv4(pool(cidr).first), formatIpv4(pool(cidr).last)]).toEqual([first, last]);
  });

  it.each([
    ["", "not an IPv4 range"],
    ["127.80.0.0", "not an IPv4 range"],
    ["127.80.0.0/", "not an IPv4 range"],
    ["127.80.0.0/33", "not an IPv4 range"],
    ["127.80.0.0/7", "not an IPv4 range"],
    ["127.80.0/24", "not an IPv4 range"],
    ["127.80.0.256/32", "not an IPv4 range"],
    ["127.080.0.0/24", "not an IPv4 range"],
    ["127.80.0.0/24/1", "not an IPv4 range"],
    ["::1/128", "not an IPv4 range"],
    ["127.80.0.1/24", "multiple of its size"],
  ])("refuses %j", (cidr, message) => {
    expect(parseAddressPool(cidr)).toMatchObject({
      ok: false,
      violations: [{ reason: "Invalid", message: expect.stringContaining(message) }],
    });
  });
});

describe("allocateAddress", () => {
  it("gives the lowest address that is free", async () => {
    const taken = new Set(["127.80.0.1", "127.80.0.2"]);
    const probe = (address: string) => (taken.has(address) ? "taken" : "free");
    expect(await allocateAddress(pool("127.80.0.0/24"), probe)).toEqual({ address: "127.80.0.3", isForeign: false });
  });

  it("gives nothing when all are taken", async () => {
    expect(await allocateAddress(pool("127.80.0.0/30"), () => "taken")).toEqual({ isForeign: false });
  });

  it("does not search a large pool to its end when the host has none of it", async () => {
    let probed = 0;
    const probe = () => {
      probed++;
      return "foreign" as const;
    };
    expect(await allocateAddress(pool("127.80.0.0/16"), probe)).toEqual({ isForeign: true });
    expect(probed).toBe(256);
  });

  it("passes over addresses that the host does not have", async () => {
    const probe = (address: string) => (address === "127.80.0.9" ? "free" : "foreign");
    expect(await allocateAddress(pool("127.80.0.0/16"), probe)).toEqual({ address: "127.80.0.9", isForeign: false });
  });
});

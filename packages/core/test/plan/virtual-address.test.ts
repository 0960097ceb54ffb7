import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createVirtualAddressPool, type VirtualAddressPool } from "../../src/plan/virtual-address.js";

function poolOf(cidr: string): VirtualAddressPool {
  const pool = createVirtualAddressPool(cidr);
  if (!pool.ok) throw new Error(pool.violations[0]?.message);
  return pool.value;
}

describe("createVirtualAddressPool", () => {
  it.each([
    "127.64.0.0",
    "127.64.0.0/",
    "127.64.0.0/33",
    "127.64.0.0/7",
    "127.64.0.1/16",
    "127.64.256.0/24",
    "fd00::/64",
    "127.64.0.0/16/8",
    "",
  ])("refuses %j", (cidr) => {
    const pool = createVirtualAddressPool(cidr);
    expect(pool.ok ? [] : pool.violations.map((violation) => violation.message)).toEqual([
      `found "${cidr}", expected an IPv4 range that starts at a multiple of its size, such as 127.64.0.0/16`,
    ]);
  });

  it.each([
    ["10.0.0.4/32", ["10.0.0.4"]],
    ["10.0.0.4/31", ["10.0.0.4", "10.0.0.5"]],
    ["10.0.0.4/30", ["10.0.0.5", "10.0.0.6"]],
    ["10.0.0.8/29", ["10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.13", "10.0.0.14", "10.0.0.9"]],
  ])("gives out the host addresses of %s", (cidr, addresses) => {
    const pool = poolOf(cidr);
    const hosts = addresses.map((_, index) => `host-${index}`);
    for (const host of hosts) pool.add(host);
    expect(hosts.map((host) => pool.addressOf(host)).sort()).toEqual(addresses);
  });
});

describe("the pool", () => {
  it("gives the lexically first hosts an address when there are too few, and the next one when one comes back", () => {
    const pool = poolOf("10.0.0.4/30");
    for (const host of ["c", "a", "b"]) pool.add(host);
    expect(["a", "b", "c"].map((host) => pool.addressOf(host) !== undefined)).toEqual([true, true, false]);
    pool.takeMoved();
    const freed = pool.addressOf("a");
    pool.remove("a");
    expect(pool.addressOf("a")).toBeUndefined();
    expect([pool.addressOf("b"), pool.addressOf("c")]).toContain(freed);
    expect([...pool.takeMoved()]).toContain("c");
  });

  it("keeps an address while other hosts come and go (reference 10.20)", () => {
    const pool = poolOf("127.64.0.0/12");
    pool.add("db.data.svc.red-mesh-imports.local");
    const address = pool.addressOf("db.data.svc.red-mesh-imports.local");
    for (let index = 0; index < 1000; index++) pool.add(`service-${index}.info.svc.blue-mesh-imports.local`);
    for (let index = 0; index < 1000; index++) pool.remove(`service-${index}.info.svc.blue-mesh-imports.local`);
    expect(pool.addressOf("db.data.svc.red-mesh-imports.local")).toBe(address);
  });

  it("allocates by the set of hosts alone, each address once, and tells which hosts moved", () => {
    const host = fc.integer({ min: 0, max: 40 }).map((index) => `h${index}.info.svc.red-mesh-imports.local`);
    const steps = fc.array(fc.record({ host, add: fc.boolean() }), { maxLength: 80 });
    fc.assert(
      // A range of 30 addresses for up to 41 hosts: crowded, so that hosts displace each other and some get nothing.
      fc.property(steps, (sequence) => {
        const pool = poolOf("10.0.0.0/27");
        const shown = new Map<string, string | undefined>();
        const present = new Set<string>();
        for (const step of sequence) {
          if (step.add) pool.add(step.host);
          else pool.remove(step.host);
          if (step.add) present.add(step.host);
          else present.delete(step.host);
          for (const moved of pool.takeMoved()) shown.set(moved, pool.addressOf(moved));
        }
        const fresh = poolOf("10.0.0.0/27");
        for (const each of [...present].sort().reverse()) fresh.add(each);
        const addresses = [...present].map((each) => pool.addressOf(each));
        expect(addresses).toEqual([...present].map((each) => fresh.addressOf(each)));
        expect(addresses).toEqual([...present].map((each) => shown.get(each)));
        const given = addresses.filter((address) => address !== undefined);
        expect(new Set(given).size).toBe(given.length);
        expect(given.length).toBe(Math.min(present.size, 30));
      }),
      { numRuns: 500 },
    );
  });
});

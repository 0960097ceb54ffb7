import { describe, expect, it } from "vitest";
import { createAddressResolver, type ResolveHost } from "../../src/gateway/address-resolver.js";
import { ManualClock } from "../trust/manual-clock.js";

const signal = new AbortController().signal;

function resolver(resolveHost: ResolveHost) {
  const clock = new ManualClock(0);
  const asked: string[] = [];
  const { resolve } = createAddressResolver({
    clock,
    ttlMs: 30_000,
    timeoutMs: 5_000,
    resolveHost: (host, abort) => {
      asked.push(host);
      return resolveHost(host, abort);
    },
  });
  return { clock, asked, resolve };
}

describe("resolve", () => {
  it.each(["192.0.2.1", "::1"])("does not ask for the address %s", async (address) => {
    const { asked, resolve } = resolver(() => Promise.reject(new Error("asked")));
    expect(await resolve(address, signal)).toEqual([address]);
    expect(asked).toEqual([]);
  });

  it("asks once for callers at the same time, and again when the answer is old", async () => {
    let address = 1;
    const { clock, asked, resolve } = resolver(() => Promise.resolve([`192.0.2.${address++}`]));
    expect(await Promise.all([resolve("a", signal), resolve("a", signal)])).toEqual([["192.0.2.1"], ["192.0.2.1"]]);
    clock.advance(29_999);
    expect(await resolve("a", signal)).toEqual(["192.0.2.1"]);
    expect(asked).toEqual(["a"]);
    clock.advance(1);
    expect(await resolve("a", signal)).toEqual(["192.0.2.1"]);
    await new Promise(setImmediate);
    expect(await resolve("a", signal)).toEqual(["192.0.2.2"]);
    expect(asked).toEqual(["a", "a"]);
  });

  it("keeps the last good answer while the name server fails", async () => {
    let fails = false;
    const { clock, resolve } = resolver(() =>
      fails ? Promise.reject(new Error("SERVFAIL")) : Promise.resolve(["192.0.2.1"]),
    );
    await resolve("a", signal);
    fails = true;
    for (let day = 0; day < 3; day++) {
      clock.advance(86_400_000);
      expect(await resolve("a", signal)).toEqual(["192.0.2.1"]);
      await new Promise(setImmediate);
    }
  });

  it("takes addresses alone, each once", async () => {
    const { resolve } = resolver(() => Promise.resolve(["192.0.2.1", "not-an-address", "192.0.2.1", "2001:db8::1"]));
    expect(await resolve("a", signal)).toEqual(["192.0.2.1", "2001:db8::1"]);
  });

  it.each<[string, ResolveHost, string]>([
    ["nothing is known and the name server fails", () => Promise.reject(new Error("NXDOMAIN")), "NXDOMAIN"],
    ["there is no address", () => Promise.resolve([]), '"a" has no addresses'],
    ["there is none that is one", () => Promise.resolve(["b.example"]), '"a" has no addresses'],
  ])("fails when %s", async (_, resolveHost, message) => {
    const { resolve, clock } = resolver(resolveHost);
    await expect(resolve("a", signal)).rejects.toThrow(message);
    expect(clock.pendingTimers).toBe(0);
  });

  it("gives up on a name server that does not answer, and lets it know", async () => {
    let given: AbortSignal | undefined;
    const { clock, resolve } = resolver((_, abort) => {
      given = abort;
      return new Promise(() => {});
    });
    const resolved = resolve("a", signal);
    clock.advance(5_000);
    await expect(resolved).rejects.toThrow('no answer for "a" after 5000 ms');
    expect(given?.aborted).toBe(true);
  });

  it("stops waiting when the caller does; others still get the answer", async () => {
    let answer: (addresses: string[]) => void = () => {};
    const { resolve } = resolver(
      () =>
        new Promise((done) => {
          answer = done;
        }),
    );
    const abort = new AbortController();
    const impatient = resolve("a", abort.signal);
    const patient = resolve("a", signal);
    abort.abort(new Error("enough"));
    await expect(impatient).rejects.toThrow("enough");
    answer(["192.0.2.1"]);
    expect(await patient).toEqual(["192.0.2.1"]);
  });
});

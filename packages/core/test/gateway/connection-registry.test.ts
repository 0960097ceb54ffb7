import { describe, expect, it } from "vitest";
import { createConnectionRegistry, type Withdrawal } from "../../src/gateway/connection-registry.js";
import { ManualClock } from "../trust/manual-clock.js";

function registry() {
  const clock = new ManualClock(0);
  const connections = createConnectionRegistry({ clock, drainTimeoutMs: 1_000 });
  const add = (...groups: readonly string[]) => {
    const connection = { withdrawal: undefined as Withdrawal | undefined, closed: [] as string[], remove: () => {} };
    connection.remove = connections.add({
      groups,
      reauthorize: () => connection.withdrawal,
      close: (reason) => connection.closed.push(reason),
    });
    return connection;
  };
  return { clock, connections, add };
}

describe("reauthorize", () => {
  it("asks the connections of the group alone", () => {
    const { connections, add } = registry();
    const [one, other] = [add("a", "b"), add("c")];
    one.withdrawal = { reason: "TrustChanged", when: "now" };
    other.withdrawal = { reason: "TrustChanged", when: "now" };
    connections.reauthorize("b");
    connections.reauthorize("unknown");
    expect([one.closed, other.closed, connections.size]).toEqual([["TrustChanged"], [], 1]);
  });

  it("lets a connection drain once, however often it is asked", () => {
    const { clock, connections, add } = registry();
    const one = add("a");
    one.withdrawal = { reason: "ExportWithdrawn", when: "drained" };
    connections.reauthorize("a");
    clock.advance(600);
    connections.reauthorize("a");
    clock.advance(399);
    expect(one.closed).toEqual([]);
    clock.advance(1);
    expect(one.closed).toEqual(["ExportWithdrawn"]);
  });

  it("keeps a connection that is allowed again, and closes at once one whose trust goes while it drains", () => {
    const { clock, connections, add } = registry();
    const [back, gone] = [add("a"), add("b")];
    back.withdrawal = { reason: "ExportWithdrawn", when: "drained" };
    gone.withdrawal = { reason: "ExportWithdrawn", when: "drained" };
    connections.reauthorize("a");
    connections.reauthorize("b");
    back.withdrawal = undefined;
    gone.withdrawal = { reason: "PeerRemoved", when: "now" };
    connections.reauthorize("a");
    connections.reauthorize("b");
    clock.advance(10_000);
    expect([back.closed, gone.closed]).toEqual([[], ["PeerRemoved"]]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("forgets a connection that ends by itself, timer included", () => {
    const { clock, connections, add } = registry();
    const one = add("a");
    one.withdrawal = { reason: "ExportWithdrawn", when: "drained" };
    connections.reauthorize("a");
    one.remove();
    one.remove();
    clock.advance(10_000);
    expect([one.closed, connections.size, clock.pendingTimers]).toEqual([[], 0, 0]);
  });
});

it("tells when it is empty, also when it is already", async () => {
  const { connections, add } = registry();
  await connections.empty();
  const [one, other] = [add("a"), add("a")];
  let empty = false;
  const waiting = connections.empty().then(() => {
    empty = true;
  });
  one.remove();
  await Promise.resolve();
  expect(empty).toBe(false);
  other.remove();
  await waiting;
});

it("closes all, each once", () => {
  const { connections, add } = registry();
  const all = [add("a"), add("b"), add("a", "b")];
  connections.closeAll("EngineClosed");
  connections.closeAll("EngineClosed");
  expect(all.map(({ closed }) => closed)).toEqual([["EngineClosed"], ["EngineClosed"], ["EngineClosed"]]);
});

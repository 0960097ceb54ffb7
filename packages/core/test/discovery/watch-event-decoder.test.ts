import { encodeService, encodeWatchEvent, type ReceivedWatchEvent, WatchEventDecoder } from "@meshfed/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { announcedService, exportedService } from "./service-arbitraries.js";

const limits = { maxEventLength: 1_000_000 };
const event = (name: string, checksum = 1n) => encodeWatchEvent("add", encodeService(exportedService(name)), checksum);

function decodeAll(chunks: readonly string[], maxEventLength = limits.maxEventLength) {
  const decoder = new WatchEventDecoder({ maxEventLength });
  const events: ReceivedWatchEvent[] = [];
  let error: string | undefined;
  for (const chunk of chunks) {
    const decoded = decoder.push(chunk);
    events.push(...decoded.events);
    error ??= decoded.error;
  }
  return { names: events.map(({ service }) => service?.name), events, error: error ?? decoder.end() };
}

function cut(text: string, places: readonly number[]): string[] {
  const ends = [...places.map((place) => place % (text.length + 1)), text.length].sort((a, b) => a - b);
  return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
}

describe("framing (reference §4.4)", () => {
  test.each([
    ["one event per chunk", [`${event("a")}\r\n`, `${event("b")}\r\n`]],
    ["both in one chunk", [`${event("a")}\r\n${event("b")}\r\n`]],
    ["character by character", [...`${event("a")}\r\n${event("b")}\r\n`]],
    ["nothing in between", [event("a") + event("b")]],
    ["any white space in between", [` \t\r\n\n${event("a")}\n\r\t  ${event("b")}   `]],
    ["a cut in the line end", [`${event("a")}\r`, `\n${event("b")}\r`, "\n"]],
    ["empty chunks", ["", event("a"), "", event("b"), ""]],
  ])("%s", (_, chunks) => {
    expect(decodeAll(chunks)).toMatchObject({ names: ["a", "b"], error: undefined });
  });

  test("braces, quotes and backslashes in texts do not end an event", () => {
    const name = '}{"\\\\"}]\\';
    const text = encodeWatchEvent("add", encodeService(exportedService("x", { name })), 1n);
    expect(decodeAll([...text])).toMatchObject({ names: [name], error: undefined });
  });

  test("however it is cut, it is the same events", () => {
    const gap = fc.constantFrom("\r\n", "", "\n", " \t ");
    fc.assert(
      fc.property(
        fc.array(fc.tuple(announcedService, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), gap), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        (sent, places) => {
          const text = sent
            .map(([service, checksum, after]) => encodeWatchEvent("update", encodeService(service), checksum) + after)
            .join("");
          const { events, error } = decodeAll(cut(text, places));
          expect(error).toBeUndefined();
          expect(events).toEqual(sent.map(([service, checksum]) => ({ action: "update", service, checksum })));
        },
      ),
    );
  });
});

describe("what is wrong", () => {
  test.each([
    ["garbage", ["garbage"], [], /^expected an event, found "garbage"/],
    ["garbage after an event", [event("a"), "\r\nHTTP/1.1"], ["a"], /expected an event/],
    ["garbage after an event in one chunk", [`${event("a")}]`], ["a"], /expected an event/],
    ["a list", ["[]"], [], /expected an event/],
    ["no JSON between braces", ["{nonsense}"], [], /malformed event: the message is not JSON/],
    ["no checksum", ['{"action":"add"}'], [], /malformed event: checksum: is missing/],
    ["cut off", [event("a"), event("b").slice(0, -1)], ["a"], /ended inside an event/],
    ["cut off in a text", ['{"action":"ad'], [], /ended inside an event/],
  ])("%s", (_, chunks, names, error) => {
    const decoded = decodeAll(chunks);
    expect(decoded.names).toEqual(names);
    expect(decoded.error).toMatch(error);
  });

  test("it stays wrong", () => {
    const decoder = new WatchEventDecoder(limits);
    const first = decoder.push("x");
    expect(decoder.push(event("a"))).toEqual({ events: [], error: first.error });
    expect(decoder.end()).toBe(first.error);
  });

  test("10.36: an event longer than allowed, whether it ends or not", () => {
    const text = event("a");
    expect(decodeAll([text], text.length).error).toBeUndefined();
    expect(decodeAll([text], text.length - 1).error).toMatch(/longer than \d+ characters/);
    expect(decodeAll(["{", ...Array.from({ length: 100 }, () => " ".repeat(10))], 500).error).toMatch(
      /longer than 500/,
    );
  });

  test("white space without end is not an event and holds nothing", () => {
    const decoder = new WatchEventDecoder({ maxEventLength: 8 });
    for (let chunk = 0; chunk < 100; chunk++) expect(decoder.push("\r\n".repeat(100))).toEqual({ events: [] });
    expect(decoder.end()).toBeUndefined();
  });

  test("any garbage ends in events or an error, and says the same however it is cut", () => {
    const garbage = fc.array(
      fc.oneof(fc.constantFrom("{", "}", '"', "\\", "[", "]", " ", "\r\n", event("a")), fc.string()),
    );
    fc.assert(
      fc.property(garbage, fc.array(fc.nat(), { maxLength: 20 }), (pieces, places) => {
        const text = pieces.join("");
        const whole = decodeAll([text], 2_000);
        const inPieces = decodeAll(cut(text, places), 2_000);
        expect(inPieces.events).toEqual(whole.events);
        expect(inPieces.error === undefined).toBe(whole.error === undefined);
      }),
    );
  });
});

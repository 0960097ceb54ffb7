import { Writable } from "node:stream";
import { expect, it } from "vitest";
import { createLogger } from "../../src/observability/logger.js";

function capture(): { readonly destination: Writable; readonly lines: () => readonly Record<string, unknown>[] } {
  let text = "";
  const destination = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return {
    destination,
    lines: () =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
  };
}

it("writes one JSON object a line, with the level's name and RFC 3339 time", () => {
  const { destination, lines } = capture();
  const logger = createLogger({ level: "info", destination });
  logger.debug("left out");
  logger.info({ peer: "green-mesh" }, "peer connected");
  expect(lines()).toEqual([
    {
      level: "info",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      pid: process.pid,
      peer: "green-mesh",
      msg: "peer connected",
    },
  ]);
});

it.each([
  [{ token: "canary" }],
  [{ user: { token: "canary" } }],
  [{ authorization: "canary" }],
  [{ headers: { authorization: "canary", cookie: "canary" } }],
  [{ req: { headers: { authorization: "canary", cookie: "canary" } } }],
  [{ secret: { data: { "ca-key.pem": "canary" }, stringData: { key: "canary" } } }],
  [{ privateKey: "canary", authority: { privateKey: "canary" } }],
])("redacts what must not be read: %j", (fields) => {
  const { destination, lines } = capture();
  createLogger({ level: "info", destination }).info(fields, "something happened");
  expect(JSON.stringify(lines())).not.toContain("canary");
  expect(JSON.stringify(lines())).toContain("[redacted]");
});

import { connect, type TLSSocket } from "node:tls";
import { expect, it } from "vitest";
import { type ApiRig, startApi } from "./api-rig.js";
import { configMap, namespace } from "./objects.js";

const MAPS = "/api/v1/namespaces/default/configmaps";

/** A connection on which the test writes HTTP by hand. */
async function openSocket(rig: ApiRig): Promise<TLSSocket> {
  const { port } = rig.server.address;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca: rig.config.certificateAuthority ?? "" }, () =>
      resolve(socket),
    );
    socket.once("error", reject);
  });
}

function readAll(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += String(chunk);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
}

function head(rig: ApiRig, ...lines: readonly string[]): string {
  const fixed = ["Host: localhost", `Authorization: Bearer ${rig.config.token}`, "Content-Type: application/json"];
  return [`POST ${MAPS} HTTP/1.1`, ...fixed, ...lines, "", ""].join("\r\n");
}

it("refuses a body of 100 MB without reading it into memory, whether its length is declared or not", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const megabyte = new Uint8Array(1024 * 1024).fill(0x20);
  const body = () =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (let index = 0; index < 100; index++) controller.enqueue(megabyte);
        controller.close();
      },
    });
  global.gc?.();
  const before = process.memoryUsage().rss;
  const { port } = rig.server.address;
  for (const framing of ["declared", "chunked"]) {
    const socket = await openSocket(rig);
    const answered = readAll(socket);
    const length = 100 * megabyte.length;
    socket.write(
      head(
        rig,
        framing === "declared" ? `Content-Length: ${length}` : "Transfer-Encoding: chunked",
        "Connection: close",
      ),
    );
    for await (const chunk of body()) {
      if (socket.destroyed) break;
      if (framing === "chunked") socket.write(`${chunk.length.toString(16)}\r\n`);
      const flushed = socket.write(chunk);
      if (framing === "chunked") socket.write("\r\n");
      if (!flushed) await new Promise((resolve) => socket.once("drain", resolve).once("close", resolve));
    }
    if (framing === "chunked") socket.write("0\r\n\r\n");
    expect(await answered, framing).toMatch(/^HTTP\/1\.1 413 .*"reason":"RequestEntityTooLarge"/s);
  }
  expect(port).toBeGreaterThan(0);
  expect(process.memoryUsage().rss - before, "client and server share this process").toBeLessThan(150 * 1024 * 1024);
  expect((await rig.request(MAPS)).code, "still serving").toBe(200);
}, 60_000);

it("gives up on a body that comes too slowly, and closes the connection", async () => {
  const rig = await startApi({ bodyLimits: { timeoutMs: 200 } });
  await rig.given(namespace("default"));
  const socket = await openSocket(rig);
  const answered = readAll(socket);
  socket.write(`${head(rig, "Content-Length: 1000")}{"metadata":`);
  const answer = await answered;
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(answer).toMatch(/connection: close/i);
  expect(answer).toContain('"reason":"Timeout"');
  expect((await rig.request(MAPS)).code).toBe(200);
});

it("is not disturbed by a body that is cut off, bytes that are no HTTP, and a client without TLS", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const cut = await openSocket(rig);
  cut.write(`${head(rig, "Content-Length: 1000")}{"metadata":`);
  cut.end();
  await readAll(cut);
  const noise = await openSocket(rig);
  noise.write("\0\0\0 no HTTP\r\n\r\n");
  expect(await readAll(noise)).toMatch(/^HTTP\/1\.1 400 /);
  await expect(fetch(rig.server.url.replace("https", "http"))).rejects.toThrow();
  expect((await rig.request(MAPS, { method: "POST", body: configMap("a") })).code).toBe(201);
});

it("takes an object as large as the limit allows", async () => {
  const rig = await startApi({ bodyLimits: { maxBytes: 1_000 } });
  await rig.given(namespace("default"));
  const fits = configMap("a", { data: { key: "" } });
  const room = 1_000 - Buffer.byteLength(JSON.stringify(fits));
  const body = configMap("a", { data: { key: "x".repeat(room) } });
  expect((await rig.request(MAPS, { method: "POST", body })).code).toBe(201);
  const larger = configMap("b", { data: { key: "x".repeat(room + 1) } });
  expect((await rig.request(MAPS, { method: "POST", body: larger })).code).toBe(413);
});

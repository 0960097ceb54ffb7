/** Resources as a planner may well hand them over: with nothing in the lists that usually have something. */
import { describe, expect, it } from "vitest";
import { ask, dial, dialTls, drained, echoWorkload, eventually, httpWorkload, namingWorkload } from "./sockets.js";
import {
  exportedHost,
  exportRoute,
  importedHost,
  importedService,
  ingressFor,
  startMesh,
  startRedAndGreen,
} from "./test-mesh.js";
import { clientOf } from "./tls-client.js";

describe("a port that the local Service has and no peer offers", () => {
  const HOST = importedHost("ratings");
  const OFFERED = { port: 9080 };

  it("is served by the local endpoints alone", async () => {
    const { red, green } = await startRedAndGreen();
    const remote = await httpWorkload((_request, response) => response.end("red"));
    const local = await httpWorkload((_request, response) => response.end("green"));
    await red.apply(exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "HTTP", endpoints: [remote] }]));
    const ports = [OFFERED, { name: "admin", port: 9081, endpoints: [local], remotes: [] }];
    expect(await green.apply(importedService("ratings", ports))).toEqual([]);
    const outbound = green.address("OutboundListener/green-mesh");
    const bodies = await Promise.all(
      [9080, 9081, 9080, 9081].map(async (port) => (await ask(outbound, { host: `${HOST}:${port}` })).body),
    );
    expect(bodies).toEqual(["red", "green", "red", "green"]);
  });

  it("without an endpoint is answered with 503, over HTTP and for a tunnel, until there is one", async () => {
    const { green } = await startRedAndGreen();
    const port = { name: "admin", port: 9081, endpoints: [], remotes: [] };
    expect(await green.apply(importedService("ratings", [OFFERED, port]))).toEqual([]);
    const outbound = green.address("OutboundListener/green-mesh");
    const unavailable = { status: 503, headers: { "x-meshfed-error": "NoUpstream" } };
    expect(await ask(outbound, { host: `${HOST}:9081` })).toMatchObject(unavailable);
    const tunnel = await dial(outbound);
    tunnel.write(`CONNECT ${HOST}:9081 HTTP/1.1\r\nHost: ${HOST}:9081\r\n\r\n`);
    const { received } = await drained(tunnel);
    expect(received).toMatch(/^HTTP\/1\.1 503 /);
    expect(received).toContain("NoUpstream");
    const local = await httpWorkload((_request, response) => response.end("green"));
    await green.apply(importedService("ratings", [OFFERED, { ...port, endpoints: [local] }]));
    expect((await ask(outbound, { host: `${HOST}:9081` })).body).toBe("green");
  });

  it("and that is raw TCP listens, and closes what it has no way for", async () => {
    const { green } = await startRedAndGreen();
    const port = { name: "db", port: 5432, protocol: "TCP", endpoints: [], remotes: [] } as const;
    const at = { virtualAddress: "127.84.7.1" };
    expect(await green.apply(importedService("db", [port], at))).toEqual([]);
    expect((await drained(await dial({ address: "127.84.7.1", port: 5432 }))).received).toBe("");
    await eventually(() =>
      expect(green.engine.counters().refusals).toMatchObject([{ role: "OutboundTcp", reason: "NoUpstream" }]),
    );
    await green.apply(importedService("db", [{ ...port, endpoints: [await namingWorkload("local")] }], at));
    expect((await drained(await dial({ address: "127.84.7.1", port: 5432 }))).received).toBe("local");
  });

  it("and a service without any port, do no harm", async () => {
    const { green } = await startRedAndGreen();
    expect(await green.apply(importedService("ratings", []))).toEqual([]);
    const answer = await ask(green.address("OutboundListener/green-mesh"), { host: HOST });
    expect(answer).toMatchObject({ status: 404, headers: { "x-meshfed-error": "PortUnknown" } });
  });
});

describe("an ingress gateway whose Service has no address", () => {
  const route = async () =>
    exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "TCP", endpoints: [await echoWorkload()] }]);

  it("listens nowhere, which is no problem, and listens as soon as it has one", async () => {
    const red = startMesh("red");
    const green = startMesh("green");
    const pending = ingressFor(red, green, { serviceListeners: [], discoveryListeners: [] });
    expect(await red.apply(pending, await route())).toEqual([]);
    expect(red.engine.addresses("IngressGateway/green-mesh")).toEqual([]);
    expect(await red.apply(ingressFor(red, green))).toEqual([]);
    const socket = await dialTls({ ...clientOf(red, green), servername: exportedHost("ratings") });
    socket.end("hello");
    expect(await drained(socket)).toEqual({ received: "hello", ended: "end" });
  });

  it("stops listening when it loses its address, and lets go of it", async () => {
    const red = startMesh("red");
    const green = startMesh("green");
    await red.apply(ingressFor(red, green), await route());
    const { port } = red.address("IngressGateway/green-mesh");
    expect(await red.apply(ingressFor(red, green, { serviceListeners: [] }))).toEqual([]);
    expect(red.engine.addresses("IngressGateway/green-mesh")).toEqual([]);
    expect((await dial({ address: "127.0.0.1", port })).errored).toMatchObject({ code: "ECONNREFUSED" });
  });
});

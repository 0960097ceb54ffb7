import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { ExportRoute } from "../../src/plan/gateway-resource.js";
import {
  BROKEN_OFF,
  deadEndpoint,
  dial,
  dialTls,
  drained,
  echoWorkload,
  eventually,
  namingWorkload,
  tcpWorkload,
  tlsExchange,
} from "./sockets.js";
import { exportedHost, exportRoute, ingressFor, startMesh, type TestMesh } from "./test-mesh.js";
import { clientOf, credentials } from "./tls-client.js";

async function exporter(...routes: readonly ExportRoute[]): Promise<{ red: TestMesh; green: TestMesh }> {
  const red = startMesh("red");
  const green = startMesh("green");
  expect(await red.apply(ingressFor(red, green), ...routes)).toEqual([]);
  return { red, green };
}

const port = (number: number, ...endpoints: ExportRoute["ports"][number]["endpoints"]) => ({
  port: number,
  protocol: "TCP" as const,
  endpoints,
});

describe("the server name chooses", () => {
  it("the port of a service with several (10.15)", async () => {
    const route = exportRoute("green-mesh", "shop", [
      port(80, await namingWorkload("http")),
      port(443, await namingWorkload("https")),
    ]);
    const { red, green } = await exporter(route);
    const client = clientOf(red, green);
    for (const [number, name] of [
      [80, "http"],
      [443, "https"],
    ] as const) {
      const servername = `outbound_.${number}_._.${exportedHost("shop")}`;
      expect(await tlsExchange({ ...client, servername })).toMatchObject({ received: name, ended: "end" });
    }
  });

  it("a service with one port by its bare host", async () => {
    const { red, green } = await exporter(
      exportRoute("green-mesh", "ratings", [port(9080, await namingWorkload("ratings"))]),
    );
    expect(await tlsExchange({ ...clientOf(red, green), servername: exportedHost("ratings") })).toMatchObject({
      received: "ratings",
    });
  });

  it("among the exports of the caller's peer only, also where two peers are shown one name (10.22)", async () => {
    const red = startMesh("red");
    const green = startMesh("green");
    const blue = startMesh("blue");
    await red.apply(
      ingressFor(red, green),
      ingressFor(red, blue),
      exportRoute("green-mesh", "ratings", [port(9080, await namingWorkload("for green"))]),
      exportRoute("blue-mesh", "ratings", [port(9080, await namingWorkload("for blue"))]),
    );
    const servername = exportedHost("ratings");
    expect(await tlsExchange({ ...clientOf(red, green), servername })).toMatchObject({ received: "for green" });
    expect(await tlsExchange({ ...clientOf(red, blue), servername })).toMatchObject({ received: "for blue" });
    const { port: bluePort } = red.address("IngressGateway/blue-mesh");
    const greenAtBlue = {
      ...credentials(green.authority, green.identity("egress-red-mesh"), red),
      port: bluePort,
      servername,
    };
    expect(await tlsExchange(greenAtBlue)).toMatchObject({ received: "" });
    expect(red.events.refused).toMatchObject([{ peer: "blue-mesh", reason: "CertificateInvalid" }]);
  });
});

it.each([
  ["what Istio's sidecars offer", ["istio-peer-exchange", "istio"]],
  ["what Istio's HTTP/2 clients offer", ["istio-h2", "istio", "h2"]],
  ["h2", ["h2"]],
  ["something unknown", ["acme/1"]],
  ["nothing", []],
])("takes any ALPN offer and selects none of it: %s (reference §7.4)", async (_, offer) => {
  const { red, green } = await exporter(exportRoute("green-mesh", "ratings", [port(9080, await echoWorkload())]));
  const { received, socket } = await tlsExchange({
    ...clientOf(red, green),
    servername: exportedHost("ratings"),
    ALPNProtocols: offer,
  });
  expect({ received, selected: socket.alpnProtocol }).toEqual({ received: "hello", selected: false });
});

describe("endpoints", () => {
  it("are used in turn", async () => {
    const route = exportRoute("green-mesh", "ratings", [
      port(9080, await namingWorkload("a"), await namingWorkload("b"), await namingWorkload("c")),
    ]);
    const { red, green } = await exporter(route);
    const answers: string[] = [];
    for (let round = 0; round < 6; round++) {
      answers.push((await tlsExchange({ ...clientOf(red, green), servername: exportedHost("ratings") })).received);
    }
    expect(answers).toEqual(["a", "b", "c", "a", "b", "c"]);
  });

  it("that are dead are skipped, and not asked again at once", async () => {
    const dead = await deadEndpoint();
    const route = exportRoute("green-mesh", "ratings", [port(9080, dead, await namingWorkload("alive"))]);
    const { red, green } = await exporter(route);
    for (let round = 0; round < 4; round++) {
      expect(await tlsExchange({ ...clientOf(red, green), servername: exportedHost("ratings") })).toMatchObject({
        received: "alive",
      });
    }
    expect(red.events.refused).toEqual([]);
    expect(new Set(red.events.opened.map(({ upstream }) => upstream)).size).toBe(1);
  });

  it("are those of the moment of the connection", async () => {
    const { red, green } = await exporter(
      exportRoute("green-mesh", "ratings", [port(9080, await namingWorkload("old"))]),
    );
    await red.apply(exportRoute("green-mesh", "ratings", [port(9080, await namingWorkload("new"))]));
    expect(await tlsExchange({ ...clientOf(red, green), servername: exportedHost("ratings") })).toMatchObject({
      received: "new",
    });
  });
});

describe("a connection", () => {
  it("may be ended by the caller first, which still gets its answer", async () => {
    const workload = await tcpWorkload(async (socket) => {
      let received = "";
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) received += chunk;
      socket.end(`got ${received.length}`);
    });
    const { red, green } = await exporter(exportRoute("green-mesh", "ratings", [port(9080, workload)]));
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const client = { ...clientOf(red, green), servername: exportedHost("ratings"), maxVersion };
      expect(await tlsExchange(client, "x".repeat(300_000))).toMatchObject({ received: "got 300000", ended: "end" });
    }
    await eventually(() => expect(red.events.closed).toHaveLength(2));
    expect(red.events.closed[0]).toMatchObject({ reason: "Completed", bytesSent: 300_000, bytesReceived: 10 });
  });

  it("may be ended by the workload first, which still gets the rest", async () => {
    const received: string[] = [];
    const workload = await tcpWorkload((socket) => {
      socket.end("first word");
      socket.on("data", (chunk) => received.push(String(chunk)));
    });
    const { red, green } = await exporter(exportRoute("green-mesh", "ratings", [port(9080, workload)]));
    const socket = await dialTls({ ...clientOf(red, green), servername: exportedHost("ratings") });
    await once(socket, "end");
    socket.end("last word");
    await eventually(() => expect(received.join("")).toBe("last word"));
    await eventually(() => expect(red.events.closed).toMatchObject([{ reason: "Completed" }]));
  });

  it("that the workload resets is reset, so that nobody takes half an answer for all of it", async () => {
    const workload = await tcpWorkload((socket) => {
      socket.once("data", () => socket.write("half", () => socket.resetAndDestroy()));
    });
    const { red, green } = await exporter(exportRoute("green-mesh", "ratings", [port(9080, workload)]));
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const socket = await dialTls({ ...clientOf(red, green), servername: exportedHost("ratings"), maxVersion });
      socket.write("go");
      expect(await drained(socket)).toMatchObject({ ended: BROKEN_OFF });
    }
    const reason = BROKEN_OFF === "reset" ? "Reset" : "Completed";
    await eventually(() => expect(red.events.closed).toMatchObject([{ reason }, { reason }]));
  });

  it("that the caller resets is reset at the workload", async () => {
    let workloadSocket: Socket | undefined;
    const workload = await tcpWorkload((socket) => {
      workloadSocket = socket;
      socket.resume();
    });
    const { red, green } = await exporter(exportRoute("green-mesh", "ratings", [port(9080, workload)]));
    const { port: ingressPort, ...client } = clientOf(red, green);
    const raw = await dial({ address: "127.0.0.1", port: ingressPort });
    const socket = await dialTls({ ...client, socket: raw, servername: exportedHost("ratings") });
    socket.write("x");
    await eventually(() => expect(workloadSocket?.bytesRead).toBe(1));
    const closed = new Promise((resolve) => workloadSocket?.once("error", resolve));
    setImmediate(() => raw.resetAndDestroy());
    expect(await closed).toMatchObject({ code: "ECONNRESET" });
  });

  it("is told about when it opens and when it ends", async () => {
    const { red, green } = await exporter(exportRoute("green-mesh", "ratings", [port(9080, await echoWorkload())]));
    await tlsExchange({ ...clientOf(red, green), servername: exportedHost("ratings") }, "12345");
    await eventually(() => expect(red.events.closed).toHaveLength(1));
    const about = {
      id: 1,
      role: "IngressService",
      peer: "green-mesh",
      host: exportedHost("ratings"),
      port: 9080,
      identity: green.identity("egress-red-mesh"),
      downstream: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      upstream: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    };
    expect(red.events.opened).toEqual([about]);
    expect(red.events.closed).toEqual([
      { ...about, reason: "Completed", bytesSent: 5, bytesReceived: 5, durationMs: expect.any(Number) },
    ]);
    expect(red.engine.counters().connections).toEqual([
      {
        role: "IngressService",
        peer: "green-mesh",
        host: exportedHost("ratings"),
        opened: 1,
        active: 0,
        bytesSent: 5,
        bytesReceived: 5,
        closed: { Completed: 1 },
      },
    ]);
  });
});

it("survives connections that break off at any point", { timeout: 60_000 }, async () => {
  const workload = await tcpWorkload((socket) => {
    socket.write("x".repeat(100_000));
    setTimeout(() => socket.resetAndDestroy(), Math.random() * 4);
  });
  const { red, green } = await exporter(exportRoute("green-mesh", "ratings", [port(9080, workload)]));
  const client = clientOf(red, green);
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      Array.from({ length: 15 }, async () => {
        const socket = await dialTls({
          ...client,
          servername: Math.random() < 0.3 ? "denied.test" : exportedHost("ratings"),
        });
        socket.write("y".repeat(50_000));
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 6));
        socket.destroy();
      }),
    );
  }
  await eventually(() => expect(red.engine.counters().listeners).toMatchObject([{ connections: 0 }]));
});

import { it } from "vitest";
import { connect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { tcpWorkload, dial } from "./sockets.js";
import { exportedHost, exportRoute, importedService, startRedAndGreen, egressTo, ingressFor } from "./test-mesh.js";
import { clientOf } from "./tls-client.js";
it("stress", async () => {
  const { red, green } = await startRedAndGreen({red:{limits:{drainTimeoutMs:5, handshakeTimeoutMs: 30, idleTimeoutMs: 40}}, green:{limits:{drainTimeoutMs:5, handshakeTimeoutMs: 30, idleTimeoutMs: 35}}});
  const w = await tcpWorkload((s) => {
    const r = Math.random();
    s.on("error", () => {});
    if (r < 0.2) { s.write("x".repeat(1e6)); setTimeout(() => s.resetAndDestroy(), Math.random()*10); s.resume(); }
    else if (r < 0.4) { s.end("y".repeat(1e6)); s.pause(); setTimeout(() => s.destroy(), 30); }
    else if (r < 0.6) s.pipe(s);
    else if (r < 0.7) s.destroy();
    else if (r < 0.8) { s.pause(); }
    else { s.once("data", () => s.end("bye")); }
  });
  const route = exportRoute("green-mesh", "ratings", [{ port: 9080, protocol: "TCP", endpoints: [w] }]);
  await red.apply(route);
  const service = importedService("ratings", [{ protocol: "TCP" }], { virtualAddress: "127.89.0.1" });
  await green.apply(service);
  const client = clientOf(red, green);
  const end = Date.now() + 60_000;
  let n = 0;
  while (Date.now() < end) {
    await Promise.all(Array.from({ length: 40 }, async (_, i) => {
      n++;
      await new Promise<void>((resolve) => {
        const s = Math.random() < 0.5
          ? connect({ host: "127.89.0.1", port: 9080, allowHalfOpen: Math.random() < 0.5 })
          : tlsConnect({ ...client, allowHalfOpen: true, host: "127.0.0.1", servername: Math.random() < 0.2 ? "no.test" : exportedHost("ratings"), maxVersion: Math.random() < 0.5 ? "TLSv1.2" : "TLSv1.3", checkServerIdentity: () => undefined });
        s.on("error", () => {}); s.once("close", () => resolve());
        const r = Math.random();
        if (r < 0.3) s.write("z".repeat(Math.random() * 2e6));
        else if (r < 0.6) s.end("z".repeat(Math.random() * 2e5));
        else if (r < 0.7) s.destroy();
        if (Math.random() < 0.7) s.resume();
        setTimeout(() => s.destroy(), Math.random() * 80);
      });
    }));
    const r = Math.random();
    if (r < 0.1) { await red.remove("IngressGateway/green-mesh"); await red.apply({ ...(ingressFor(red, green)), serviceListeners: [{address: "127.0.0.1", port: client.port ?? 0}] }); }
    else if (r < 0.2) { await red.remove("ExportRoute/green-mesh/" + exportedHost("ratings")); await red.apply(route); }
    else if (r < 0.3) { await green.remove("EgressGateway/red-mesh"); await green.apply(egressTo(green, red)); }
    else if (r < 0.4) { red.certificates.rotate(red.identity("ingress-green-mesh")); }
  }
  await new Promise(r => setTimeout(r, 300));
  console.log(n, JSON.stringify(red.engine.counters(), null, 1).slice(0, 1500), JSON.stringify(green.engine.counters(), null, 1).slice(0, 1500));
  const { readdirSync } = await import("node:fs");
  console.log("fds", readdirSync("/proc/self/fd").length, "rss", process.memoryUsage().rss / 1e6);
  await red.engine.close({drainTimeoutMs: 50}); await green.engine.close({drainTimeoutMs: 50});
  console.log("fds after", readdirSync("/proc/self/fd").length);
}, 120_000);

/**
 * red-mesh and green-mesh as two administrators run them: a server each, a data directory each, API credentials of their
 * own. All that they give each other is their root certificates; all that connects them is their gateways.
 */
import { fileURLToPath } from "node:url";
import { type Administrator, outboundAddress, publish, rootCertificate, serve, startWorkload, trust } from "./administrator.ts";
import { getThroughMesh } from "./get-through-mesh.ts";

const HOST = "ratings.info.svc.red-mesh-imports.local:9080";
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Where the other mesh reaches this one's ingress gateway; the administrators have agreed on it. */
const INGRESS = { "red-mesh": "127.80.1.1", "green-mesh": "127.80.2.1" } as const;

console.log("starting red-mesh and green-mesh, each in a server of its own ...");
const workloads = await Promise.all(["ratings", "reviews"].map(startWorkload));
const red = await startServer("red-mesh", "127.80.1.0/24");
const green = await startServer("green-mesh", "127.80.2.0/24");

const stop = async () => {
  await Promise.all([red.stop(), green.stop(), ...workloads.map((workload) => workload.stop())]);
  process.exit();
};
process.once("SIGINT", stop);
process.once("SIGTERM", stop);

for (const workload of workloads) await publish(red, "red-mesh-info", workload);
await trust(green, "green-mesh", "red-mesh", await rootCertificate(red, "red-mesh"));
await trust(red, "red-mesh", "green-mesh", await rootCertificate(green, "green-mesh"));

const outbound = await outboundAddress(green, "green-mesh");
const answer = await getThroughMesh(`http://${outbound}/ratings/1`, HOST);
console.log(`
A workload of green-mesh asked its outbound listener, http://${outbound}, for ${HOST}, and red's ratings answered:
  ${answer.trim()}

Each administrator sees their own side:
  npx meshfed get exportedserviceset green-mesh -n red-mesh-system -o yaml --data-dir .meshfed/red-mesh
  npx meshfed get importedserviceset red-mesh -n green-mesh-system -o yaml --data-dir .meshfed/green-mesh
Stop: Ctrl-C

try: curl -H "Host: ${HOST}" http://${outbound}/ratings/1`);

async function startServer(mesh: keyof typeof INGRESS, pool: string): Promise<Administrator> {
  return serve(here(`../../.meshfed/${mesh}`), [here(mesh), here(`two-administrators/${mesh}`)], [
    ...["--load-balancer-pool", pool],
  ]);
}

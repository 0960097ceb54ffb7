/**
 * red-mesh and green-mesh as two administrators run them: a server each, a data directory each, API credentials of their
 * own. All that they give each other is their root certificates; all that connects them is their gateways.
 */
import { fileURLToPath } from "node:url";
import {
  type Administrator,
  outboundAddress,
  publish,
  rootCertificate,
  serve,
  startWorkload,
  trust,
} from "./administrator.ts";
import { getThroughMesh } from "./get-through-mesh.ts";

const HOST = "ratings.info.svc.red-mesh-imports.local:9080";
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

console.log("starting red-mesh and green-mesh, each in a server of its own ...");
const workloads = await Promise.all(["ratings", "reviews"].map(startWorkload));
const red = await startServer("red-mesh", "127.80.1.0/24", ["red-mesh/services.yaml", "red-mesh/exports.yaml"]);
const green = await startServer("green-mesh", "127.80.2.0/24", ["green-mesh/imports.yaml"]);

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

/** The mesh's ingress gateway has an address of `pool` that both administrators have agreed on. */
async function startServer(mesh: string, pool: string, manifests: readonly string[]): Promise<Administrator> {
  const files = [`two-administrators/${mesh}.yaml`, ...manifests].map(here);
  return serve(here(`../../.meshfed/${mesh}`), files, ["--load-balancer-pool", pool]);
}

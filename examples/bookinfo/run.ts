/**
 * Three meshes in one server: red-mesh exports, green-mesh and blue-mesh import. They share a process because they share
 * a cluster; everything between them goes through their gateways over mutual TLS.
 */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { outboundAddress, publish, rootCertificate, serve, startWorkload, trust } from "./administrator.ts";
import { getThroughMesh } from "./get-through-mesh.ts";
import { hasLoopbackAddresses, writeNodePortManifests } from "./node-ports.ts";

const HOST = "ratings.info.svc.red-mesh-imports.local:9080";
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

console.log("starting red-mesh, green-mesh and blue-mesh in one server ...");
const workloads = await Promise.all(["ratings", "reviews"].map(startWorkload));
const meshes = ["red-mesh", "green-mesh", "blue-mesh"].map(here);
const nodePorts = process.argv.includes("--node-ports") || !(await hasLoopbackAddresses());
const data = here(nodePorts ? "../../.meshfed/bookinfo-node-ports" : "../../.meshfed/bookinfo");
const server = await serve(data, nodePorts ? await writeNodePortManifests(meshes, join(data, "manifests")) : meshes);

const stop = async () => {
  await Promise.all([server.stop(), ...workloads.map((workload) => workload.stop())]);
  process.exit();
};
process.once("SIGINT", stop);
process.once("SIGTERM", stop);

for (const workload of workloads) await publish(server, "red-mesh-info", workload);
for (const peer of ["green-mesh", "blue-mesh"]) {
  await trust(server, peer, "red-mesh", await rootCertificate(server, "red-mesh"));
  await trust(server, "red-mesh", peer, await rootCertificate(server, peer));
}

const outbound = await outboundAddress(server, "green-mesh");
const directory = relative(process.cwd(), data);
const answer = await getThroughMesh(`http://${outbound}/ratings/1`, HOST);
console.log(`
red-mesh exports ratings and reviews to green-mesh, and ratings to blue-mesh.
green-mesh imports ratings, as ratings.info.svc.red-mesh-imports.local.
A workload of green-mesh asked its outbound listener, http://${outbound}, for that host, and red's ratings answered:
  ${answer.trim()}

Look around:  npx meshfed get servicemeshpeers --all-namespaces --data-dir ${directory}
              npx meshfed get importedserviceset red-mesh -n green-mesh-system -o yaml --data-dir ${directory}
The server logs to ${directory}/server.log; Ctrl-C stops everything.

try: curl -H "Host: ${HOST}" http://${outbound}/ratings/1`);

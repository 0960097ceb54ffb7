/**
 * The example for hosts that have no loopback address but 127.0.0.1 (macOS): every gateway listens on a node port of
 * 127.0.0.1 instead of an address of its own. What the seed documentation calls NodePort federation, on one host.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

const FIRST_NODE_PORT = 30_510;
const SERVICE_PORT = 15_443;
const DISCOVERY_PORT = 8188;
const OUTBOUND = { name: "http-outbound", port: 15_001 };

interface Gateway {
  enabled: boolean;
  service: { type?: string; ports: { name: string; port: number; nodePort?: number }[] };
}

interface ControlPlane {
  readonly kind: "ServiceMeshControlPlane";
  readonly metadata: { readonly name: string };
  readonly spec: { readonly gateways: Record<"additionalIngress" | "additionalEgress", Record<string, Gateway>> };
}

interface Peer {
  readonly kind: "ServiceMeshPeer";
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    remote: { addresses: string[]; servicePort?: number | undefined; discoveryPort?: number | undefined };
  };
}

type Manifest = ControlPlane | Peer | { readonly kind: "other" };

/** Whether this host can listen on addresses such as those of the server's load balancer pool. */
export function hasLoopbackAddresses(): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(0, "127.80.0.1", () => probe.close(() => resolve(true)));
  });
}

/** Writes the manifests of `meshes` with node ports instead of addresses into `directory`; the files to apply. */
export async function writeNodePortManifests(meshes: readonly string[], directory: string): Promise<readonly string[]> {
  const manifests = new Map<string, readonly Manifest[]>();
  for (const mesh of meshes) manifests.set(mesh, await readManifests(mesh));
  const all = [...manifests.values()].flat();
  assignNodePorts(all.filter((manifest) => manifest.kind === "ServiceMeshControlPlane"));
  for (const manifest of all) if (manifest.kind === "ServiceMeshPeer") pointAtNodePorts(manifest, all);

  await mkdir(directory, { recursive: true });
  return Promise.all(
    [...manifests].map(async ([mesh, items]) => {
      const file = join(directory, `${mesh.split("/").at(-1)}.json`);
      await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }, null, 2));
      return file;
    }),
  );
}

async function readManifests(directory: string): Promise<readonly Manifest[]> {
  const files = (await readdir(directory)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), "utf8")));
  return texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Manifest));
}

function assignNodePorts(controlPlanes: readonly ControlPlane[]): void {
  let nodePort = FIRST_NODE_PORT;
  for (const { spec } of controlPlanes) {
    const { additionalIngress, additionalEgress } = spec.gateways;
    additionalEgress.outbound = { enabled: true, service: { ports: [{ ...OUTBOUND }] } };
    for (const { service } of [...Object.values(additionalIngress), ...Object.values(additionalEgress)]) {
      service.type = "NodePort";
      for (const port of service.ports) port.nodePort = nodePort++;
    }
  }
}

/** A peer is reached at the node ports of the ingress gateway that it has for this mesh. */
function pointAtNodePorts(peer: Peer, manifests: readonly Manifest[]): void {
  const mesh = peer.metadata.namespace.replace(/-system$/, "");
  const isPeers = (manifest: Manifest) =>
    manifest.kind === "ServiceMeshControlPlane" && manifest.metadata.name === peer.metadata.name;
  const controlPlane = manifests.find(isPeers) as ControlPlane | undefined;
  const ports = controlPlane?.spec.gateways.additionalIngress[`ingress-${mesh}`]?.service.ports ?? [];
  const nodePortOf = (port: number) => ports.find((candidate) => candidate.port === port)?.nodePort;
  peer.spec.remote = {
    addresses: ["127.0.0.1"],
    servicePort: nodePortOf(SERVICE_PORT),
    discoveryPort: nodePortOf(DISCOVERY_PORT),
  };
}

import { lookup } from "node:dns/promises";
import { isKind, type KubernetesObject, type ObjectReference } from "@meshfed/core";

/**
 * Resolves a peer's address: names of this cluster's own Services (`name.namespace.svc.<cluster domain>`) as the
 * cluster's DNS would, every other name by the host's resolver.
 * @throws Error of node:dns when the host's resolver does not know the name
 */
export async function resolveClusterName(
  host: string,
  clusterDomain: string,
  findObject: (reference: ObjectReference) => KubernetesObject | undefined,
): Promise<readonly string[]> {
  const suffix = `.svc.${clusterDomain}`;
  if (!host.endsWith(suffix)) return (await lookup(host, { all: true })).map(({ address }) => address);
  const [name, namespace, ...rest] = host.slice(0, -suffix.length).split(".");
  if (name === undefined || namespace === undefined || rest.length > 0) return [];
  const service = findObject({ kind: "Service", namespace, name });
  if (service === undefined || !isKind(service, "Service")) return [];
  const balanced = (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
  if (balanced.length > 0) return balanced;
  const clusterIP = service.spec.clusterIP;
  return clusterIP === undefined || clusterIP === "" || clusterIP === "None" ? [] : [clusterIP];
}

import { type KubernetesObject, parseObject } from "@meshfed/core";
import { describe, expect, it } from "vitest";
import { resolveClusterName } from "../../src/dataplane/embedded/cluster-name-resolver.js";

function service(spec: object, status: object = {}): KubernetesObject {
  const ports = [{ port: 15443 }];
  const metadata = { name: "ingress", namespace: "red-mesh-system" };
  const object = parseObject({ apiVersion: "v1", kind: "Service", metadata, spec: { ports, ...spec }, status });
  if (!object.ok) throw new Error(JSON.stringify(object.violations));
  return object.value;
}

const balanced = {
  loadBalancer: { ingress: [{ ip: "127.80.0.1" }, { hostname: "lb.example" }, { ip: "127.80.0.2" }] },
};

describe("resolveClusterName", () => {
  it.each([
    [
      "a LoadBalancer",
      service({ type: "LoadBalancer", clusterIP: "127.80.0.9" }, balanced),
      ["127.80.0.1", "127.80.0.2"],
    ],
    ["a ClusterIP", service({ clusterIP: "127.80.0.9" }), ["127.80.0.9"]],
    ["a headless Service", service({ clusterIP: "None" }), []],
    ["a Service without an address yet", service({ type: "LoadBalancer" }), []],
    ["no Service", undefined, []],
  ])("answers the name of %s", async (_, found, addresses) => {
    const resolved = await resolveClusterName(
      "ingress.red-mesh-system.svc.cluster.local",
      "cluster.local",
      (reference) => {
        expect(reference).toEqual({ kind: "Service", namespace: "red-mesh-system", name: "ingress" });
        return found;
      },
    );
    expect(resolved).toEqual(addresses);
  });

  it("leaves other names to the host's resolver", async () => {
    const nothing = () => undefined;
    expect(await resolveClusterName("localhost", "cluster.local", nothing)).toContain("127.0.0.1");
    expect(await resolveClusterName("a.b.c.svc.cluster.local", "cluster.local", nothing)).toEqual([]);
  });
});

/** Control planes that come, go, change and fail, in a whole server. */
import { createServer } from "node:net";
import { namespaceType, serviceType, type TrustDomain } from "@meshfed/core";
import { createCertificateAuthority, toSecretData } from "@meshfed/core/trust";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../../../../test/e2e/eventually.js";
import {
  controlPlaneManifest,
  NAMESPACE,
  namespaceManifest,
  peerManifest,
  rootManifest,
  type ServerRig,
  startServer,
} from "./server-rig.js";

const GENERATED = ["istio-ca-secret", "istio-ca-root-cert"] as const;

/** One control plane that serves. */
async function startMesh(pool: string): Promise<ServerRig> {
  const rig = await startServer(pool);
  await rig.server.serving(await rig.apply(namespaceManifest(), controlPlaneManifest()));
  return rig;
}

function authorityOf(trustDomain: string) {
  return createCertificateAuthority({ trustDomain: trustDomain as TrustDomain, now: Date.now() });
}

const cacerts = (stringData: object) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "cacerts", namespace: NAMESPACE },
  stringData,
});

async function occupy(port: number, host: string): Promise<() => Promise<void>> {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, host, resolve));
  const free = () => new Promise<void>((resolve) => other.close(() => resolve()));
  onTestFinished(free);
  return free;
}

async function everything(rig: ServerRig): Promise<readonly string[]> {
  const kinds = ["Secret", "ConfigMap", "Service", "ServiceAccount"];
  return (await Promise.all(kinds.map((kind) => rig.list(kind, NAMESPACE)))).flat();
}

const readyOf = (rig: ServerRig, name = "red-mesh") => rig.condition("ServiceMeshControlPlane", name, "Ready");

function errorsOf(rig: ServerRig) {
  return rig.log().filter(({ level }) => level === "error");
}

describe("a control plane that goes", () => {
  it("leaves nothing behind, its generated certificate authority included", async () => {
    const rig = await startMesh("127.95.1.0/24");
    expect(await everything(rig)).toEqual(expect.arrayContaining([...GENERATED, "outbound"]));
    await rig.remove("ServiceMeshControlPlane", "red-mesh");
    await eventually(() => expect(rig.log()).toContainEqual(expect.objectContaining({ msg: "ended a mesh" })));
    await rig.server.serving([]);
    expect(await everything(rig)).toEqual([]);
    expect(errorsOf(rig)).toEqual([]);
  });

  it("leaves nothing behind when it goes while it starts", async () => {
    const rig = await startServer("127.95.2.0/24");
    await rig.apply(namespaceManifest(), controlPlaneManifest());
    await rig.remove("ServiceMeshControlPlane", "red-mesh");
    await rig.server.serving(await rig.apply(namespaceManifest("later")));
    expect(await everything(rig)).toEqual([]);
  });

  it("goes with its namespace", async () => {
    const rig = await startMesh("127.95.3.0/24");
    await rig.client.delete(namespaceType, { name: NAMESPACE });
    await eventually(() => expect(rig.log()).toContainEqual(expect.objectContaining({ msg: "ended a mesh" })));
    await rig.server.serving([]);
    expect(await everything(rig)).toEqual([]);
    expect(errorsOf(rig)).toEqual([]);
  });

  it("serves again, with an authority of its own, when it is created again at once", async () => {
    const rig = await startMesh("127.95.4.0/24");
    await rig.remove("ServiceMeshControlPlane", "red-mesh");
    await rig.server.serving(await rig.apply(controlPlaneManifest()));
    await eventually(async () => expect(await everything(rig)).toEqual(expect.arrayContaining([...GENERATED])));
    await eventually(async () => expect(await readyOf(rig)).toBe("True ComponentsReady"));
    expect(errorsOf(rig)).toEqual([]);
  });

  it("is not started while its deletion waits for a finalizer", async () => {
    const rig = await startServer("127.95.5.0/24");
    const [, created] = await rig.apply(
      namespaceManifest(),
      controlPlaneManifest({ finalizers: ["example.org/keep"] }),
    );
    await rig.server.serving([created ?? namespaceManifest()]);
    await rig.remove("ServiceMeshControlPlane", "red-mesh");
    await eventually(async () => expect(await rig.list("Service", NAMESPACE)).toEqual([]));
    await rig.server.serving([]);
    expect(await rig.list("Service", NAMESPACE)).toEqual([]);
  });
});

describe("a control plane that changes", () => {
  it("runs under its new trust domain", async () => {
    const rig = await startMesh("127.95.6.0/24");
    const green = authorityOf("green-mesh.local");
    await rig.apply(rootManifest(green.rootCertificates), peerManifest());
    await eventually(async () =>
      expect(await rig.condition("ServiceMeshPeer", "green-mesh", "Programmed")).toBe("True Programmed"),
    );
    await rig.server.serving(await rig.apply(controlPlaneManifest({ trustDomain: "crimson-mesh.local" })));
    await eventually(async () => {
      expect(await rig.condition("ServiceMeshPeer", "green-mesh", "Programmed")).toBe("True Programmed");
      expect(rig.log().filter(({ msg }) => msg === "started a mesh")).toHaveLength(2);
    });
    expect(errorsOf(rig)).toEqual([]);
  });

  it("takes along what belonged to a gateway that it no longer has, and makes anew what somebody deletes", async () => {
    const rig = await startMesh("127.95.12.0/24");
    const account = "ingress-green-mesh-service-account";
    await eventually(async () => expect(await rig.list("ServiceAccount", NAMESPACE)).toContain(account));
    await rig.remove("ServiceAccount", account);
    await eventually(async () => expect(await rig.list("ServiceAccount", NAMESPACE)).toContain(account));
    const { spec, ...rest } = (await rig.get("ServiceMeshControlPlane", "red-mesh")) as { spec?: object } & object;
    await rig.apply({ ...rest, spec: { ...spec, gateways: { additionalIngress: {}, additionalEgress: {} } } });
    await eventually(async () => {
      expect(await rig.list("Service", NAMESPACE)).toEqual(["outbound"]);
      expect(await rig.list("ServiceAccount", NAMESPACE)).toEqual([]);
    });
  });

  it("publishes its root again when somebody deletes it", async () => {
    const rig = await startMesh("127.95.7.0/24");
    await rig.remove("ConfigMap", "istio-ca-root-cert");
    await eventually(async () => expect(await rig.list("ConfigMap", NAMESPACE)).toContain("istio-ca-root-cert"));
  });
});

describe("two control planes of one namespace", () => {
  it("do not both run: the younger one is told, and takes over when the older one goes", async () => {
    const rig = await startMesh("127.95.8.0/24");
    const created = Math.floor(Date.now() / 1000);
    await eventually(() => expect(Math.floor(Date.now() / 1000)).toBeGreaterThan(created));
    await rig.apply(controlPlaneManifest({ name: "second", trustDomain: "second.local" }));
    await eventually(async () => expect(await readyOf(rig, "second")).toBe("False MultipleControlPlanes"));
    await rig.remove("ServiceMeshControlPlane", "red-mesh");
    await eventually(async () => expect(await readyOf(rig, "second")).toBe("True ComponentsReady"));
  });
});

describe("a mesh that cannot be served", () => {
  it("says so in the control plane's status, and starts when its cacerts are repaired", async () => {
    const rig = await startServer("127.95.9.0/24");
    await rig.apply(namespaceManifest(), cacerts({ "ca-cert.pem": "no certificate" }), controlPlaneManifest());
    await eventually(async () => expect(await readyOf(rig)).toBe("False ReconcileError"));
    await rig.server.serving(await rig.apply(cacerts(toSecretData(authorityOf("red-mesh.local")))));
    expect(await readyOf(rig)).toBe("True ComponentsReady");
  });

  it("says which gateway does not run, and is ready as soon as the address is free", async () => {
    const free = await occupy(15443, "127.95.200.10");
    const rig = await startServer("127.95.10.0/24");
    const [, ...created] = await rig.apply(
      namespaceManifest(),
      rootManifest(authorityOf("green-mesh.local").rootCertificates),
      peerManifest(),
      controlPlaneManifest({ ingress: { type: "LoadBalancer", loadBalancerIP: "127.95.200.10" } }),
    );
    let isServing = false;
    const serving = rig.server.serving(created).then(() => {
      isServing = true;
    });
    await eventually(async () => {
      expect(await rig.condition("ServiceMeshPeer", "green-mesh", "Programmed")).toBe("False AddressInUse");
      expect(await readyOf(rig)).toBe("False ComponentsNotReady");
    });
    const { status } = await rig.get("ServiceMeshControlPlane", "red-mesh");
    expect(status?.conditions?.[0]?.message).toContain("127.95.200.10:15443 is already in use by another program");
    expect(status?.readiness).toMatchObject({ components: { unready: ["ingress-green-mesh"] } });
    expect(isServing).toBe(false);
    await free();
    await serving;
    expect(await rig.condition("ServiceMeshPeer", "green-mesh", "Programmed")).toBe("True Programmed");
  });
});

describe("a server that is closed", () => {
  it.each([0, 5, 20, 80])(
    "ends %s ms after a mesh began to start, and carries nothing out afterwards",
    async (delayMs) => {
      const rig = await startServer("127.95.13.0/24");
      await rig.apply(namespaceManifest(), controlPlaneManifest());
      const serving = rig.server.serving([
        { ...namespaceManifest("never"), metadata: { name: "x", resourceVersion: "1000" } },
      ]);
      const outcome = serving.catch((error: unknown) => error);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await Promise.all([rig.server.close(), rig.server.close()]);
      const lines = [...rig.log()];
      expect(await outcome).toMatchObject({ code: "UNAVAILABLE", message: "the server is closed" });
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(rig.log().filter(({ msg }) => msg !== "request served")).toEqual(
        lines.filter(({ msg }) => msg !== "request served"),
      );
      expect(errorsOf(rig)).toEqual([]);
    },
  );

  it("frees everything, so that its data can be served again at once", async () => {
    const rig = await startMesh("127.95.14.0/24");
    await rig.server.close();
    const again = await startServer("127.95.14.0/24", {}, rig.directory);
    await again.server.serving([]);
    expect(await readyOf(again)).toBe("True ComponentsReady");
  });
});

describe("a quiet mesh", () => {
  it("writes nothing", async () => {
    const rig = await startMesh("127.95.11.0/24");
    const version = async () => (await rig.client.list(serviceType)).resourceVersion;
    await rig.server.serving([]);
    const before = await version();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await version()).toBe(before);
  });
});

import {
  configMapType,
  isKind,
  type KubernetesObject,
  parseObject,
  type ServiceMeshControlPlane,
  secretType,
  serviceMeshControlPlaneType,
  type TrustDomain,
} from "@meshfed/core";
import { createCertificateAuthority, toSecretData } from "@meshfed/core/trust";
import type { ResourceStore } from "@meshfed/server";
import { beforeEach, describe, expect, it } from "vitest";
import { ensureMeshAuthority } from "../../src/controller/mesh-authority.js";
import { namespace, StoreRig } from "../store/store-rig.js";

const NAMESPACE = "red-mesh-system";
const NOW = Date.parse("2026-11-22T19:00:00Z");
let store: ResourceStore;
let controlPlane: ServiceMeshControlPlane;

beforeEach(async () => {
  store = new StoreRig().open();
  await store.create(namespace(NAMESPACE));
  const spec = { security: { trust: { domain: "red-mesh.local" } } };
  const metadata = { name: "red-mesh", namespace: NAMESPACE };
  const created = await store.create(
    parsed({ apiVersion: "maistra.io/v2", kind: "ServiceMeshControlPlane", metadata, spec }),
  );
  if (!isKind(created, "ServiceMeshControlPlane")) throw new Error("a ServiceMeshControlPlane");
  controlPlane = created;
});

const ensure = () => ensureMeshAuthority({ store, controlPlane, now: NOW });

async function dataOf(
  type: typeof secretType | typeof configMapType,
  name: string,
): Promise<Record<string, string> | undefined> {
  const object = await store.get(type, { namespace: NAMESPACE, name });
  return object !== undefined && "data" in object ? (object.data as Record<string, string>) : undefined;
}

async function bring(stringData: object): Promise<void> {
  const metadata = { name: "cacerts", namespace: NAMESPACE };
  await store.create(parsed({ apiVersion: "v1", kind: "Secret", metadata, stringData }));
}

describe("a mesh without an authority of its own", () => {
  it("gets one, keeps it, and publishes its root", async () => {
    const first = await ensure();
    expect((await ensure()).rootCertificates).toBe(first.rootCertificates);
    expect(first.trustDomain).toBe("red-mesh.local");
    expect(await dataOf(configMapType, "istio-ca-root-cert")).toEqual({ "root-cert.pem": first.rootCertificates });
  });

  it("loses it with its control plane", async () => {
    await ensure();
    await store.delete(serviceMeshControlPlaneType, controlPlane.metadata);
    expect(await dataOf(secretType, "istio-ca-secret")).toBeUndefined();
    expect(await dataOf(configMapType, "istio-ca-root-cert")).toBeUndefined();
  });
});

describe("an authority that the administrator brings", () => {
  const own = createCertificateAuthority({ trustDomain: "red-mesh.local" as TrustDomain, now: NOW });

  it("is used, and nothing is generated", async () => {
    await bring(toSecretData(own));
    expect((await ensure()).rootCertificates).toBe(own.rootCertificates);
    expect(await dataOf(secretType, "istio-ca-secret")).toBeUndefined();
  });

  it("takes over from a generated one, and what is published follows", async () => {
    await ensure();
    await bring(toSecretData(own));
    await ensure();
    expect(await dataOf(configMapType, "istio-ca-root-cert")).toEqual({ "root-cert.pem": own.rootCertificates });
  });

  it("is not replaced by a generated one when it is broken, and its key is not shown", async () => {
    const { "ca-key.pem": key = "" } = toSecretData(own);
    await bring({ ...toSecretData(own), "ca-cert.pem": "not a certificate" });
    const failure = await ensure().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "FAILED_PRECONDITION",
      message: expect.stringContaining('Secret "red-mesh-system/cacerts"'),
    });
    expect(JSON.stringify(failure) + String(failure)).not.toContain(key.slice(30, 60));
    expect(await dataOf(secretType, "istio-ca-secret")).toBeUndefined();
  });
});

function parsed(input: object): KubernetesObject {
  const object = parseObject(input);
  if (!object.ok) throw new Error(JSON.stringify(object.violations));
  return object.value;
}

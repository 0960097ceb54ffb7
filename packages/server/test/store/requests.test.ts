import { configMapType, type KubernetesObject, namespaceType, serviceMeshPeerType } from "@meshfed/core";
import type { ResourceStore } from "@meshfed/server";
import { beforeEach, describe, expect, it } from "vitest";
import { createObject } from "../../src/store/embedded/create-object.js";
import { deleteObject } from "../../src/store/embedded/delete-object.js";
import { ObjectTable } from "../../src/store/embedded/object-table.js";
import { Transaction } from "../../src/store/embedded/transaction.js";
import { TypeIndex } from "../../src/store/embedded/type-index.js";
import { configMap, namespace, StoreRig } from "./store-rig.js";

let store: ResourceStore;

beforeEach(async () => {
  store = new StoreRig().open();
  await store.create(namespace("default"));
});

function destinationRule(version: string, namespace = "default"): KubernetesObject & { readonly spec: object } {
  const metadata = { name: "ratings", namespace };
  return { apiVersion: `networking.istio.io/${version}`, kind: "DestinationRule", metadata, spec: { host: "ratings" } };
}

describe("requests that are wrong", () => {
  const signal = new AbortController().signal;
  const rows: readonly [string, RegExp, (store: ResourceStore) => unknown][] = [
    [
      "a kind that is not served",
      /no kind "Widget".*not served by this store/,
      (s) => s.create({ ...configMap("a"), kind: "Widget" }),
    ],
    ["a version that is not served", /expected "networking.istio.io\/v1"/, (s) => s.create(destinationRule("v2"))],
    [
      "no namespace",
      /metadata.namespace: ConfigMap objects live in a namespace/,
      (s) => s.get(configMapType, { name: "a" }),
    ],
    [
      "a namespace too many",
      /metadata.namespace: Namespace objects do not/,
      (s) => s.get(namespaceType, { namespace: "a", name: "a" }),
    ],
    ["a name with a slash", /metadata.name: expected 1 to 253 characters/, (s) => s.create(configMap("a/b"))],
    ["a name that is a path", /metadata.name: expected 1 to 253/, (s) => s.create(configMap(".."))],
    ["a name that is too long", /metadata.name: expected 1 to 253/, (s) => s.create(configMap("a".repeat(254)))],
    [
      "an object that is too large",
      /ConfigMap "a" is too large/,
      (s) => s.create(configMap("a", { big: "x".repeat(2_000_000) })),
    ],
    [
      "a status write to a kind without",
      /has no status subresource/,
      async (s) => {
        await s.create(configMap("a"));
        await s.update(configMap("a"), { subresource: "status" });
      },
    ],
    ["a limit below zero", /limit must be a whole number/, (s) => s.list({ type: configMapType, limit: -1 })],
    ["half a limit", /limit must be a whole number/, (s) => s.list({ type: configMapType, limit: 0.5 })],
    [
      "a token of another kind",
      /belongs to another list/,
      async (s) => {
        for (const name of "ab") await s.create(configMap(name));
        const { continue: token = "" } = await s.list({ type: configMapType, limit: 1 });
        await s.list({ type: serviceMeshPeerType, continue: token });
      },
    ],
    [
      "a token of another namespace",
      /belongs to another list/,
      async (s) => {
        for (const name of "ab") await s.create(configMap(name));
        const { continue: token = "" } = await s.list({ type: configMapType, limit: 1 });
        await s.list({ type: configMapType, namespace: "default", continue: token });
      },
    ],
    ["an empty token", /not given out by this store/, (s) => s.list({ type: configMapType, continue: "" })],
    [
      "a negative version",
      /resourceVersion "-1" is not valid/,
      (s) => s.watch({ type: configMapType, resourceVersion: "-1", signal }),
    ],
    [
      "a version with a fraction",
      /resourceVersion "1.5" is not valid/,
      (s) => s.watch({ type: configMapType, resourceVersion: "1.5", signal }),
    ],
  ];
  it.each(rows)("%s", async (_what, message, request) => {
    const outcome = await Promise.resolve()
      .then(() => request(store))
      .then(
        () => "did not throw",
        (error) => error,
      );
    expect(outcome).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
  });

  it("name every violation with its path", async () => {
    const nameless = { ...configMap(""), metadata: { name: "" } };
    await expect(store.create(nameless)).rejects.toMatchObject({
      violations: [
        { path: "metadata.name", reason: "Invalid" },
        { path: "metadata.namespace", reason: "Required" },
      ],
    });
  });
});

describe("versions of a kind", () => {
  it("are all taken, and kept under the preferred one", async () => {
    const created = await store.create(destinationRule("v1alpha3"));
    expect(created.apiVersion).toBe("networking.istio.io/v1");
    const same = await store.update({ ...destinationRule("v1beta1"), metadata: created.metadata });
    expect(same).toEqual(created);
  });
});

describe("objects that are returned", () => {
  it("are frozen all the way down", async () => {
    const created = await store.create(configMap("a", { key: "value" }));
    expect(() => Object.assign(created.metadata, { name: "b" })).toThrow(TypeError);
    expect(() => Object.assign((created as ReturnType<typeof configMap>).data, { key: "other" })).toThrow(TypeError);
  });
});

describe("owners", () => {
  it("in a chain of any length are collected in one go", () => {
    const transaction = new Transaction(new ObjectTable(), new TypeIndex([configMapType]), 1, 0);
    let owner = createObject(transaction, configMapType, configMap("link-0"));
    for (let index = 1; index < 20_000; index += 1) {
      const { name, uid = "" } = owner.metadata;
      const link = configMap(`link-${index}`);
      const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name, uid }];
      owner = createObject(transaction, configMapType, { ...link, metadata: { ...link.metadata, ownerReferences } });
    }
    deleteObject(transaction, configMapType, { namespace: "default", name: "link-0" });
    expect(transaction.table.range("ConfigMap")).toEqual([]);
  });

  it("of a kind that is not kept here do not make an object garbage", async () => {
    const { metadata } = configMap("of-a-replica-set");
    const ownerReferences = [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "ratings", uid: "unknown" }];
    const created = await store.create({ ...configMap("a"), metadata: { ...metadata, ownerReferences } });
    expect(await store.get(configMapType, { namespace: "default", name: created.metadata.name })).toEqual(created);
  });
});

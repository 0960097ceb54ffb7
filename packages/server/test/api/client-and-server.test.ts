import { createRestClient, type RestClient } from "@meshfed/client";
import {
  configMapType,
  type KubernetesObject,
  namespaceType,
  RESOURCE_TYPES,
  secretType,
  serviceMeshPeerType,
} from "@meshfed/core";
import { systemClock } from "@meshfed/core/gateway";
import { Agent, fetch } from "undici";
import { expect, it, onTestFinished } from "vitest";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.js";
import { type ApiRig, startApi, temporaryDirectory } from "./api-rig.js";
import { configMap, namespace, peer } from "./objects.js";

function clientOf(rig: ApiRig): RestClient {
  const agent = new Agent({ connect: { ca: rig.config.certificateAuthority ?? "" } });
  onTestFinished(() => agent.destroy());
  return createRestClient({
    baseUrl: rig.config.server,
    token: rig.config.token ?? "",
    fetch: (url, init) => fetch(url, { ...init, dispatcher: agent }),
  });
}

/** Follows a watch and keeps what it was told. */
function follow(client: RestClient, signal: AbortSignal) {
  const state = new Map<string, KubernetesObject>();
  const problems: string[] = [];
  const done = (async () => {
    for await (const event of client.watch(configMapType, { signal })) {
      if (event.type === "BOOKMARK") continue;
      const { name } = event.object.metadata;
      const isKnown = state.has(name);
      if (isKnown !== (event.type !== "ADDED"))
        problems.push(`${event.type} of ${isKnown ? "a known" : "an unknown"} ${name}`);
      if (event.type === "DELETED") state.delete(name);
      else state.set(name, event.object);
    }
  })();
  return { state, problems, done };
}

it("creates, reads, replaces, writes status and deletes over the real API", async () => {
  const rig = await startApi();
  const client = clientOf(rig);
  await client.create(namespaceType, namespace("default"));
  const created = await client.apply(serviceMeshPeerType, peer("green-mesh"));
  expect(created.outcome).toBe("created");
  expect((await client.apply(serviceMeshPeerType, peer("green-mesh"))).outcome).toBe("unchanged");
  const status = { discoveryStatus: { inactive: [{ pod: "meshfed-0", watch: { connected: false } }] } };
  const withStatus = await client.replace(
    serviceMeshPeerType,
    { ...created.object, status },
    {
      subresource: "status",
    },
  );
  expect(withStatus).toMatchObject({ status });
  const moved = peer("green-mesh", { addresses: ["192.0.2.9"] });
  const configured = await client.apply(serviceMeshPeerType, moved);
  expect(configured).toMatchObject({
    outcome: "configured",
    object: { status, spec: { remote: { addresses: ["192.0.2.9"] } } },
  });
  expect((await client.table(serviceMeshPeerType)).rows.map(({ cells }) => cells.slice(0, 2))).toEqual([
    ["green-mesh", "False"],
  ]);
  await expect(client.create(serviceMeshPeerType, moved)).rejects.toMatchObject({
    status: 409,
    reason: "AlreadyExists",
  });
  expect(await client.delete(serviceMeshPeerType, { namespace: "default", name: "green-mesh" })).toBeUndefined();
  expect(await client.get(serviceMeshPeerType, { namespace: "default", name: "green-mesh" })).toBeUndefined();
});

it("applies a Secret twice without touching what is stored", async () => {
  const rig = await startApi();
  const client = clientOf(rig);
  await rig.given(namespace("default"));
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "cacerts", namespace: "default" },
    type: "Opaque",
    data: { "ca-key.pem": Buffer.from("key").toString("base64") },
  } as const;
  expect((await client.apply(secretType, secret)).outcome).toBe("created");
  expect((await client.apply(secretType, secret)).outcome).toBe("unchanged");
  const read = await client.get(secretType, secret.metadata);
  expect(read?.data).toEqual({ "ca-key.pem": Buffer.from("[redacted]").toString("base64") });
  expect((await client.apply(secretType, { ...secret, data: read?.data ?? {} })).outcome).toBe("unchanged");
  expect(await rig.store.get(secretType, secret.metadata)).toMatchObject({ data: secret.data });
});

it("reads a list of more than one page", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  await Promise.all(Array.from({ length: 1_203 }, (_, index) => rig.given(configMap(`c-${index}`))));
  const { items } = await clientOf(rig).list(configMapType);
  expect(new Set(items.map(({ metadata }) => metadata.name)).size).toBe(1_203);
  expect(rig.logs().match(/"path":"\/api\/v1\/configmaps"/g)).toHaveLength(3);
});

it("applies from many clients at once lose nothing of each other", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("shared"));
  const client = clientOf(rig);
  const owners = ["a", "b", "c", "d"];
  await Promise.all(
    owners.map((owner) =>
      client.apply(configMapType, {
        ...configMap("shared"),
        metadata: { name: "shared", namespace: "default", labels: { [owner]: "1" } },
      }),
    ),
  );
  const shared = await client.get(configMapType, { namespace: "default", name: "shared" });
  expect(shared?.metadata.labels).toEqual({ a: "1", b: "1", c: "1", d: "1" });
});

it("leaves every watcher with the state of a fresh list, over writers, a forgetful store and a server that restarts", async () => {
  const directory = temporaryDirectory();
  const store = createEmbeddedStore({
    directory: temporaryDirectory(),
    types: RESOURCE_TYPES,
    clock: systemClock,
    retention: { maxChanges: 20 },
  });
  let rig = await startApi({ directory, store });
  const { port } = rig.server.address;
  await rig.given(namespace("default"));
  const client = clientOf(rig);
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const watchers = Array.from({ length: 5 }, () => follow(client, controller.signal));

  const write = async (writer: number, round: number) => {
    const name = `c-${(writer * 7 + round) % 9}`;
    const reference = { namespace: "default", name };
    if (round % 4 === 3) {
      if ((await store.get(configMapType, reference)) !== undefined)
        await store.delete(configMapType, reference).catch(() => undefined);
      return;
    }
    const object = configMap(name, { data: { writer: String(writer), round: String(round) } });
    await store.create(object).catch(() => store.update(object).catch(() => undefined));
  };
  for (let phase = 0; phase < 3; phase++) {
    if (phase > 0) {
      await rig.server.close();
      // More than the store remembers: whoever resumes is told so.
      for (let round = 0; round < 40; round++) await write(phase, round);
      rig = await startApi({ directory, store, listen: { port } });
    }
    await Promise.all(
      [0, 1, 2].map(async (writer) => {
        for (let round = 0; round < 60; round++) await write(writer, phase * 100 + round);
      }),
    );
  }

  const fresh = (await client.list(configMapType)).items;
  const expected = Object.fromEntries(fresh.map((object) => [object.metadata.name, object.metadata.resourceVersion]));
  for (const { state, problems } of watchers) {
    await expect
      .poll(() => Object.fromEntries([...state].map(([name, object]) => [name, object.metadata.resourceVersion])), {
        timeout: 20_000,
      })
      .toEqual(expected);
    expect(problems).toEqual([]);
  }
  controller.abort();
  await Promise.all(watchers.map(({ done }) => done));
}, 60_000);

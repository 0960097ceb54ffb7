import { expect, it } from "vitest";
import { startApi } from "./api-rig.js";
import { configMap, namespace, peer } from "./objects.js";

const PEERS = "/apis/federation.maistra.io/v1/namespaces/default/servicemeshpeers";
const MAPS = "/api/v1/namespaces/default/configmaps";
const MERGE = { "content-type": "application/merge-patch+json" };
const STATUS = { discoveryStatus: { inactive: [{ pod: "meshfed-0", watch: { connected: false } }] } };

it("creates with 201, and answers what the store made of it", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  // What a client may leave out, or send as a typed Go client does.
  const { apiVersion: _apiVersion, kind: _kind, ...bare } = configMap("settings");
  const body = { ...bare, metadata: { name: "settings", creationTimestamp: null } };
  const created = await rig.request(MAPS, { method: "POST", body });
  expect(created.code).toBe(201);
  expect(created.body).toMatchObject({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings", namespace: "default", generation: 1 },
    data: { key: "value" },
  });
  expect(created.body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  expect((await rig.request(`${MAPS}/settings`)).body).toEqual(created.body);
});

it("ignores what a create says of system fields and of a status that is written apart", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const metadata = { name: "green-mesh", uid: "mine", generation: 7, creationTimestamp: "2001-01-01T00:00:00Z" };
  const body = { ...peer("green-mesh"), metadata, status: STATUS };
  const created = (await rig.request(PEERS, { method: "POST", body })).body;
  expect(created.metadata).toMatchObject({ generation: 1 });
  expect(created.metadata.uid).not.toBe("mine");
  expect(created.metadata.creationTimestamp).not.toBe("2001-01-01T00:00:00Z");
  expect(created).not.toHaveProperty("status");
});

it("gives an object with a generateName a name", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const body = { metadata: { generateName: "settings-" }, data: {} };
  const names = [
    await rig.request(MAPS, { method: "POST", body }),
    await rig.request(MAPS, { method: "POST", body }),
  ].map((answer) => answer.body.metadata.name);
  expect(names[0]).toMatch(/^settings-[a-z0-9]{5}$/);
  expect(new Set(names).size).toBe(2);
  const wrong = await rig.request(MAPS, { method: "POST", body: { metadata: { generateName: "Not_a_name" } } });
  expect(wrong.code).toBe(422);
});

it("keeps fields that it does not know", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const body = {
    ...peer("green-mesh"),
    spec: { ...peer("green-mesh").spec, future: { a: [1, { b: "c" }] } },
    extra: "kept",
  };
  await rig.request(PEERS, { method: "POST", body });
  const read = (await rig.request(`${PEERS}/green-mesh`)).body;
  expect(read.spec.future).toEqual({ a: [1, { b: "c" }] });
  expect(read.extra).toBe("kept");
});

it("replaces: spec raises the generation, the status in the body does not count", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), peer("green-mesh"));
  const stored = (await rig.request(`${PEERS}/green-mesh`)).body;
  const body = { ...stored, spec: { ...stored.spec, remote: { addresses: ["192.0.2.9"] } }, status: STATUS };
  const replaced = await rig.request(`${PEERS}/green-mesh`, { method: "PUT", body });
  expect(replaced.code).toBe(200);
  expect(replaced.body.spec.remote.addresses).toEqual(["192.0.2.9"]);
  expect(replaced.body.metadata.generation).toBe(2);
  expect(replaced.body).not.toHaveProperty("status");
  const again = await rig.request(`${PEERS}/green-mesh`, { method: "PUT", body: replaced.body });
  expect(again.body.metadata.resourceVersion, "nothing changed").toBe(replaced.body.metadata.resourceVersion);
});

it("replaces kinds of Kubernetes itself without a version, as its API server does", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("settings"));
  const body = configMap("settings", { data: { key: "other" } });
  const replaced = await rig.request(`${MAPS}/settings`, { method: "PUT", body });
  expect(replaced.body.data).toEqual({ key: "other" });
});

it("writes status apart: /status takes nothing else, and the generation stays", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), peer("green-mesh"));
  const path = `${PEERS}/green-mesh`;
  const stored = (await rig.request(path)).body;
  const body = { ...stored, spec: { remote: { addresses: ["198.51.100.1"] } }, status: STATUS };
  const put = await rig.request(`${path}/status`, { method: "PUT", body });
  expect(put.code).toBe(200);
  expect(put.body.status).toEqual(STATUS);
  expect(put.body.spec).toEqual(stored.spec);
  expect(put.body.metadata.generation).toBe(1);
  expect((await rig.request(`${path}/status`)).body).toEqual(put.body);

  const connected = { discoveryStatus: { active: [{ pod: "meshfed-0", watch: { connected: true } }], inactive: null } };
  const patched = await rig.request(`${path}/status`, {
    method: "PATCH",
    headers: MERGE,
    body: { spec: { remote: { addresses: [] } }, metadata: { labels: { a: "b" } }, status: connected },
  });
  expect(patched.body.status).toEqual({ discoveryStatus: { active: connected.discoveryStatus.active } });
  expect(patched.body.spec).toEqual(stored.spec);
  expect(patched.body.metadata.labels).toBeUndefined();

  const stale = await rig.request(`${path}/status`, { method: "PUT", body });
  expect(stale.body).toMatchObject({ code: 409, reason: "Conflict" });
  const wrong = { ...patched.body, status: { discoveryStatus: { active: [{}] } } };
  expect((await rig.request(`${path}/status`, { method: "PUT", body: wrong })).body).toMatchObject({ code: 422 });
});

it("merges patches: objects are merged, lists replaced, null removes", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), {
    ...peer("green-mesh", { addresses: ["192.0.2.1", "192.0.2.2"] }),
    metadata: { name: "green-mesh", namespace: "default", labels: { tier: "gold", team: "a" } },
  });
  const body = {
    metadata: { labels: { team: null, zone: "b" } },
    spec: { remote: { addresses: ["192.0.2.3"], discoveryPort: 9188 } },
  };
  const patched = await rig.request(`${PEERS}/green-mesh`, { method: "PATCH", headers: MERGE, body });
  expect(patched.code).toBe(200);
  expect(patched.body.metadata.labels).toEqual({ tier: "gold", zone: "b" });
  expect(patched.body.spec.remote).toEqual({ addresses: ["192.0.2.3"], discoveryPort: 9188 });
  expect(patched.body.spec.gateways).toEqual(peer("green-mesh").spec.gateways);
});

it("applies all of many patches at the same time: each is tried again against what the others left", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("settings", { data: {} }));
  const keys = ["a", "b", "c", "d"];
  const answers = await Promise.all(
    keys.map((key) =>
      rig.request(`${MAPS}/settings`, { method: "PATCH", headers: MERGE, body: { data: { [key]: "1" } } }),
    ),
  );
  expect(answers.map(({ code }) => code)).toEqual([200, 200, 200, 200]);
  expect((await rig.request(`${MAPS}/settings`)).body.data).toEqual({ a: "1", b: "1", c: "1", d: "1" });
});

it("patches the version that the patch names, and no other", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("settings"));
  const { resourceVersion } = (await rig.request(`${MAPS}/settings`)).body.metadata;
  const body = { metadata: { resourceVersion }, data: { key: "next" } };
  expect((await rig.request(`${MAPS}/settings`, { method: "PATCH", headers: MERGE, body })).code).toBe(200);
  expect((await rig.request(`${MAPS}/settings`, { method: "PATCH", headers: MERGE, body })).code).toBe(409);
});

it("answers a delete with a Status when the object is gone, with the object while finalizers hold it", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("plain"), {
    ...configMap("held"),
    metadata: { name: "held", namespace: "default", finalizers: ["example.com/hold"] },
  });
  const { uid } = (await rig.request(`${MAPS}/plain`)).body.metadata;
  const gone = await rig.request(`${MAPS}/plain`, { method: "DELETE", body: { propagationPolicy: "Background" } });
  expect(gone.body).toEqual({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name: "plain", group: "", kind: "configmaps", uid },
    code: 200,
  });
  const held = await rig.request(`${MAPS}/held`, { method: "DELETE" });
  expect(held.code).toBe(200);
  expect(held.body).toMatchObject({ kind: "ConfigMap", metadata: { deletionTimestamp: expect.any(String) } });
  await rig.request(`${MAPS}/held`, { method: "PATCH", headers: MERGE, body: { metadata: { finalizers: null } } });
  expect((await rig.request(`${MAPS}/held`)).code).toBe(404);
});

it("deletes only what the preconditions name", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("settings"));
  const { uid, resourceVersion } = (await rig.request(`${MAPS}/settings`)).body.metadata;
  const preconditions = { uid, resourceVersion };
  await rig.request(`${MAPS}/settings`, { method: "PUT", body: configMap("settings", { data: {} }) });
  const stale = await rig.request(`${MAPS}/settings`, { method: "DELETE", body: { preconditions } });
  expect(stale.body).toMatchObject({ code: 409, reason: "Conflict" });
  const right = await rig.request(`${MAPS}/settings`, { method: "DELETE", body: { preconditions: { uid } } });
  expect(right.code).toBe(200);
});

it("deletes a namespace with its contents", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("settings"));
  const deleted = await rig.request("/api/v1/namespaces/default", { method: "DELETE" });
  expect(deleted.body).toMatchObject({ status: "Success", details: { name: "default", kind: "namespaces" } });
  expect((await rig.request("/api/v1/configmaps")).body.items).toEqual([]);
});

it("tries a dry run with everything but the write", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("settings"));
  const before = (await rig.request(`${MAPS}/settings`)).body;
  const created = await rig.request(`${MAPS}?dryRun=All`, { method: "POST", body: configMap("other") });
  expect(created.code).toBe(201);
  expect(created.body.metadata.name).toBe("other");
  const body = configMap("settings", { data: { key: "next" } });
  const replaced = await rig.request(`${MAPS}/settings?dryRun=All`, { method: "PUT", body });
  expect(replaced.body.data).toEqual({ key: "next" });
  const deleted = await rig.request(`${MAPS}/settings`, { method: "DELETE", body: { dryRun: ["All"] } });
  expect(deleted.body.status).toBe("Success");
  expect((await rig.request(`${MAPS}/settings`)).body).toEqual(before);
  expect((await rig.request(MAPS)).body.items).toHaveLength(1);
});

it("serves a kind in each of its versions, whichever it was written in", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const rule = {
    apiVersion: "networking.istio.io/v1beta1",
    kind: "DestinationRule",
    metadata: { name: "default-failover" },
    spec: { host: "ratings.info.svc.cluster.local" },
  };
  const path = (version: string) => `/apis/networking.istio.io/${version}/namespaces/default/destinationrules`;
  const created = await rig.request(path("v1beta1"), { method: "POST", body: rule });
  expect(created.body.apiVersion).toBe("networking.istio.io/v1beta1");
  for (const version of ["v1", "v1beta1", "v1alpha3"]) {
    const read = await rig.request(`${path(version)}/default-failover`);
    expect(read.body.apiVersion).toBe(`networking.istio.io/${version}`);
    const list = await rig.request(path(version));
    expect(list.body.items[0].apiVersion).toBe(`networking.istio.io/${version}`);
  }
  const replaced = await rig.request(`${path("v1alpha3")}/default-failover`, {
    method: "PATCH",
    headers: MERGE,
    body: { metadata: { labels: { a: "b" } } },
  });
  expect(replaced.body.apiVersion).toBe("networking.istio.io/v1alpha3");
});

it("changes nothing for a caller who would not accept the answer", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("settings"));
  const headers = { accept: "text/html", "content-type": "application/json" };
  expect((await rig.request(MAPS, { method: "POST", body: configMap("x"), headers })).code).toBe(406);
  expect((await rig.request(`${MAPS}/settings`, { method: "DELETE", headers })).code).toBe(406);
  expect((await rig.request(MAPS)).body.items).toHaveLength(1);
});

import { type KubernetesObject, secretType } from "@meshfed/core";
import { expect, it } from "vitest";
import { type ApiRig, startApi } from "./api-rig.js";
import { namespace } from "./objects.js";
import { openWatch } from "./watch-stream.js";

const SECRETS = "/api/v1/namespaces/default/secrets";
const MERGE = { "content-type": "application/merge-patch+json" };
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
/** base64("[redacted]") */
const REDACTED = "W3JlZGFjdGVkXQ==";

const KEY = "-----BEGIN PRIVATE KEY-----\ncanary-9f1c\n-----END PRIVATE KEY-----\n";
const KEY_BASE64 = Buffer.from(KEY).toString("base64");

function cacerts(fields: object = {}) {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "cacerts", namespace: "default" },
    type: "istio.io/ca-root",
    data: { "ca-key.pem": KEY_BASE64, "ca-cert.pem": Buffer.from("certificate").toString("base64") },
    ...fields,
  };
}

async function storedData(rig: ApiRig): Promise<unknown> {
  const stored: (KubernetesObject & { data?: unknown }) | undefined = await rig.store.get(secretType, {
    namespace: "default",
    name: "cacerts",
  });
  return stored?.data;
}

/** In no form: neither as it is, nor in base64, nor as JSON escapes it. */
function expectNoKey(text: string, where: string): void {
  expect(text, where).not.toContain("canary-9f1c");
  expect(text, where).not.toContain(KEY_BASE64);
  expect(text, where).not.toContain(KEY_BASE64.slice(0, 40));
}

it("shows no value of a Secret in any answer, event or log", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const watch = await openWatch(rig, "/api/v1/secrets?watch=true");
  const body = cacerts({ stringData: { token: "canary-9f1c" } });
  const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
  const answers = {
    create: await rig.request(SECRETS, { method: "POST", body }),
    "dry run": await rig.request(`${SECRETS}?dryRun=All`, {
      method: "POST",
      body: { ...body, metadata: { name: "x" } },
    }),
    get: await rig.request(`${SECRETS}/cacerts`),
    list: await rig.request(SECRETS),
    "list of all": await rig.request("/api/v1/secrets"),
    "table with objects": await rig.request(`${SECRETS}?includeObject=Object`, { headers: table }),
    replace: await rig.request(`${SECRETS}/cacerts`, { method: "PUT", body }),
    patch: await rig.request(`${SECRETS}/cacerts`, {
      method: "PATCH",
      headers: MERGE,
      body: { data: { more: KEY_BASE64 } },
    }),
    "exists already": await rig.request(SECRETS, { method: "POST", body }),
    "not base64": await rig.request(SECRETS, { method: "POST", body: cacerts({ data: { "ca-key.pem": KEY } }) }),
    "not a text": await rig.request(SECRETS, { method: "POST", body: cacerts({ data: { key: [KEY] } }) }),
    "not JSON": await rig.request(SECRETS, {
      method: "POST",
      headers: { "content-type": "application/json" },
      raw: `{"data":{"key":"canary-9f1c"}`,
    }),
    delete: await rig.request(`${SECRETS}/cacerts`, {
      method: "DELETE",
      headers: { accept: "application/json" },
    }),
  };
  for (const [name, answer] of Object.entries(answers)) expectNoKey(JSON.stringify(answer.body), name);
  expect(answers.create.body.data).toEqual({ "ca-key.pem": REDACTED, "ca-cert.pem": REDACTED, token: REDACTED });
  expect(answers.create.body).not.toHaveProperty("stringData");
  expect([answers["not base64"].code, answers["not a text"].code, answers["not JSON"].code]).toEqual([422, 422, 400]);
  const events = await watch.take(3);
  expect(events.map(({ type }) => type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
  for (const event of events) {
    expectNoKey(JSON.stringify(event), event.type);
    expect(event.object.data["ca-key.pem"]).toBe(REDACTED);
  }
  watch.cancel();
  expectNoKey(rig.logs(), "logs");
});

it("shows no value of a Secret that finalizers hold", async () => {
  const rig = await startApi();
  await rig.given(
    namespace("default"),
    cacerts({ metadata: { name: "cacerts", namespace: "default", finalizers: ["example.com/hold"] } }),
  );
  const held = await rig.request(`${SECRETS}/cacerts`, { method: "DELETE" });
  expect(held.body.data["ca-key.pem"]).toBe(REDACTED);
  expectNoKey(JSON.stringify(held.body), "delete");
});

it("keeps what kubectl apply leaves in its annotation without the values, in the answers and in the store", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const manifest = JSON.stringify(cacerts({ stringData: { token: "canary-9f1c" } }));
  const body = cacerts({ metadata: { name: "cacerts", annotations: { [LAST_APPLIED]: manifest, other: "kept" } } });
  const created = await rig.request(SECRETS, { method: "POST", body });
  expectNoKey(JSON.stringify(created.body), "create");
  const { annotations } = created.body.metadata;
  expect(annotations.other).toBe("kept");
  expect(JSON.parse(annotations[LAST_APPLIED])).toMatchObject({
    kind: "Secret",
    data: { "ca-key.pem": REDACTED, "ca-cert.pem": REDACTED },
    stringData: { token: "[redacted]" },
  });
  const stored = await rig.store.get(secretType, { namespace: "default", name: "cacerts" });
  expectNoKey(JSON.stringify(stored?.metadata), "store");

  const broken = { metadata: { annotations: { [LAST_APPLIED]: `canary-9f1c ${KEY_BASE64}` } } };
  const patched = await rig.request(`${SECRETS}/cacerts`, { method: "PATCH", headers: MERGE, body: broken });
  expect(patched.body.metadata.annotations).toEqual({ other: "kept" });
});

it("keeps a stored value when the redacted one comes back, through replace and patch", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), cacerts());
  const original = await storedData(rig);
  const read = (await rig.request(`${SECRETS}/cacerts`)).body;

  const unchanged = await rig.request(`${SECRETS}/cacerts`, { method: "PUT", body: read });
  expect(unchanged.body.metadata.resourceVersion, "nothing was written").toBe(read.metadata.resourceVersion);

  const labelled = { ...read, metadata: { ...read.metadata, labels: { team: "a" } } };
  expect((await rig.request(`${SECRETS}/cacerts`, { method: "PUT", body: labelled })).code).toBe(200);
  expect(await storedData(rig)).toEqual(original);

  const headers = MERGE;
  await rig.request(`${SECRETS}/cacerts`, { method: "PATCH", headers, body: { metadata: { labels: { team: "b" } } } });
  expect(await storedData(rig)).toEqual(original);

  const next = Buffer.from("next certificate").toString("base64");
  await rig.request(`${SECRETS}/cacerts`, { method: "PATCH", headers, body: { data: { "ca-cert.pem": next } } });
  expect(await storedData(rig)).toEqual({ "ca-key.pem": KEY_BASE64, "ca-cert.pem": next });

  await rig.request(`${SECRETS}/cacerts`, { method: "PATCH", headers, body: { data: { "ca-cert.pem": null } } });
  expect(await storedData(rig)).toEqual({ "ca-key.pem": KEY_BASE64 });

  await rig.request(`${SECRETS}/cacerts`, {
    method: "PUT",
    body: cacerts({ data: {}, stringData: { "ca-key.pem": "[redacted]" } }),
  });
  expect(await storedData(rig)).toEqual({ "ca-key.pem": KEY_BASE64 });
});

it("refuses a redacted value where nothing is stored: the key would be lost without anybody noticing", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const redacted = cacerts({ data: { "ca-key.pem": REDACTED } });
  const created = await rig.request(SECRETS, { method: "POST", body: redacted });
  expect(created.body).toMatchObject({ code: 422, reason: "Invalid" });
  expect(created.body.details.causes).toEqual([
    expect.objectContaining({ field: 'data["ca-key.pem"]', reason: "FieldValueInvalid" }),
  ]);
  await rig.given(cacerts({ data: {} }));
  expect((await rig.request(`${SECRETS}/cacerts`, { method: "PUT", body: redacted })).code).toBe(422);
});

it("does not restore a value into a version that somebody else has changed meanwhile", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), cacerts());
  const read = (await rig.request(`${SECRETS}/cacerts`)).body;
  await rig.request(`${SECRETS}/cacerts`, {
    method: "PUT",
    body: cacerts({ data: { "ca-key.pem": Buffer.from("rotated").toString("base64") } }),
  });
  const stale = await rig.request(`${SECRETS}/cacerts`, { method: "PUT", body: read });
  expect(stale.body).toMatchObject({ code: 409, reason: "Conflict" });
  expect(await storedData(rig)).toEqual({ "ca-key.pem": Buffer.from("rotated").toString("base64") });
});

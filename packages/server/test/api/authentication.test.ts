import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RESOURCE_TYPES } from "@meshfed/core";
import { systemClock } from "@meshfed/core/gateway";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { createApiServer } from "../../src/api/api-server.js";
import type { RequestAttributes } from "../../src/api/auth/authorizer.js";
import { createLogger } from "../../src/observability/logger.js";
import { startApi, temporaryDirectory } from "./api-rig.js";
import { configMap, namespace } from "./objects.js";

const MAPS = "/api/v1/namespaces/default/configmaps";

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

it("lets nobody in without the credential, and tells all of them the same", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("settings"));
  const { token } = rig.config;
  const wrong = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer x",
    `Basic ${token}`,
    `Bearer ${token}x`,
    `Bearer ${token?.slice(0, -1)}`,
    `Bearer ${token?.toLowerCase()}`,
    "Bearer a b",
  ];
  const paths = [
    "/api",
    "/apis",
    "/version",
    "/openapi/v3",
    MAPS,
    `${MAPS}/settings`,
    `${MAPS}/nobody`,
    `${MAPS}?watch=true`,
    "/nothing",
    "/metrics",
    "/",
  ];
  for (const authorization of wrong) {
    for (const path of paths) {
      const answer = await rig.request(path, { headers: { authorization } });
      expect(answer.code, `${authorization} ${path}`).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      expect(answer.body).toEqual({
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        message: "Unauthorized",
        reason: "Unauthorized",
        code: 401,
      });
    }
  }
  const write = await rig.request(MAPS, {
    method: "POST",
    body: configMap("x"),
    headers: { authorization: "Bearer x" },
  });
  expect(write.code).toBe(401);
  expect((await rig.request(MAPS, { headers: { authorization: `bearer  ${token}` } })).code, "RFC 9110 §11.1").toBe(
    200,
  );
  expect(rig.logs()).not.toContain(String(token));
}, 60_000);

it("answers health to everybody, and nothing else of itself", async () => {
  let ready: () => boolean = () => true;
  const rig = await startApi({ readiness: () => ready() });
  const headers = { authorization: "" };
  for (const path of ["/healthz", "/livez", "/readyz"]) {
    const answer = await rig.request(path, { headers });
    expect({ code: answer.code, body: answer.body }, path).toEqual({ code: 200, body: "ok" });
  }
  ready = () => false;
  expect(await rig.request("/readyz", { headers })).toMatchObject({ code: 503, body: "not ready" });
  ready = () => {
    throw new Error("detail that is nobody's business");
  };
  expect(await rig.request("/readyz", { headers })).toMatchObject({ code: 503, body: "not ready" });
  expect(await rig.request("/livez", { headers })).toMatchObject({ code: 200, body: "ok" });
});

it("does what the authorizer says, in words that say who may not do what", async () => {
  const seen: RequestAttributes[] = [];
  const rig = await startApi({
    authorize: async (_user, attributes) => {
      seen.push(attributes);
      return false;
    },
  });
  const answer = await rig.request(`${MAPS}/settings`, { method: "DELETE" });
  expect(answer.body).toMatchObject({
    code: 403,
    reason: "Forbidden",
    message:
      'configmaps "settings" is forbidden: User "admin" cannot delete resource "configmaps" in API group "" in the namespace "default"',
    details: { name: "settings", group: "", kind: "configmaps" },
  });
  expect((await rig.request("/version")).body.message).toBe('forbidden: User "admin" cannot get path "/version"');
  const peers = "/apis/federation.maistra.io/v1";
  await rig.request(`${peers}/servicemeshpeers?watch=true`);
  await rig.request(`${peers}/servicemeshpeers?watch=`);
  await rig.request(`${peers}/namespaces/a/servicemeshpeers/b/status`, { method: "PATCH" });
  await rig.request(`${peers}/namespaces/a/servicemeshpeers`, { method: "DELETE" });
  await rig.request("/api/v1/namespaces/a");
  const resource = { kind: "resource", group: "federation.maistra.io", version: "v1", resource: "servicemeshpeers" };
  expect(seen).toEqual([
    {
      kind: "resource",
      verb: "delete",
      group: "",
      version: "v1",
      resource: "configmaps",
      namespace: "default",
      name: "settings",
    },
    { kind: "path", verb: "get", path: "/version" },
    { ...resource, verb: "watch" },
    { ...resource, verb: "watch" },
    { ...resource, verb: "patch", namespace: "a", name: "b", subresource: "status" },
    { ...resource, verb: "deletecollection", namespace: "a" },
    { kind: "resource", verb: "get", group: "", version: "v1", resource: "namespaces", name: "a" },
  ]);
});

it("keeps what it writes to its administrator, and the token out of everything but the kubeconfig", async () => {
  const rig = await startApi();
  const { directory } = rig;
  const files = ["kubeconfig", "credentials.json", "pki/ca.crt", "pki/ca.key", "pki/server.crt", "pki/server.key"];
  for (const file of files) expect(mode(join(directory, file)), file).toBe("600");
  expect(mode(join(directory, "pki"))).toBe("700");
  const kubeconfig = parse(readFileSync(join(directory, "kubeconfig"), "utf8"));
  expect(kubeconfig).toMatchObject({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "meshfed",
    clusters: [{ name: "meshfed", cluster: { server: rig.server.url } }],
    contexts: [{ name: "meshfed", context: { cluster: "meshfed", user: "admin" } }],
  });
  const { token } = kubeconfig.users[0].user;
  expect(Buffer.from(token, "base64url")).toHaveLength(32);
  for (const file of files.slice(1)) expect(readFileSync(join(directory, file), "utf8"), file).not.toContain(token);
  expect(JSON.parse(readFileSync(join(directory, "credentials.json"), "utf8"))).toEqual({
    version: 1,
    credentials: [
      {
        user: { name: "admin", groups: ["system:masters", "system:authenticated"] },
        tokenSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        issuedAt: expect.stringMatching(/Z$/),
      },
    ],
  });
});

it("keeps the token over a restart while the kubeconfig has it, and issues another when it does not", async () => {
  const directory = temporaryDirectory();
  const first = await startApi({ directory });
  await first.server.close();
  const second = await startApi({ directory });
  expect(second.config.token).toBe(first.config.token);
  expect(second.config.certificateAuthority).toBe(first.config.certificateAuthority);
  expect(second.config.server, "the port is the new one").toBe(second.server.url);
  await second.server.close();

  writeFileSync(join(directory, "kubeconfig"), "not: [a kubeconfig");
  chmodSync(join(directory, "kubeconfig"), 0o644);
  const third = await startApi({ directory });
  expect(third.config.token).not.toBe(first.config.token);
  expect(mode(third.server.kubeconfigPath)).toBe("600");
  const old = { authorization: `Bearer ${first.config.token}` };
  expect((await third.request("/version", { headers: old })).code).toBe(401);
  expect((await third.request("/version")).code).toBe(200);
});

it.each([
  ["not JSON", "{"],
  ["of another version", '{"version":2,"credentials":[]}'],
  ["without a hash", '{"version":1,"credentials":[{"user":{"name":"admin","groups":[]}}]}'],
  [
    "with groups that are none",
    '{"version":1,"credentials":[{"user":{"name":"admin","groups":[1]},"tokenSha256":""}]}',
  ],
])("does not start on credentials that are damaged: %s", async (_name, content) => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, "credentials.json"), content);
  await expect(startApi({ directory })).rejects.toMatchObject({
    code: "FAILED_PRECONDITION",
    message: expect.stringContaining("credentials.json"),
  });
});

it("matches no token against a stored hash that is empty or cut", async () => {
  const directory = temporaryDirectory();
  const user = { name: "ghost", groups: ["system:masters"] };
  const credentials = [
    { user, tokenSha256: "" },
    { user, tokenSha256: "e3b0" },
  ];
  writeFileSync(join(directory, "credentials.json"), JSON.stringify({ version: 1, credentials }));
  const rig = await startApi({ directory });
  expect((await rig.request("/version", { headers: { authorization: "Bearer x" } })).code).toBe(401);
});

it("says which address it cannot have", async () => {
  const rig = await startApi();
  const starting = createApiServer({
    store: rig.store,
    types: RESOURCE_TYPES,
    directory: temporaryDirectory(),
    listen: { port: rig.server.address.port },
    clock: systemClock,
    logger: createLogger({ level: "silent" }),
    readiness: () => true,
  });
  await expect(starting).rejects.toMatchObject({
    code: "UNAVAILABLE",
    message: expect.stringMatching(/127\.0\.0\.1.*EADDRINUSE.*port 0/),
  });
});

import { expect, it } from "vitest";
import { type RigRequest, startApi } from "./api-rig.js";
import { configMap, namespace, peer } from "./objects.js";

const PEERS = "/apis/federation.maistra.io/v1/namespaces/default/servicemeshpeers";
const MAPS = "/api/v1/namespaces/default/configmaps";
const JSON_HEADERS = { "content-type": "application/json" };
const MERGE = { "content-type": "application/merge-patch+json" };

function post(body: unknown): RigRequest {
  return { method: "POST", body };
}

function patch(body: unknown, headers: Record<string, string> = MERGE): RigRequest {
  return { method: "PATCH", body, headers };
}

function deep(levels: number): string {
  return `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
}

/** What is asked, and the HTTP status, the reason and a part of the message of the answer. */
const ROWS: readonly (readonly [string, string, RigRequest, number, string, RegExp])[] = [
  [
    "malformed JSON",
    MAPS,
    { method: "POST", raw: '{"kind":', headers: JSON_HEADERS },
    400,
    "BadRequest",
    /not valid JSON/,
  ],
  [
    "bytes that are not UTF-8",
    MAPS,
    { method: "POST", raw: Uint8Array.of(0x22, 0xff, 0x22), headers: JSON_HEADERS },
    400,
    "BadRequest",
    /UTF-8/,
  ],
  ["a list for an object", MAPS, post([]), 400, "BadRequest", /not a JSON object/],
  ["a text for an object", MAPS, post("text"), 400, "BadRequest", /not a JSON object/],
  ["no body", MAPS, { method: "POST" }, 400, "BadRequest", /empty/],
  [
    "nesting without end",
    MAPS,
    { method: "POST", raw: deep(100_000), headers: JSON_HEADERS },
    400,
    "BadRequest",
    /nested deeper/,
  ],
  [
    "a prototype",
    MAPS,
    { method: "POST", raw: '{"metadata":{"__proto__":{"name":"x"}}}', headers: JSON_HEADERS },
    400,
    "BadRequest",
    /__proto__/,
  ],
  [
    "YAML",
    MAPS,
    { method: "POST", raw: "kind: ConfigMap", headers: { "content-type": "application/yaml" } },
    415,
    "UnsupportedMediaType",
    /application\/json/,
  ],
  [
    "protobuf",
    "/api/v1/namespaces",
    { method: "POST", raw: "k8s\0", headers: { "content-type": "application/vnd.kubernetes.protobuf" } },
    415,
    "UnsupportedMediaType",
    /application\/json/,
  ],
  [
    "a compressed body",
    MAPS,
    { method: "POST", raw: "{}", headers: { ...JSON_HEADERS, "content-encoding": "gzip" } },
    415,
    "UnsupportedMediaType",
    /compressed/,
  ],
  [
    "a body above the limit",
    MAPS,
    post(configMap("x", { data: { key: "x".repeat(3 * 1024 * 1024) } })),
    413,
    "RequestEntityTooLarge",
    /3145728 bytes/,
  ],
  [
    "JSON patch",
    `${MAPS}/settings`,
    patch([{ op: "remove", path: "/data" }], { "content-type": "application/json-patch+json" }),
    415,
    "UnsupportedMediaType",
    /merge-patch\+json/,
  ],
  [
    "strategic merge patch",
    `${MAPS}/settings`,
    patch({}, { "content-type": "application/strategic-merge-patch+json" }),
    415,
    "UnsupportedMediaType",
    /merge-patch\+json/,
  ],
  [
    "server-side apply",
    `${MAPS}/settings`,
    patch({}, { "content-type": "application/apply-patch+yaml" }),
    415,
    "UnsupportedMediaType",
    /merge-patch\+json/,
  ],
  [
    "a patch that is JSON only",
    `${MAPS}/settings`,
    patch({}, JSON_HEADERS),
    415,
    "UnsupportedMediaType",
    /merge-patch\+json/,
  ],

  [
    "another kind",
    MAPS,
    post({ ...configMap("x"), kind: "Secret" }),
    400,
    "BadRequest",
    /Secret in version v1 cannot be handled as a ConfigMap/,
  ],
  [
    "another version",
    PEERS,
    post({ ...peer("x"), apiVersion: "federation.maistra.io/v2" }),
    400,
    "BadRequest",
    /does not match the expected API version \(federation.maistra.io\/v1\)/,
  ],
  [
    "another namespace than the address",
    MAPS,
    post(configMap("x", { namespace: "other" })),
    400,
    "BadRequest",
    /namespace of the provided object/,
  ],
  [
    "a version on creation",
    MAPS,
    post({ ...configMap("x"), metadata: { name: "x", resourceVersion: "1" } }),
    400,
    "BadRequest",
    /resourceVersion should not be set/,
  ],
  ["a name with capitals", MAPS, post(configMap("Settings")), 422, "Invalid", /metadata.name/],
  ["a name that is a path", MAPS, post(configMap("../x")), 422, "Invalid", /metadata.name/],
  ["no name", MAPS, post({ ...configMap("x"), metadata: {} }), 422, "Invalid", /metadata.name: missing/],
  [
    "a port out of range",
    PEERS,
    post({ ...peer("x"), spec: { remote: { discoveryPort: 70000 } } }),
    422,
    "Invalid",
    /spec.remote.discoveryPort/,
  ],
  [
    "a namespace that does not exist",
    "/api/v1/namespaces/nowhere/configmaps",
    post(configMap("x", { namespace: "nowhere" })),
    404,
    "NotFound",
    /^namespaces "nowhere" not found$/,
  ],
  [
    "the same object twice",
    MAPS,
    post(configMap("settings")),
    409,
    "AlreadyExists",
    /^configmaps "settings" already exists$/,
  ],
  ["a create in all namespaces", "/api/v1/configmaps", post(configMap("x")), 405, "MethodNotAllowed", /"POST"/],

  [
    "an object that does not exist",
    `${PEERS}/nobody`,
    {},
    404,
    "NotFound",
    /^servicemeshpeers.federation.maistra.io "nobody" not found$/,
  ],
  [
    "a kind that does not exist",
    "/apis/federation.maistra.io/v1/namespaces/default/peers",
    {},
    404,
    "NotFound",
    /could not find the requested resource/,
  ],
  [
    "a version that does not exist",
    "/apis/federation.maistra.io/v9/servicemeshpeers",
    {},
    404,
    "NotFound",
    /could not find the requested resource/,
  ],
  ["a group that does not exist", "/apis/example.com", {}, 404, "NotFound", /could not find the requested resource/],
  [
    "the status of a kind without",
    `${MAPS}/settings/status`,
    {},
    404,
    "NotFound",
    /could not find the requested resource/,
  ],
  [
    "a subresource that does not exist",
    `${PEERS}/green-mesh/scale`,
    {},
    404,
    "NotFound",
    /could not find the requested resource/,
  ],
  [
    "an object without its namespace",
    "/api/v1/configmaps/settings",
    {},
    404,
    "NotFound",
    /could not find the requested resource/,
  ],
  [
    "a cluster-scoped kind in a namespace",
    "/api/v1/namespaces/default/namespaces",
    {},
    404,
    "NotFound",
    /could not find the requested resource/,
  ],
  [
    "an address below a subresource",
    `${PEERS}/green-mesh/status/more`,
    {},
    404,
    "NotFound",
    /could not find the requested resource/,
  ],
  ["an unknown path", "/nothing/here", {}, 404, "NotFound", /could not find the requested resource/],
  [
    "a stray percent sign",
    "/api/v1/namespaces/%zz/configmaps",
    {},
    404,
    "NotFound",
    /could not find the requested resource/,
  ],
  [
    "a slash in a name",
    "/api/v1/namespaces/default/configmaps/a%2Fb",
    {},
    404,
    "NotFound",
    /could not find the requested resource/,
  ],
  ["OpenAPI, which is not there yet", "/openapi/v3", {}, 404, "NotFound", /could not find the requested resource/],
  ["a write to discovery", "/apis", { method: "POST", body: {} }, 405, "MethodNotAllowed", /"POST"/],
  ["deletecollection", MAPS, { method: "DELETE" }, 405, "MethodNotAllowed", /"DELETE"/],
  ["an unknown method", MAPS, { method: "PROPFIND" }, 405, "MethodNotAllowed", /"PROPFIND"/],

  [
    "a replace without a version",
    `${PEERS}/green-mesh`,
    { method: "PUT", body: peer("green-mesh") },
    422,
    "Invalid",
    /metadata.resourceVersion: .*must be specified for an update/,
  ],
  [
    "a replace with a stale version",
    `${MAPS}/settings`,
    { method: "PUT", body: { ...configMap("settings"), metadata: { name: "settings", resourceVersion: "1" } } },
    409,
    "Conflict",
    /^Operation cannot be fulfilled on configmaps "settings"/,
  ],
  [
    "a replace of another uid",
    `${MAPS}/settings`,
    { method: "PUT", body: { ...configMap("settings"), metadata: { name: "settings", uid: "other" } } },
    409,
    "Conflict",
    /^Operation cannot be fulfilled on configmaps "settings"/,
  ],
  [
    "a replace under another name",
    `${MAPS}/settings`,
    { method: "PUT", body: configMap("other") },
    400,
    "BadRequest",
    /\(other\) does not match the name on the URL \(settings\)/,
  ],
  [
    "a replace of nothing",
    `${MAPS}/nobody`,
    { method: "PUT", body: configMap("nobody") },
    404,
    "NotFound",
    /^configmaps "nobody" not found$/,
  ],
  [
    "a patch of the name",
    `${MAPS}/settings`,
    patch({ metadata: { name: "other" } }),
    400,
    "BadRequest",
    /does not match the name/,
  ],
  [
    "a patch of the kind",
    `${MAPS}/settings`,
    patch({ kind: "Secret" }),
    400,
    "BadRequest",
    /cannot be handled as a ConfigMap/,
  ],
  [
    "a patch of a stale version",
    `${MAPS}/settings`,
    patch({ metadata: { resourceVersion: "1" } }),
    409,
    "Conflict",
    /has been modified/,
  ],
  ["a patch to what is not valid", `${MAPS}/settings`, patch({ data: { key: 1 } }), 422, "Invalid", /data.key/],
  ["a patch of nothing", `${MAPS}/nobody`, patch({ data: {} }), 404, "NotFound", /^configmaps "nobody" not found$/],
  ["a delete of nothing", `${MAPS}/nobody`, { method: "DELETE" }, 404, "NotFound", /^configmaps "nobody" not found$/],
  [
    "a delete of another uid",
    `${MAPS}/settings`,
    { method: "DELETE", body: { preconditions: { uid: "other" } } },
    409,
    "Conflict",
    /uid/,
  ],
  [
    "a delete with odd propagation",
    `${MAPS}/settings`,
    { method: "DELETE", body: { propagationPolicy: "Upwards" } },
    400,
    "BadRequest",
    /propagationPolicy/,
  ],
  [
    "a delete with a dry run that is no list",
    `${MAPS}/settings`,
    { method: "DELETE", body: { dryRun: "All" } },
    400,
    "BadRequest",
    /dryRun must be a list/,
  ],
  ["a dry run of another kind", `${MAPS}?dryRun=true`, post(configMap("x")), 400, "BadRequest", /dryRun must be "All"/],

  ["a label selector without a key", `${MAPS}?labelSelector==x`, {}, 400, "BadRequest", /labelSelector/],
  ["a huge label selector", `${MAPS}?labelSelector=${"x".repeat(10_000)}`, {}, 400, "BadRequest", /labelSelector/],
  [
    "a field that cannot be selected",
    `${MAPS}?fieldSelector=data.key=value`,
    {},
    400,
    "BadRequest",
    /field label "data.key" is not supported for ConfigMap/,
  ],
  ["a limit that is no number", `${MAPS}?limit=many`, {}, 400, "BadRequest", /limit: "many"/],
  ["a negative limit", `${MAPS}?limit=-1`, {}, 400, "BadRequest", /limit: "-1"/],
  ["a continue token of another server", `${MAPS}?continue=abc`, {}, 400, "BadRequest", /continue/],
  ["a version that is no number", `${MAPS}?resourceVersion=abc`, {}, 400, "BadRequest", /resourceVersion: "abc"/],
  ["a version of the future", `${MAPS}?resourceVersion=999999`, {}, 504, "Timeout", /too large resource version/],
  ["a match without a version", `${MAPS}?resourceVersionMatch=Exact`, {}, 422, "Invalid", /resourceVersionMatch/],
  [
    "an unknown match",
    `${MAPS}?resourceVersion=1&resourceVersionMatch=Newest`,
    {},
    400,
    "BadRequest",
    /resourceVersionMatch/,
  ],
  [
    "initial events of a list",
    `${MAPS}?sendInitialEvents=true`,
    {},
    422,
    "Invalid",
    /sendInitialEvents: is forbidden for a list/,
  ],
  [
    "initial events without bookmarks",
    `${MAPS}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
    {},
    422,
    "Invalid",
    /allowWatchBookmarks/,
  ],
  [
    "initial events without a match",
    `${MAPS}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true`,
    {},
    422,
    "Invalid",
    /resourceVersionMatch/,
  ],
  ["a watch that is maybe", `${MAPS}?watch=maybe`, {}, 400, "BadRequest", /watch: "maybe"/],
  [
    "a representation that we do not have",
    MAPS,
    { headers: { accept: "application/vnd.kubernetes.protobuf" } },
    406,
    "NotAcceptable",
    /application\/json/,
  ],
  [
    "a table of another group",
    MAPS,
    { headers: { accept: "application/json;as=Table;g=example.com;v=v1" } },
    406,
    "NotAcceptable",
    /application\/json/,
  ],
  ["an odd includeObject", `${MAPS}?includeObject=Half`, {}, 400, "BadRequest", /includeObject/],
];

it("answers each bad request with the Status that a Kubernetes API server gives, and goes on serving", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"), configMap("settings"), peer("green-mesh"));
  for (const [name, path, request, code, reason, message] of ROWS) {
    const answer = await rig.request(path, request);
    expect({ code: answer.code, reason: answer.body.reason }, name).toEqual({ code, reason });
    expect(answer.body, name).toMatchObject({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      code,
    });
    expect(answer.body.message, name).toMatch(message);
    expect(answer.headers.get("content-type"), name).toBe("application/json");
  }
  expect((await rig.request(`${MAPS}/settings`)).body.data).toEqual({ key: "value" });
  expect((await rig.request(MAPS)).body.items, "nothing was created meanwhile").toHaveLength(1);
}, 60_000);

it("tells all violations of an object at once, as causes with their fields", async () => {
  const rig = await startApi();
  await rig.given(namespace("default"));
  const spec = { remote: { addresses: "192.0.2.1", discoveryPort: 70_000 }, security: { certificateChain: {} } };
  const { body } = await rig.request(PEERS, post({ ...peer("green-mesh"), spec }));
  expect(body.details).toMatchObject({ name: "green-mesh", group: "federation.maistra.io", kind: "ServiceMeshPeer" });
  const causes: readonly { field: string; reason: string }[] = body.details.causes;
  expect(causes).toContainEqual(
    expect.objectContaining({ field: "spec.remote.addresses", reason: "FieldValueTypeInvalid" }),
  );
  expect(causes).toContainEqual(
    expect.objectContaining({ field: "spec.remote.discoveryPort", reason: "FieldValueInvalid" }),
  );
  expect(causes).toContainEqual(
    expect.objectContaining({ field: "spec.security.certificateChain.name", reason: "FieldValueRequired" }),
  );
});

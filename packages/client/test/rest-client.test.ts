import { configMapType, serviceMeshPeerType } from "@meshfed/core";
import { expect, it } from "vitest";
import { ApiError, createRestClient } from "../src/index.js";
import { configMap, json, startScript, status, type Turn } from "./scripted-server.js";

const NAME = { namespace: "default", name: "a" };

function notFound(): Turn {
  return status(404, "NotFound", { name: "a", kind: "configmaps" });
}

function conflict(): Turn {
  return status(409, "Conflict", { name: "a", kind: "configmaps" });
}

it("reads an object, and tells absent from unreachable, refused and wrong", async () => {
  const { baseUrl, seen } = await startScript(
    json(configMap("a", "1")),
    notFound(),
    status(404, "NotFound"),
    json("<html>", 404),
    status(403, "Forbidden", { name: "a", kind: "configmaps" }),
    (_request, response) => response.end("no JSON"),
    json([]),
    (_request, response) => response.destroy(),
  );
  const client = createRestClient({ baseUrl: `${baseUrl}/`, token: "secret-token" });
  expect(await client.get(configMapType, NAME)).toEqual(configMap("a", "1"));
  expect(seen[0]).toMatchObject({ method: "GET", path: "/api/v1/namespaces/default/configmaps/a" });
  expect(seen[0]?.headers.authorization).toBe("Bearer secret-token");
  expect(await client.get(configMapType, NAME), "absent").toBeUndefined();
  const failures = ["NotFound", "Unknown", "Forbidden", "InvalidResponse", "InvalidResponse", "Unreachable"];
  for (const reason of failures) {
    const error: unknown = await client.get(configMapType, NAME).catch((thrown: unknown) => thrown);
    expect(error, reason).toMatchObject({ name: "ApiError", reason });
    expect(String(error)).not.toContain("secret-token");
  }
});

it("passes on what the server said: status, reason and causes", async () => {
  const cause = { reason: "FieldValueInvalid", message: "found 70000", field: "spec.remote.discoveryPort" };
  const { baseUrl } = await startScript(
    status(422, "Invalid", { name: "a", kind: "ServiceMeshPeer", causes: [cause, "odd"] }),
  );
  const error = await createRestClient({ baseUrl })
    .get(serviceMeshPeerType, NAME)
    .catch((thrown: unknown) => thrown);
  expect(ApiError.is(error) && error).toMatchObject({
    status: 422,
    reason: "Invalid",
    causes: [cause],
    objectName: "a",
    message: "it is Invalid",
  });
});

it("says which server it cannot reach and why, and gives up after the time limit", async () => {
  const refused = createRestClient({ baseUrl: "http://127.0.0.1:1" });
  await expect(refused.list(configMapType)).rejects.toMatchObject({
    reason: "Unreachable",
    status: undefined,
    message: expect.stringMatching(/^cannot reach http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED|bad port/),
  });
  const silent = await startScript(() => undefined);
  await expect(createRestClient({ ...silent, timeoutMs: 50 }).list(configMapType)).rejects.toMatchObject({
    reason: "TimedOut",
  });
  const stalling = await startScript((_request, response) => response.writeHead(200).write("{"));
  await expect(createRestClient({ ...stalling, timeoutMs: 50 }).list(configMapType)).rejects.toMatchObject({
    reason: "TimedOut",
  });
});

it("rejects an aborted request with the reason of the signal", async () => {
  const { baseUrl, seen } = await startScript(() => undefined);
  const client = createRestClient({ baseUrl });
  const controller = new AbortController();
  const request = client.get(configMapType, NAME, { signal: controller.signal });
  await expect.poll(() => seen.length).toBe(1);
  const reason = new Error("the user left");
  controller.abort(reason);
  await expect(request).rejects.toBe(reason);
  await expect(client.list(configMapType, { signal: controller.signal })).rejects.toBe(reason);
  expect(seen, "nothing is sent any more").toHaveLength(1);
});

it("does not follow a redirect: the token would go to somebody else", async () => {
  const other = await startScript(json(configMap("a", "1")));
  const { baseUrl } = await startScript((_request, response) =>
    response.writeHead(302, { Location: other.baseUrl }).end(),
  );
  await expect(createRestClient({ baseUrl, token: "t" }).get(configMapType, NAME)).rejects.toMatchObject({
    reason: "Unreachable",
  });
  expect(other.seen).toEqual([]);
});

it("names objects in addresses whatever characters they have", async () => {
  const { baseUrl, seen } = await startScript(json(configMap("a", "1")));
  await createRestClient({ baseUrl }).get(configMapType, { namespace: "../x", name: "a/b?c" });
  expect(seen[0]?.path).toBe("/api/v1/namespaces/..%2Fx/configmaps/a%2Fb%3Fc");
});

it("deletes under preconditions, and tells gone from held", async () => {
  const { baseUrl, seen } = await startScript(json({ kind: "Status", status: "Success" }), json(configMap("a", "2")));
  const client = createRestClient({ baseUrl });
  expect(await client.delete(configMapType, NAME, { uid: "u", dryRun: true })).toBeUndefined();
  expect(JSON.parse(seen[0]?.body ?? "")).toMatchObject({ kind: "DeleteOptions", preconditions: { uid: "u" } });
  expect(seen[0]?.query.get("dryRun")).toBe("All");
  expect(await client.delete(configMapType, NAME)).toEqual(configMap("a", "2"));
});

it("applies: creates what is absent, and tells configured from unchanged by the version", async () => {
  const desired = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", namespace: "default" },
    data: { k: "v" },
  } as const;
  const { baseUrl, seen } = await startScript(
    notFound(),
    json(configMap("a", "1"), 201),
    json(configMap("a", "1")),
    json(configMap("a", "2")),
    json(configMap("a", "2")),
    json(configMap("a", "2")),
  );
  const client = createRestClient({ baseUrl });
  expect((await client.apply(configMapType, desired)).outcome).toBe("created");
  expect((await client.apply(configMapType, desired)).outcome).toBe("configured");
  expect((await client.apply(configMapType, desired)).outcome).toBe("unchanged");
  expect(seen.map(({ method }) => method)).toEqual(["GET", "POST", "GET", "PUT", "GET", "PUT"]);
  expect(JSON.parse(seen[1]?.body ?? "")).toEqual(desired);
});

it("applies over what others own: their labels, finalizers, fields and status stay, what the manifest drops goes", async () => {
  const live = {
    ...configMap("a", "7"),
    metadata: {
      ...configMap("a", "7").metadata,
      labels: { mine: "old", theirs: "kept" },
      annotations: { theirs: "kept" },
      finalizers: ["example.com/hold"],
      unknown: "kept",
    },
    data: { dropped: "x", key: "old" },
    extra: { kept: true },
    status: { kept: true },
  };
  const desired = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", namespace: "default", labels: { mine: "new" }, resourceVersion: "1", uid: "other" },
    data: { key: "new" },
    status: { ignored: true },
  } as const;
  const { baseUrl, seen } = await startScript(json(live), json(live));
  await createRestClient({ baseUrl }).apply(configMapType, desired);
  expect(JSON.parse(seen[1]?.body ?? "")).toEqual({
    ...live,
    metadata: { ...live.metadata, labels: { mine: "new", theirs: "kept" } },
    data: { key: "new" },
  });
});

it("applies against fresh state after a conflict, five times at most", async () => {
  const { baseUrl, seen } = await startScript(
    json(configMap("a", "1")),
    conflict(),
    notFound(),
    status(409, "AlreadyExists", { name: "a" }),
    json(configMap("a", "3")),
    json(configMap("a", "4")),
  );
  const desired = { apiVersion: "v1", kind: "ConfigMap", metadata: NAME, data: {} } as const;
  const result = await createRestClient({ baseUrl }).apply(configMapType, desired);
  expect(result.outcome).toBe("configured");
  expect(JSON.parse(seen[5]?.body ?? "").metadata.resourceVersion).toBe("3");

  const hopeless = await startScript(
    ...Array.from({ length: 20 }, (_, turn) => (turn % 2 === 0 ? json(configMap("a", "1")) : conflict())),
  );
  await expect(createRestClient(hopeless).apply(configMapType, desired)).rejects.toMatchObject({ reason: "Conflict" });
  expect(hopeless.seen).toHaveLength(10);
});

it("reads the table that people see", async () => {
  const { baseUrl, seen } = await startScript(
    json({
      kind: "Table",
      columnDefinitions: [
        { name: "Name", priority: 0 },
        { name: "Addresses", priority: 1 },
      ],
      rows: [{ cells: ["a", "x"], object: { metadata: { name: "a", namespace: "default" } } }, { cells: ["b", 1] }],
    }),
    json({ kind: "ConfigMapList", items: [] }),
  );
  const client = createRestClient({ baseUrl });
  expect(await client.table(configMapType, { namespace: "default" })).toEqual({
    columns: [
      { name: "Name", priority: 0 },
      { name: "Addresses", priority: 1 },
    ],
    rows: [
      { cells: ["a", "x"], name: "a", namespace: "default" },
      { cells: ["b", 1], name: "" },
    ],
  });
  expect(seen[0]?.headers.accept).toContain("as=Table");
  await expect(client.table(configMapType)).rejects.toMatchObject({ reason: "InvalidResponse" });
});

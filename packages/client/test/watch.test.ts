import { configMapType, type KubernetesObject } from "@meshfed/core";
import { expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../../../test/conformance/manual-clock.js";
import { ApiError, createRestClient, type WatchEvent, type WatchOptions } from "../src/index.js";
import {
  bookmark,
  brokenFrames,
  configMap,
  event,
  frames,
  json,
  list,
  openFrames,
  startScript,
  status,
  type Turn,
} from "./scripted-server.js";

const GONE = event("ERROR", { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" });

/** Runs what waits for time to pass, one after the other, as soon as there is nothing else to do. */
function hastyClock(): ManualClock {
  const clock = new ManualClock();
  const timer = setInterval(() => clock.advance(250), 1);
  onTestFinished(() => clearInterval(timer));
  return clock;
}

function summary(events: readonly WatchEvent<KubernetesObject>[]): readonly string[] {
  return events.map((one) =>
    one.type === "BOOKMARK"
      ? `BOOKMARK ${one.resourceVersion}`
      : `${one.type} ${one.object.metadata.name}@${one.object.metadata.resourceVersion}`,
  );
}

/** Watches until as many events as that have come. */
async function watchFor(count: number, turns: readonly Turn[], options: WatchOptions = {}) {
  const { baseUrl, seen } = await startScript(...turns);
  const client = createRestClient({ baseUrl, clock: hastyClock(), timeoutMs: 3_600_000 });
  const events: WatchEvent<KubernetesObject>[] = [];
  for await (const one of client.watch(configMapType, { namespace: "default", ...options })) {
    events.push(one);
    if (events.length === count) break;
  }
  return {
    events: summary(events),
    seen,
    requests: seen.map(({ query }) => (query.get("watch") ? `watch ${query.get("resourceVersion")}` : "list")),
  };
}

it("lists, then follows from the version of the list", async () => {
  const { events, requests, seen } = await watchFor(3, [
    list("5", configMap("a", "3")),
    openFrames(event("ADDED", configMap("b", "6")), event("DELETED", configMap("a", "7"))),
  ]);
  expect(events).toEqual(["ADDED a@3", "ADDED b@6", "DELETED a@7"]);
  expect(requests).toEqual(["list", "watch 5"]);
  expect(seen[1]?.path).toBe("/api/v1/namespaces/default/configmaps");
  expect(seen[1]?.query.get("allowWatchBookmarks")).toBe("true");
});

it("resumes after an orderly end and after a broken connection, from the last version that it saw", async () => {
  const { events, requests } = await watchFor(4, [
    list("5"),
    frames(event("ADDED", configMap("a", "6"))),
    brokenFrames(event("MODIFIED", configMap("a", "7"))),
    frames(bookmark("9")),
    frames(event("MODIFIED", configMap("a", "10")), event("ADDED", configMap("b", "11"))),
  ]);
  expect(events).toEqual(["ADDED a@6", "MODIFIED a@7", "MODIFIED a@10", "ADDED b@11"]);
  expect(requests).toEqual(["list", "watch 5", "watch 6", "watch 7", "watch 9"]);
});

it.each([
  ["as an answer", status(410, "Expired")],
  ["as an event", frames(GONE)],
])("lists again when its version is forgotten, told %s, and reports the difference only", async (_name, gone) => {
  const { events, requests } = await watchFor(7, [
    list("5", configMap("kept", "1"), configMap("changed", "2"), configMap("gone", "3"), configMap("again", "4")),
    gone,
    list("20", configMap("kept", "1"), configMap("changed", "18"), {
      ...configMap("again", "19"),
      metadata: { ...configMap("again", "19").metadata, uid: "another" },
    }),
    openFrames(),
  ]);
  expect(events.slice(0, 4)).toEqual(["ADDED kept@1", "ADDED changed@2", "ADDED gone@3", "ADDED again@4"]);
  expect(events.slice(4)).toEqual(["DELETED gone@3", "DELETED again@4", "MODIFIED changed@18"]);
  expect(requests.slice(0, 3)).toEqual(["list", "watch 5", "list"]);
});

it("reports no state twice, even when the server repeats itself", async () => {
  const { events } = await watchFor(2, [
    list("5", configMap("a", "5")),
    openFrames(
      event("ADDED", configMap("a", "5")),
      event("MODIFIED", configMap("a", "5")),
      event("ADDED", configMap("a", "6")),
    ),
  ]);
  expect(events).toEqual(["ADDED a@5", "MODIFIED a@6"]);
});

it("waits out a server in trouble, after it has once been reached", async () => {
  const { events, requests } = await watchFor(2, [
    list("5", configMap("a", "5")),
    status(503, "ServiceUnavailable"),
    (_request, response) => response.destroy(),
    status(429, "TooManyRequests"),
    frames(event("ERROR", { kind: "Status", code: 500, reason: "InternalError", message: "x" })),
    (_request, response) => response.end("<html>a proxy</html>\n"),
    openFrames(event("ADDED", configMap("b", "6"))),
  ]);
  expect(events).toEqual(["ADDED a@5", "ADDED b@6"]);
  expect(requests).toEqual(["list", ...new Array(6).fill("watch 5")]);
});

it.each([
  ["trouble with the first request", [status(503, "ServiceUnavailable")], "ServiceUnavailable"],
  ["a credential that is not valid any more", [list("5"), status(401, "Unauthorized")], "Unauthorized"],
  ["a right that was taken away", [list("5"), frames(), status(403, "Forbidden")], "Forbidden"],
  ["a kind that is not served", [status(404, "NotFound")], "NotFound"],
])("throws %s", async (_name, turns, reason) => {
  await expect(watchFor(1, turns)).rejects.toMatchObject({ name: "ApiError", reason });
});

it("starts after a given version without a list, and throws when that version is forgotten", async () => {
  const { events, requests } = await watchFor(1, [openFrames(event("MODIFIED", configMap("a", "9")))], {
    resourceVersion: "8",
  });
  expect(events).toEqual(["MODIFIED a@9"]);
  expect(requests).toEqual(["watch 8"]);
  const expired = watchFor(1, [status(410, "Expired")], { resourceVersion: "8" });
  await expect(expired).rejects.toMatchObject({ status: 410, reason: "Expired" });
});

it("takes a quiet hour for no trouble: it comes back each time its connection ends, without growing delays", async () => {
  const quiet: Turn = (_request, response) => {
    response.writeHead(200).flushHeaders();
  };
  const { baseUrl, seen } = await startScript(list("5"), ...new Array<Turn>(13).fill(quiet));
  const clock = new ManualClock();
  const controller = new AbortController();
  const watch = createRestClient({ baseUrl, clock, random: () => 0 }).watch(configMapType, {
    signal: controller.signal,
  });
  const next = watch.next();
  for (let connection = 1; connection <= 12; connection++) {
    await expect.poll(() => seen.length).toBe(connection + 1);
    expect(seen[connection]?.query.get("timeoutSeconds")).toBe("290");
    // A server that keeps its word ends the connection after 290 s; this one is dead, and found out after 320 s.
    clock.advance(320_000);
    // Then it waits for the next attempt, always as long.
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(500);
  }
  controller.abort();
  expect((await next).done).toBe(true);
});

it("tells of bookmarks when asked: after the first list, and as the server sends them", async () => {
  const { events } = await watchFor(3, [list("5", configMap("a", "5")), openFrames(bookmark("8"))], {
    bookmarks: true,
  });
  expect(events).toEqual(["ADDED a@5", "BOOKMARK 5", "BOOKMARK 8"]);
});

it("ends with its signal, while it waits for events, and while it waits to try again", async () => {
  for (const turns of [
    [list("5"), openFrames()],
    [list("5"), status(503, "ServiceUnavailable")],
  ]) {
    const { baseUrl, seen } = await startScript(...turns);
    const controller = new AbortController();
    const watch = createRestClient({ baseUrl }).watch(configMapType, { signal: controller.signal });
    const next = watch.next();
    await expect.poll(() => seen.length).toBe(2);
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  }
});

it("closes its connection when its consumer stops", async () => {
  let closed = false;
  const { baseUrl } = await startScript(list("5"), (_request, response) => {
    response.writeHead(200).write(`${JSON.stringify(event("ADDED", configMap("a", "6")))}\n`);
    response.once("close", () => {
      closed = true;
    });
  });
  for await (const one of createRestClient({ baseUrl }).watch(configMapType)) {
    expect(one.type).toBe("ADDED");
    break;
  }
  await expect.poll(() => closed).toBe(true);
});

it("takes events in pieces of any size, with characters of several bytes", async () => {
  const line = `${JSON.stringify(event("ADDED", configMap("a", "6", { data: { city: "東京 🗼" } })))}\n`;
  const bytes = new TextEncoder().encode(line);
  const { baseUrl } = await startScript(list("5"), (_request, response) => {
    response.writeHead(200);
    response.socket?.setNoDelay(true);
    let index = 0;
    const send = () => {
      if (index < bytes.length) response.write(bytes.subarray(index, ++index), () => setImmediate(send));
    };
    send();
  });
  for await (const one of createRestClient({ baseUrl }).watch(configMapType)) {
    expect(one).toMatchObject({ type: "ADDED", object: { data: { city: "東京 🗼" } } });
    break;
  }
});

it("does not take what is no event for one", async () => {
  for (const frame of [
    { type: "ADDED" },
    { type: "ADDED", object: {} },
    { type: "OTHER", object: configMap("a", "1") },
    [],
  ]) {
    const { events } = await watchFor(1, [list("5"), frames(frame), openFrames(event("ADDED", configMap("a", "6")))]);
    expect(events).toEqual(["ADDED a@6"]);
  }
});

it("lists in pages, and begins anew when the version of the first page is forgotten", async () => {
  const page = (items: readonly object[], next?: string) =>
    json({ kind: "ConfigMapList", metadata: { resourceVersion: "5", continue: next }, items });
  const { baseUrl, seen } = await startScript(
    page([configMap("a", "1")], "token 1"),
    status(410, "Expired"),
    page([configMap("a", "1")], "token/2"),
    page([configMap("b", "2")], ""),
  );
  const result = await createRestClient({ baseUrl }).list(configMapType, { labelSelector: "a in (b)" });
  expect(result.items.map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
  expect(result.resourceVersion).toBe("5");
  expect(seen.map(({ query }) => query.get("continue"))).toEqual([null, "token 1", null, "token/2"]);
  expect(seen[0]?.query.get("labelSelector")).toBe("a in (b)");
  const hopeless = await startScript(...new Array<Turn>(4).fill(status(410, "Expired")));
  await expect(createRestClient(hopeless).list(configMapType)).rejects.toSatisfy(ApiError.is);
  expect(hopeless.seen).toHaveLength(4);
});

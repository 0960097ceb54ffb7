import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Answers one request. */
export type Turn = (request: SeenRequest, response: ServerResponse) => void;

/** A server on loopback that answers each request with the next turn of a script; after the last, with 500. */
export async function startScript(
  ...turns: readonly Turn[]
): Promise<{ baseUrl: string; seen: readonly SeenRequest[] }> {
  const seen: SeenRequest[] = [];
  const script = [...turns];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://localhost");
      const { method = "", headers } = request;
      const entry = { method, path: url.pathname, query: url.searchParams, headers, body };
      seen.push(entry);
      const turn = script.shift() ?? json({ kind: "Status", reason: "InternalError", message: "script ended" }, 500);
      turn(entry, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

export function json(body: unknown, status = 200): Turn {
  return (_request, response) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body));
  };
}

export function status(code: number, reason: string, details: object = {}): Turn {
  return json(
    { kind: "Status", apiVersion: "v1", status: "Failure", message: `it is ${reason}`, reason, details, code },
    code,
  );
}

/** The frames of a watch, then an orderly end. */
export function frames(...events: readonly object[]): Turn {
  return (_request, response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    for (const event of events) response.write(`${JSON.stringify(event)}\n`);
    response.end();
  };
}

/** The frames of a watch, then the connection breaks in the middle of a line. */
export function brokenFrames(...events: readonly object[]): Turn {
  return (_request, response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.flushHeaders();
    for (const event of events) response.write(`${JSON.stringify(event)}\n`);
    response.write('{"type":"ADDED","object":{"meta', () => response.destroy());
  };
}

/** The frames of a watch that then stays open. */
export function openFrames(...events: readonly object[]): Turn {
  return (_request, response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.flushHeaders();
    for (const event of events) response.write(`${JSON.stringify(event)}\n`);
  };
}

export function list(resourceVersion: string, ...items: readonly object[]): Turn {
  return json({ kind: "ConfigMapList", apiVersion: "v1", metadata: { resourceVersion }, items });
}

/** Uid and name are one letter, so that rows stay readable. */
export function configMap(name: string, resourceVersion: string, fields: object = {}) {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "default", uid: `uid-${name}`, resourceVersion },
    ...fields,
  };
}

export function event(type: string, object: object): object {
  return { type, object };
}

export function bookmark(resourceVersion: string): object {
  return { type: "BOOKMARK", object: { kind: "ConfigMap", apiVersion: "v1", metadata: { resourceVersion } } };
}

import { FederationError } from "@meshfed/core";
import { parse, stringify } from "yaml";
import { isJsonObject, type JsonObject, objectField } from "../json-object.js";

/** How a client reaches a server and who it is there: the current context of a kubeconfig. */
export interface ClientConfig {
  /** For example `https://127.0.0.1:6443`. */
  readonly server: string;
  /** PEM; absent: the system's roots. */
  readonly certificateAuthority?: string;
  /** Name that the server's certificate must have, when it is not the one in `server`. */
  readonly tlsServerName?: string;
  readonly skipTlsVerify: boolean;
  readonly token?: string;
  /** PEM */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string };
  /** Namespace of the context. */
  readonly namespace?: string;
}

/** The kubeconfig of one user at one server, as kubectl reads it. */
export function renderKubeconfig(config: {
  readonly server: string;
  readonly certificateAuthority: string;
  readonly user: string;
  readonly token: string;
}): string {
  const name = "meshfed";
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [
      {
        name,
        cluster: {
          server: config.server,
          "certificate-authority-data": Buffer.from(config.certificateAuthority).toString("base64"),
        },
      },
    ],
    users: [{ name: config.user, user: { token: config.token } }],
    contexts: [{ name, context: { cluster: name, user: config.user } }],
    preferences: {},
  });
}

/** Reads a file that the kubeconfig names by path. */
export type ReadReferencedFile = (path: string) => string;

/**
 * The current context of a kubeconfig. Credentials that need a program or a cloud are not supported. Paths are read with
 * `readReferenced`.
 *
 * @throws FederationError INVALID_ARGUMENT, with what is missing. The message holds nothing of the file's secrets.
 */
export function parseKubeconfig(text: string, readReferenced: ReadReferencedFile): ClientConfig {
  const config = parseYaml(text);
  const contextName = config["current-context"];
  if (typeof contextName !== "string" || contextName === "") throw invalid("has no current-context");
  const context = named(config, "contexts", "context", contextName);
  const cluster = named(config, "clusters", "cluster", textField(context, "cluster") ?? "");
  const userName = textField(context, "user");
  const user = userName === undefined ? {} : named(config, "users", "user", userName);
  const server = textField(cluster, "server");
  if (server === undefined || !/^https?:\/\//.test(server)) throw invalid("names no server with an http or https URL");
  if (user.exec !== undefined || user["auth-provider"] !== undefined) {
    throw invalid("takes its credentials from a program (exec, auth-provider), which is not supported; use a token");
  }
  return {
    server,
    skipTlsVerify: cluster["insecure-skip-tls-verify"] === true,
    ...optional("certificateAuthority", embedded(cluster, "certificate-authority", readReferenced)),
    ...optional("tlsServerName", textField(cluster, "tls-server-name")),
    ...optional("token", tokenOf(user, readReferenced)),
    ...optional("clientCertificate", clientCertificate(user, readReferenced)),
    ...optional("namespace", textField(context, "namespace")),
  };
}

function invalid(problem: string): FederationError {
  return new FederationError("INVALID_ARGUMENT", `the kubeconfig ${problem}`);
}

function parseYaml(text: string): JsonObject {
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    // The parser quotes the line, which may hold a token.
    throw invalid("is not valid YAML");
  }
  if (!isJsonObject(value)) throw invalid("is empty or not a YAML mapping");
  return value;
}

function named(config: JsonObject, list: string, field: string, name: string): JsonObject {
  const entries = config[list];
  const entry = Array.isArray(entries)
    ? entries.find((candidate) => isJsonObject(candidate) && candidate.name === name)
    : undefined;
  if (!isJsonObject(entry)) throw invalid(`has no "${name}" among its ${list}`);
  return objectField(entry, field);
}

function textField(object: JsonObject, field: string): string | undefined {
  const value = object[field];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** `FIELD-data` in base64 wins over the path in `FIELD`. */
function embedded(object: JsonObject, field: string, readReferenced: ReadReferencedFile): string | undefined {
  const data = textField(object, `${field}-data`);
  if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
  const path = textField(object, field);
  return path === undefined ? undefined : readReferenced(path);
}

function tokenOf(user: JsonObject, readReferenced: ReadReferencedFile): string | undefined {
  const path = textField(user, "tokenFile");
  return path === undefined ? textField(user, "token") : readReferenced(path).trim();
}

function clientCertificate(user: JsonObject, readReferenced: ReadReferencedFile): ClientConfig["clientCertificate"] {
  const certificate = embedded(user, "client-certificate", readReferenced);
  const key = embedded(user, "client-key", readReferenced);
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined || key === undefined) {
    throw invalid("has a client certificate without its key, or a key without its certificate");
  }
  return { certificate, key };
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}

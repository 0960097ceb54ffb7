/**
 * The credential of the server's administrator: a random bearer token. The server keeps only its SHA-256, in
 * `credentials.json`; the token itself is in the administrator's kubeconfig and nowhere else. 256 random bits need no slow
 * hash: there is nothing to guess.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { type Clock, FederationError, formatTimestamp } from "@meshfed/core";
import { isJsonObject } from "../json-object.js";
import { type Authenticator, bearerToken, type User } from "./authenticator.js";
import { ADMINISTRATORS_GROUP } from "./authorizer.js";
import { parseKubeconfig } from "./kubeconfig.js";
import { readOptionalFile, writePrivateFile } from "./private-file.js";

const TOKEN_BYTES = 32;
const ADMINISTRATOR: User = { name: "admin", groups: [ADMINISTRATORS_GROUP, "system:authenticated"] };

interface StoredCredential {
  readonly user: User;
  /** SHA-256 of the token, hexadecimal. */
  readonly tokenSha256: string;
}

export interface AdministratorCredential {
  readonly user: User;
  /** For the kubeconfig. Never logged. */
  readonly token: string;
  readonly authenticate: Authenticator;
}

/**
 * The token that is in use when the kubeconfig still holds it; otherwise a new one, and the old is worth nothing any more.
 *
 * @throws FederationError FAILED_PRECONDITION when `credentials.json` is not readable as such
 */
export async function ensureAdministratorCredential(options: {
  readonly directory: string;
  readonly kubeconfigPath: string;
  readonly clock: Clock;
}): Promise<AdministratorCredential> {
  const path = join(options.directory, "credentials.json");
  const stored = await readCredentials(path);
  const token = await readToken(options.kubeconfigPath);
  if (token !== undefined && stored.some((credential) => matches(credential, token))) {
    return { user: ADMINISTRATOR, token, authenticate: createTokenAuthenticator(stored) };
  }
  const created = randomBytes(TOKEN_BYTES).toString("base64url");
  const credentials = [{ user: ADMINISTRATOR, tokenSha256: sha256(created).toString("hex") }];
  const issuedAt = formatTimestamp(options.clock.now());
  const document = { version: 1, credentials: credentials.map((credential) => ({ ...credential, issuedAt })) };
  await writePrivateFile(path, `${JSON.stringify(document, null, 2)}\n`);
  return { user: ADMINISTRATOR, token: created, authenticate: createTokenAuthenticator(credentials) };
}

/** Takes the same time whichever credential matches, and whether one does. */
export function createTokenAuthenticator(credentials: readonly StoredCredential[]): Authenticator {
  return async ({ authorization }) => {
    const token = bearerToken(authorization);
    if (token === undefined) return undefined;
    let user: User | undefined;
    for (const credential of credentials) if (matches(credential, token)) user = credential.user;
    return user;
  };
}

function matches({ tokenSha256 }: StoredCredential, token: string): boolean {
  const expected = Buffer.from(tokenSha256, "hex");
  const actual = sha256(token);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** What stands in for the token in a kubeconfig that cannot be read is none: a new one is issued. */
async function readToken(path: string): Promise<string | undefined> {
  const text = await readOptionalFile(path);
  if (text === undefined) return undefined;
  try {
    return parseKubeconfig(text, () => "").token;
  } catch (error) {
    if (FederationError.is(error)) return undefined;
    throw error;
  }
}

async function readCredentials(path: string): Promise<readonly StoredCredential[]> {
  const text = await readOptionalFile(path);
  if (text === undefined) return [];
  try {
    return parseCredentials(JSON.parse(text));
  } catch (error) {
    throw new FederationError(
      "FAILED_PRECONDITION",
      `"${path}" is damaged; remove it, and the server issues a new credential into its kubeconfig`,
      { cause: error },
    );
  }
}

function parseCredentials(document: unknown): readonly StoredCredential[] {
  if (!isJsonObject(document) || document.version !== 1 || !Array.isArray(document.credentials)) {
    throw new TypeError("not a version 1 document");
  }
  return document.credentials.map((entry: unknown) => {
    if (!isJsonObject(entry) || typeof entry.tokenSha256 !== "string" || !isUser(entry.user)) {
      throw new TypeError("not a credential");
    }
    return { user: entry.user, tokenSha256: entry.tokenSha256 };
  });
}

function isUser(value: unknown): value is User & { readonly [key: string]: unknown } {
  if (!isJsonObject(value) || typeof value.name !== "string" || !Array.isArray(value.groups)) return false;
  return value.groups.every((group: unknown) => typeof group === "string");
}

import { FederationError } from "@meshfed/core";
import type { Position } from "./sorted-objects.js";
import type { TypeId } from "./type-index.js";

/** Where a list goes on: which list it is, the version that it shows and the last object that was given out. */
export interface ContinueToken {
  readonly version: number;
  readonly type: TypeId;
  /** "" for a list over all namespaces. */
  readonly namespace: string;
  readonly last: Position;
}

export function formatContinueToken(token: ContinueToken): string {
  const { version, type, namespace, last } = token;
  return Buffer.from(JSON.stringify([version, type, namespace, last.namespace, last.name])).toString("base64url");
}

/** @throws FederationError INVALID_ARGUMENT when the text is not a token, or one of another list. */
export function parseContinueToken(text: string, type: TypeId, namespace: string): ContinueToken {
  const parts = decode(text);
  const [version, tokenType, tokenNamespace, lastNamespace, lastName] = parts;
  if (
    typeof version !== "number" ||
    !Number.isSafeInteger(version) ||
    typeof lastNamespace !== "string" ||
    typeof lastName !== "string"
  ) {
    throw invalidToken("it was not given out by this store");
  }
  if (tokenType !== type || tokenNamespace !== namespace) throw invalidToken("it belongs to another list");
  return { version, type, namespace, last: { namespace: lastNamespace, name: lastName } };
}

function decode(text: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    return Array.isArray(parts) ? parts : [];
  } catch {
    // Not a token; the caller says so.
    return [];
  }
}

function invalidToken(why: string): FederationError {
  return new FederationError(
    "INVALID_ARGUMENT",
    `continue token is not valid: ${why}; start the list again without it`,
  );
}

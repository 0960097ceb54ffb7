import { failure, type Result, success } from "../result.js";

/** A SPIFFE ID with its scheme, for example `spiffe://red-mesh.local/ns/red-mesh-system/sa/ingress-green-mesh-service-account`. */
export type SpiffeId = string & { readonly __brand: "SpiffeId" };

/** A trust domain, for example `red-mesh.local`: lower-case letters, digits, `.`, `-`, `_`; at most 255 bytes. */
export type TrustDomain = string & { readonly __brand: "TrustDomain" };

export interface SpiffeIdParts {
  readonly trustDomain: TrustDomain;
  /** With its leading `/`, for example `/ns/red-mesh-system/sa/default`. Never empty for a workload identity. */
  readonly path: string;
}

const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/;
const PATH_SEGMENT = /^[a-zA-Z0-9._-]+$/;
const MAX_BYTES = 2048;

export function isTrustDomain(text: string): text is TrustDomain {
  return TRUST_DOMAIN.test(text);
}

/** `trustDomain` is not checked here: it has passed `isTrustDomain` where it entered. */
export function workloadSpiffeId(trustDomain: string, namespace: string, serviceAccount: string): SpiffeId {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}` as SpiffeId;
}

/**
 * Text -> the ID's parts, or what is wrong with it.
 * @see SPIFFE-ID §2: scheme `spiffe`, no port, user info, query or fragment; path segments not empty, `.` or `..`
 */
export function parseSpiffeId(text: string): Result<SpiffeIdParts & { readonly id: SpiffeId }> {
  const wrong = (message: string) => failure<never>({ path: "", reason: "Invalid", message });
  if (!text.startsWith("spiffe://")) return wrong(`"${text}" does not start with spiffe://`);
  if (text.length > MAX_BYTES) return wrong(`the SPIFFE ID is longer than ${MAX_BYTES} bytes`);
  const rest = text.slice("spiffe://".length);
  const slash = rest.indexOf("/");
  const trustDomain = slash === -1 ? rest : rest.slice(0, slash);
  const path = slash === -1 ? "" : rest.slice(slash);
  if (!isTrustDomain(trustDomain)) return wrong(`"${trustDomain}" is not a trust domain`);
  for (const segment of path === "" ? [] : path.slice(1).split("/")) {
    if (segment === "." || segment === ".." || !PATH_SEGMENT.test(segment)) {
      return wrong(`"${segment}" is not a legal path segment of a SPIFFE ID`);
    }
  }
  return success({ id: text as SpiffeId, trustDomain, path });
}

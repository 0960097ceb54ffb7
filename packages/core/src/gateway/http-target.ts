/** What the first line and the Host of a request say about where it goes. Pure. */
import { headerValues } from "./http-headers.js";
import { type Authority, parseAuthority } from "./outbound-route.js";

export interface RequestHead {
  readonly method: string;
  /** The request target as it came. */
  readonly url: string;
  readonly rawHeaders: readonly string[];
}

export type RequestTarget =
  | {
      readonly ok: true;
      readonly authority: Authority;
      /** What the next hop is sent as Host: the caller's own text. */
      readonly host: string;
      /** The request target for the next hop, in origin form or `*`. */
      readonly path: string;
    }
  | { readonly ok: false; readonly message: string };

const ABSOLUTE_FORM = /^http:\/\/([^/?#]*)([^#]*)$/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * - Origin form and `*`: for the host in `Host`, which must be there exactly once.
 * - Absolute form, as clients of a proxy send it: for the host in the target; `Host` is replaced by it.
 * @see RFC 9112 §3.2
 */
export function readTarget({ method, url, rawHeaders }: RequestHead): RequestTarget {
  const hosts = headerValues(rawHeaders, "host");
  const [host] = hosts;
  if (hosts.length > 1) return invalid("there is more than one Host header");
  if (url.startsWith("/") || (url === "*" && method === "OPTIONS")) {
    return host === undefined ? invalid("the Host header is missing") : withAuthority(host, url);
  }
  const [, target, rest = ""] = ABSOLUTE_FORM.exec(url) ?? [];
  if (target !== undefined) return withAuthority(target, rest.startsWith("/") ? rest : `/${rest}`);
  if (SCHEME.test(url)) return invalid("only http:// is forwarded; use CONNECT for anything else");
  return invalid("the request target is neither a path nor an http:// URI");
}

/** The target of CONNECT: host and port, nothing else. @see RFC 9112 §3.2.3 */
export function readConnectTarget(url: string): RequestTarget {
  const target = withAuthority(url, "");
  return target.ok && target.authority.port === undefined ? invalid("CONNECT needs HOST:PORT") : target;
}

function withAuthority(host: string, path: string): RequestTarget {
  const authority = parseAuthority(host);
  if (authority === undefined) return invalid("the host is not a DNS name with an optional port");
  return { ok: true, authority, host, path };
}

function invalid(message: string): RequestTarget {
  return { ok: false, message };
}

/** What a request is sent on with, and what its framing says. Pure. */
import { endToEndHeaders, headerValues, withHeader, withoutHeader } from "./http-headers.js";

/** How the body of a request is framed. */
export type BodyFraming = "none" | "length" | "chunked" | "unsupported";

const NEEDS_LENGTH: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/**
 * The parser has refused what is ambiguous (both a length and chunks, several lengths, chunks that are not last); what it
 * leaves is a length, chunks, or a coding that cannot be passed on.
 * @see RFC 9112 §6
 */
export function bodyFraming(rawHeaders: readonly string[]): BodyFraming {
  const codings = headerValues(rawHeaders, "transfer-encoding").join(",").trim().toLowerCase();
  if (codings !== "") return codings === "chunked" ? "chunked" : "unsupported";
  return headerValues(rawHeaders, "content-length").some((value) => value.trim() !== "0") ? "length" : "none";
}

/** Header fields for the next hop: end to end, with the Host that was routed by and the framing that the body has. */
export function forwardedHeaders(method: string, host: string, rawHeaders: readonly string[]): string[] {
  const headers = withHeader(endToEndHeaders(rawHeaders), "Host", host);
  const framing = bodyFraming(rawHeaders);
  if (framing === "chunked") return [...headers, "Transfer-Encoding", "chunked"];
  // Trailers only follow chunks; Node refuses to announce them otherwise.
  const withoutTrailer = withoutHeader(headers, "trailer");
  // Without this, Node would announce an empty chunked body.
  if (framing === "none" && NEEDS_LENGTH.has(method)) return withHeader(withoutTrailer, "Content-Length", "0");
  return withoutTrailer;
}

/**
 * The protocol that the request may be switched to; undefined when it is to be forwarded as any other. A server may always
 * ignore Upgrade: done so for `h2c`, which a client offers with every first request, and for requests with a body, which
 * would have to be told apart from the new protocol's bytes.
 * @see RFC 9110 §7.8
 */
export function upgradeProtocol(rawHeaders: readonly string[]): string | undefined {
  const protocol = headerValues(rawHeaders, "upgrade").join(", ");
  const connection = headerValues(rawHeaders, "connection").join(",").toLowerCase().split(",");
  if (protocol === "" || !connection.some((option) => option.trim() === "upgrade")) return undefined;
  if (
    protocol
      .toLowerCase()
      .split(",")
      .some((name) => name.trim() === "h2c")
  )
    return undefined;
  return bodyFraming(rawHeaders) === "none" ? protocol : undefined;
}

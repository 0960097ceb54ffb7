/**
 * Where fields that came over the network are handed to Node, which throws for what it would not send. Its parser accepts
 * more than that (a DEL in a value, a Link that is none, ...), so every such place has to expect it.
 */
import {
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
  request as sendRequest,
  validateHeaderName,
  validateHeaderValue,
} from "node:http";
import { HopError } from "./hop-error.js";
import { endToEndTrailers } from "./http-headers.js";

/** A request whose head is set. @throws HopError `RequestInvalid` when Node refuses to send it */
export function openRequest(options: RequestOptions): ClientRequest {
  try {
    return sendRequest(options);
  } catch (error) {
    const message = "the request's head cannot be sent on";
    throw new HopError("RequestInvalid", { kind: "OutboundListener" }, message, { cause: error });
  }
}

/** Trailer fields that can be passed on are; the message is complete without the others. */
export function passTrailers(from: IncomingMessage, to: ClientRequest | ServerResponse): void {
  const trailers = endToEndTrailers(from.rawTrailers).filter(isSendable);
  // All at once: each call of addTrailers forgets those before it.
  if (trailers.length > 0) to.addTrailers(trailers);
}

/**
 * Early hints are only hints: what is none is dropped, and so are those that the caller does not keep up with, for a service
 * may send them without end.
 */
export function passEarlyHints(link: string, response: ServerResponse): void {
  if (response.writableLength >= response.writableHighWaterMark) return;
  const links = splitLinks(link);
  if (links.length > 0) response.writeEarlyHints({ link: links });
}

/**
 * One link that Node takes, and what separates it from the next. Node's own expression takes time that is exponential in
 * the number of parameters for what it refuses, so nothing but a link may reach it; this one is linear.
 */
const LINK = /\s*(<[^>]*>(?:\s*;\s*[^;="\s,]+(?:="[^;"\s]*"|=[^;"\s,]*)?)*)\s*(?:,|$)/y;

/** The links of a Link field; none when any of it is something else. @see RFC 8288 §3 */
function splitLinks(field: string): string[] {
  const links: string[] = [];
  LINK.lastIndex = 0;
  while (LINK.lastIndex < field.length) {
    const [, link] = LINK.exec(field) ?? [];
    if (link === undefined) return [];
    links.push(link);
  }
  return links;
}

function isSendable([name, value]: readonly [string, string]): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

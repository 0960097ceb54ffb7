/** Header fields on their way through a proxy: as flat lists of names and values, as `rawHeaders` has them. */

/** @see RFC 9110 §7.6.1; the two before the last are addressed to the proxy itself, §11.7; the last is what it alone says */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
  "proxy-authenticate",
  "proxy-authorization",
  "x-meshfed-error",
]);

/** Not for `Connection` to name: without them a message would have another end, or another addressee, than was checked. */
const ALWAYS_END_TO_END: ReadonlySet<string> = new Set(["content-length", "host"]);

/** Fields that say how a message is framed or routed have no place after its body. @see RFC 9110 §6.5.1 */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  "authorization",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "host",
  "trailer",
]);

type RawHeaders = readonly string[];

/** All fields but those meant for this hop alone, which are the known ones and those that `Connection` names. */
export function endToEndHeaders(raw: RawHeaders): string[] {
  const named = new Set(headerValues(raw, "connection").flatMap((value) => value.toLowerCase().split(",").map(trim)));
  return filterHeaders(raw, (name) => !HOP_BY_HOP.has(name) && (!named.has(name) || ALWAYS_END_TO_END.has(name)));
}

/** `[name, value]` of the trailer fields that may be passed on. */
export function endToEndTrailers(raw: RawHeaders): [string, string][] {
  return pairs(filterHeaders(raw, (name) => !NOT_IN_TRAILERS.has(name)));
}

/** The values of a field, in the order in which they came; `name` in lower case. */
export function headerValues(raw: RawHeaders, name: string): string[] {
  return pairs(raw)
    .filter(([field]) => field.toLowerCase() === name)
    .map(([, value]) => value);
}

/** All fields but `name`, which is in lower case. */
export function withoutHeader(raw: RawHeaders, name: string): string[] {
  return filterHeaders(raw, (field) => field !== name);
}

/** The value of `name` replaced, or added in front. */
export function withHeader(raw: RawHeaders, name: string, value: string): string[] {
  return [name, value, ...withoutHeader(raw, name.toLowerCase())];
}

function filterHeaders(raw: RawHeaders, keep: (lowerCaseName: string) => boolean): string[] {
  return pairs(raw)
    .filter(([name]) => keep(name.toLowerCase()))
    .flat();
}

function pairs(raw: RawHeaders): [string, string][] {
  const result: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) result.push([raw[index] ?? "", raw[index + 1] ?? ""]);
  return result;
}

function trim(text: string): string {
  return text.trim();
}

/**
 * Messages -> JSON, byte for byte as Go's encoding/json prints them: fields in declaration order, empty ones left out,
 * no white space, `<`, `>`, `&`, U+2028 and U+2029 escaped.
 * @see reference §4.3
 */
import type { AnnouncedPort, AnnouncedService, WatchEvent } from "./message.js";

const PLAIN = /^[ !#-%'-;=?-[\]-~\x7f]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among what JSON escapes
const ESCAPED = /[\x00-\x1f"\\<>&\u2028\u2029]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  // Go strings hold bytes: what is not UTF-8 is printed as the replacement character.
  if (code >= 0xd800 && code <= 0xdfff) return "\\ufffd";
  return SHORT_ESCAPES.get(character) ?? `\\u${code.toString(16).padStart(4, "0")}`;
}

/** One JSON string, quotes included. */
export function encodeText(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : `"${text.replace(ESCAPED, escapeCharacter)}"`;
}

function textField(name: string, value: string): string | undefined {
  return value === "" ? undefined : `"${name}":${encodeText(value)}`;
}

function listField(name: string, elements: readonly string[]): string | undefined {
  return elements.length === 0 ? undefined : `"${name}":[${elements.join(",")}]`;
}

function object(...fields: readonly (string | undefined)[]): string {
  return `{${fields.filter((field) => field !== undefined).join(",")}}`;
}

function encodePort(port: AnnouncedPort): string {
  return object(
    textField("name", port.name),
    port.port === 0 ? undefined : `"port":${port.port}`,
    textField("protocol", port.protocol),
  );
}

/** One service, as it stands in a list and in an event. */
export function encodeService(service: AnnouncedService): string {
  return object(
    textField("name", service.name),
    textField("namespace", service.namespace),
    textField("hostname", service.hostname),
    listField("servicePorts", service.servicePorts.map(encodePort)),
    listField("serviceAccounts", service.serviceAccounts.map(encodeText)),
  );
}

/** The answer to `/v1/services/` from services that are encoded already, in the order given; no newline at the end. */
export function encodeServiceList(checksum: bigint, encodedServices: readonly string[]): string {
  return object(`"checksum":${checksum}`, listField("services", encodedServices));
}

/** One event of `/v1/watch`, without the CR LF that follows it on the wire. */
export function encodeWatchEvent(action: WatchEvent["action"], encodedService: string, checksum: bigint): string {
  return object(`"action":"${action}"`, `"service":${encodedService}`, `"checksum":${checksum}`);
}

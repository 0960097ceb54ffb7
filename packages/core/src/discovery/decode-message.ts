/**
 * JSON of a peer -> messages. Only shape and size are checked here, so that a service that cannot be believed still counts
 * in the checksum; `checkAnnouncement` decides about each. A service whose fields have wrong types is set aside and
 * named; the others stay.
 *
 * Unknown fields are ignored, absent and null ones are empty (reference §4.3). Checksums never pass through a number:
 * they are read from the text.
 */
import { type FieldViolation, failure, type Result, success } from "../result.js";
import type { DiscoveryLimits } from "./discovery-limits.js";
import type { AnnouncedPort, AnnouncedService, NetworkGatewayEndpoint, WatchEvent } from "./message.js";
import { hasMoreElementsThan, topLevelNumber } from "./top-level-number.js";

/** A service whose JSON has the wrong shape. */
export interface MalformedService {
  /** Its hostname if it has one, otherwise its place: `services[3]`. */
  readonly hostname: string;
  readonly violations: readonly FieldViolation[];
}

export interface ReceivedServiceList {
  readonly checksum: bigint;
  readonly services: readonly AnnouncedService[];
  readonly malformed: readonly MalformedService[];
  /** Only from releases up to 2.3.3. */
  readonly networkGatewayEndpoints: readonly NetworkGatewayEndpoint[];
}

/** A watch event. Without `service` it says nothing but: fetch the list. */
export interface ReceivedWatchEvent {
  readonly action: WatchEvent["action"];
  readonly service?: AnnouncedService;
  readonly malformed?: MalformedService;
  readonly checksum: bigint;
}

const MAX_CHECKSUM = 2n ** 64n - 1n;

/** Of one message; the rest would say nothing new. */
const MAX_VIOLATIONS = 8;

/** Collects what is wrong while reading; a reader goes on with an empty value. */
class ShapeReader {
  readonly violations: FieldViolation[] = [];

  text(path: string, value: unknown): string {
    if (typeof value === "string") return value;
    if (value !== undefined && value !== null) this.#wrong(path, "a string");
    return "";
  }

  integer(path: string, value: unknown): number {
    if (Number.isSafeInteger(value)) return value as number;
    if (value !== undefined && value !== null) this.#wrong(path, "an integer");
    return 0;
  }

  list<Element>(path: string, value: unknown, read: (path: string, element: unknown) => Element): Element[] {
    if (Array.isArray(value)) return value.map((element, index) => read(`${path}[${index}]`, element));
    if (value !== undefined && value !== null) this.#wrong(path, "a list");
    return [];
  }

  record(path: string, value: unknown): Readonly<Record<string, unknown>> {
    if (isRecord(value)) return value;
    this.#wrong(path, "an object");
    return {};
  }

  #wrong(path: string, expected: string): void {
    if (this.violations.length === MAX_VIOLATIONS) return;
    this.violations.push({ path, reason: "TypeInvalid", message: `must be ${expected}` });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readPort(reader: ShapeReader, path: string, value: unknown): AnnouncedPort {
  const port = reader.record(path, value);
  return {
    name: reader.text(`${path}.name`, port.name),
    port: reader.integer(`${path}.port`, port.port),
    protocol: reader.text(`${path}.protocol`, port.protocol),
  };
}

function readService(reader: ShapeReader, path: string, value: unknown): AnnouncedService {
  const service = reader.record(path, value);
  const at = (name: string) => (path === "" ? name : `${path}.${name}`);
  return {
    name: reader.text(at("name"), service.name),
    namespace: reader.text(at("namespace"), service.namespace),
    hostname: reader.text(at("hostname"), service.hostname),
    servicePorts: reader.list(at("servicePorts"), service.servicePorts, (portPath, port) =>
      readPort(reader, portPath, port),
    ),
    serviceAccounts: reader.list(at("serviceAccounts"), service.serviceAccounts, (accountPath, account) =>
      reader.text(accountPath, account),
    ),
  };
}

type ServiceShape = { readonly service: AnnouncedService } | { readonly malformed: MalformedService };

function decodeService(place: string, value: unknown): ServiceShape {
  const reader = new ShapeReader();
  const service = readService(reader, "", value);
  if (reader.violations.length === 0) return { service };
  return { malformed: { hostname: service.hostname === "" ? place : service.hostname, violations: reader.violations } };
}

function wrongMessage(path: string, message: string): Result<never> {
  return failure({ path, reason: "Invalid", message });
}

function parseObject(text: string): Result<Readonly<Record<string, unknown>>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return wrongMessage("", "the message is not JSON");
  }
  return isRecord(value) ? success(value) : wrongMessage("", "the message must be a JSON object");
}

function readChecksum(text: string): Result<bigint> {
  const token = topLevelNumber(text, "checksum");
  if (token === undefined) return wrongMessage("checksum", "is missing");
  const checksum = /^\d{1,20}$/.test(token) ? BigInt(token) : undefined;
  if (checksum === undefined || checksum > MAX_CHECKSUM) {
    return wrongMessage("checksum", `must be an unsigned 64-bit integer, found ${token.slice(0, 32)}`);
  }
  return success(checksum);
}

function readEndpoints(reader: ShapeReader, value: unknown): NetworkGatewayEndpoint[] {
  return reader.list("networkGatewayEndpoints", value, (path, element) => {
    const endpoint = reader.record(path, element);
    return {
      port: reader.integer(`${path}.port`, endpoint.port),
      hostname: reader.text(`${path}.hostname`, endpoint.hostname),
    };
  });
}

/** The body of `/v1/services/`. Fails when it is not a list at all or announces more services than allowed. */
export function decodeServiceList(
  text: string,
  limits: Pick<DiscoveryLimits, "maxServices" | "maxListElements">,
): Result<ReceivedServiceList> {
  // Before it is parsed: a few bytes of JSON can stand for a hundred times as many of memory.
  if (hasMoreElementsThan(text, limits.maxListElements)) {
    const message = `the list holds more than ${limits.maxListElements} objects, lists and separators`;
    return failure({ path: "", reason: "TooLong", message });
  }
  const body = parseObject(text);
  if (!body.ok) return body;
  const { services } = body.value;
  if (Array.isArray(services) && services.length > limits.maxServices) {
    const message = `${services.length} services are announced, at most ${limits.maxServices} are accepted`;
    return failure({ path: "services", reason: "TooLong", message });
  }
  const checksum = readChecksum(text);
  if (!checksum.ok) return checksum;
  const reader = new ShapeReader();
  const shapes = reader.list("services", services, decodeService);
  const networkGatewayEndpoints = readEndpoints(reader, body.value.networkGatewayEndpoints);
  if (reader.violations.length > 0) return failure(...reader.violations);
  return success({
    checksum: checksum.value,
    services: shapes.flatMap((shape) => ("service" in shape ? [shape.service] : [])),
    malformed: shapes.flatMap((shape) => ("malformed" in shape ? [shape.malformed] : [])),
    networkGatewayEndpoints,
  });
}

/** One event of `/v1/watch`. An action that is not known is taken as: fetch the list. */
export function decodeWatchEvent(text: string): Result<ReceivedWatchEvent> {
  const body = parseObject(text);
  if (!body.ok) return body;
  const checksum = readChecksum(text);
  if (!checksum.ok) return checksum;
  const { action, service } = body.value;
  const known = action === "add" || action === "update" || action === "delete";
  if (!known || service === undefined || service === null) {
    return success({ action: known ? action : "update", checksum: checksum.value });
  }
  return success({ action, ...decodeService("service", service), checksum: checksum.value });
}

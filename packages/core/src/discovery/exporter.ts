/**
 * What one peer is offered, as a state machine: changes of the export list in, watch events out.
 * @see reference §5.2; faults 10.12, 10.14, 10.18
 */
import { serviceChecksum, toListChecksum } from "./checksum.js";
import { encodeService, encodeServiceList, encodeWatchEvent } from "./encode-message.js";
import type { ServiceListMessage, ServiceMessage, WatchEvent } from "./message.js";
import { equalServices, withoutDuplicates } from "./service-message.js";

/** A change of what is exported. A hostname that is both removed and upserted is upserted. */
export interface ExportChange {
  readonly upserted: readonly ServiceMessage[];
  /** Hostnames. */
  readonly removed: readonly string[];
}

/** One event and its JSON, without the CR LF that follows it on the wire. */
export interface ExportEvent {
  readonly event: Required<WatchEvent>;
  readonly json: string;
}

interface Export {
  readonly message: ServiceMessage;
  readonly checksum: bigint;
  readonly json: string;
}

/**
 * Costs per change what changed: each service is encoded and hashed once, the list's checksum is carried along. The list
 * itself is put together when it is asked for.
 */
export class Exporter {
  readonly #exports: Map<string, Export> = new Map();
  readonly #instance: string;
  #version = 0;
  #combined = 0n;
  #checksum: bigint = toListChecksum(0n);
  /** Hostnames ascending, as of the last list. */
  #order: readonly string[] = [];
  /** Hostnames that were added since. */
  readonly #added: Set<string> = new Set();

  /** `instance` is letters, digits and dashes, and never was another exporter's: it makes entity tags unique. */
  constructor(instance: string) {
    this.#instance = instance;
  }

  get checksum(): bigint {
    return this.#checksum;
  }

  /**
   * The list's ETag: another one after every event. Not the checksum, which different lists can have in common.
   * @see RFC 9110 §8.8.3, fault 10.47
   */
  get entityTag(): string {
    return `"${this.#instance}.${this.#version}"`;
  }

  /**
   * Removals first, then additions and updates, each group by hostname, so a rename is a deletion and an addition; each
   * event with the checksum of the list after it. No event for a service that has not changed. A deletion carries the
   * message as it was last sent.
   */
  apply(change: ExportChange): readonly ExportEvent[] {
    const upserted = new Map(change.upserted.map((message) => [message.hostname, message]));
    const removed = new Set(change.removed.filter((hostname) => !upserted.has(hostname)));
    return [
      ...[...removed].sort().flatMap((hostname) => this.#remove(hostname)),
      ...[...upserted.values()].sort(byHostname).flatMap((message) => this.#upsert(withoutDuplicates(message))),
    ];
  }

  /** Everything that is exported now, ascending by hostname. */
  list(): ServiceListMessage {
    return { checksum: this.#checksum, services: this.#inOrder().map(({ message }) => message) };
  }

  /** The JSON of `list()`. Put together anew each time: keep it for as long as `entityTag` is the same. */
  encodeList(): string {
    const encoded = this.#inOrder().map(({ json }) => json);
    return encodeServiceList(this.#checksum, encoded);
  }

  /** Sorting a sorted list with a few more at its end is cheap. */
  #inOrder(): readonly Export[] {
    if (this.#added.size > 0 || this.#order.length !== this.#exports.size) {
      const known = this.#order.filter((hostname) => this.#exports.has(hostname) && !this.#added.has(hostname));
      this.#order = [...known, ...this.#added].sort();
      this.#added.clear();
    }
    return this.#order.map((hostname) => this.#exports.get(hostname) as Export);
  }

  #remove(hostname: string): ExportEvent[] {
    const current = this.#exports.get(hostname);
    if (current === undefined) return [];
    this.#exports.delete(hostname);
    this.#added.delete(hostname);
    return [this.#changed("delete", current, current.checksum)];
  }

  #upsert(message: ServiceMessage): ExportEvent[] {
    const current = this.#exports.get(message.hostname);
    if (current !== undefined && equalServices(current.message, message)) return [];
    const next: Export = { message, checksum: serviceChecksum(message), json: encodeService(message) };
    this.#exports.set(message.hostname, next);
    if (current === undefined) this.#added.add(message.hostname);
    return [this.#changed(current === undefined ? "add" : "update", next, next.checksum ^ (current?.checksum ?? 0n))];
  }

  #changed(action: WatchEvent["action"], { message, json }: Export, difference: bigint): ExportEvent {
    this.#version++;
    this.#combined ^= difference;
    this.#checksum = toListChecksum(this.#combined);
    return {
      event: { action, service: message, checksum: this.#checksum },
      json: encodeWatchEvent(action, json, this.#checksum),
    };
  }
}

function byHostname(a: ServiceMessage, b: ServiceMessage): number {
  if (a.hostname === b.hostname) return 0;
  return a.hostname < b.hostname ? -1 : 1;
}

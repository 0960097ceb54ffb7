/**
 * What is known of one peer's list: every announcement by hostname, believed or not, with the checksum of the whole.
 * @see reference §4.5, §4.6
 */
import type { FieldViolation, Result } from "../result.js";
import { combineEndpointChecksums, serviceChecksum, toLegacyListChecksum, toListChecksum } from "./checksum.js";
import type { MalformedService, ReceivedServiceList, ReceivedWatchEvent } from "./decode-message.js";
import type { AnnouncedService, ServiceMessage } from "./message.js";
import { equalServices } from "./service-message.js";

export type CheckService = (service: AnnouncedService) => Result<ServiceMessage>;

/** What became of a peer's services. A hostname is in one of the three. */
export interface ServiceChanges {
  readonly upserted: readonly ServiceMessage[];
  /** Hostnames that are neither announced nor rejected any more. */
  readonly removed: readonly string[];
  /** Announcements that are not believed from now on, by hostname. */
  readonly rejected: ReadonlyMap<string, readonly FieldViolation[]>;
}

/**
 * How the peer counts its checksums, found out from its list: as of today, as up to release 2.3.3, or in a way in which
 * we cannot follow it.
 */
type ChecksumForm = "current" | "legacy" | "unknown";

interface Entry {
  /** Absent when the announcement was malformed. */
  readonly announced?: AnnouncedService;
  /** 0 for a malformed announcement. */
  readonly checksum: bigint;
  /** Exactly one of `believed` and `violations`. */
  readonly believed?: ServiceMessage;
  readonly violations?: readonly FieldViolation[];
}

/** Mutable; every change since `takeChanges` was last called is remembered. */
export class ServiceView {
  /** Believed services by hostname. */
  readonly services: Map<string, ServiceMessage> = new Map();
  readonly rejected: Map<string, readonly FieldViolation[]> = new Map();
  readonly #maxServices: number;
  #check: CheckService;
  #entries: Map<string, Entry> = new Map();
  /** The entries that have changed, as they were. */
  readonly #before: Map<string, Entry | undefined> = new Map();
  #combined = 0n;
  #combinedEndpoints = 0n;
  #form: ChecksumForm = "current";

  constructor(check: CheckService, maxServices: number) {
    this.#check = check;
    this.#maxServices = maxServices;
  }

  /** The checksum as the peer would count it. */
  get checksum(): bigint {
    return this.#listChecksum(this.#combined);
  }

  /** False: the peer's checksums cannot be recomputed, so they say nothing about this view. */
  get isComparable(): boolean {
    return this.#form !== "unknown";
  }

  /** Becomes what the list says. Entries that are equal are kept. */
  replace(list: ReceivedServiceList): void {
    const entries = new Map<string, Entry>();
    for (const service of list.services) {
      const entry = this.#entryOf(service);
      const other = entries.get(service.hostname);
      if (other === undefined || this.#isPreferred(service.hostname, entry, other))
        entries.set(service.hostname, entry);
    }
    for (const malformed of list.malformed) {
      if (!entries.has(malformed.hostname)) entries.set(malformed.hostname, malformedEntry(malformed));
    }
    for (const hostname of this.#entries.keys()) {
      if (!entries.has(hostname)) this.#set(hostname, undefined);
    }
    for (const [hostname, entry] of entries) this.#set(hostname, entry);
    this.#combinedEndpoints = combineEndpointChecksums(list.networkGatewayEndpoints);
    this.#form = this.#formOf(list.checksum);
  }

  /** Applies one event; an event without a service changes nothing. */
  apply(event: ReceivedWatchEvent): void {
    const hostname = eventHostname(event);
    if (hostname === undefined) return;
    // A peer that announces too much is noticed: the checksums differ, and its list is refused.
    if (event.action !== "delete" && !this.#entries.has(hostname) && this.#entries.size >= this.#maxServices) return;
    this.#set(hostname, this.#entryAfter(event));
  }

  /** True if this view would have the last event's checksum after the events. Changes nothing. */
  matchesAfter(events: readonly ReceivedWatchEvent[]): boolean {
    const last = events.at(-1);
    const checksums = new Map<string, bigint>();
    let combined = this.#combined;
    for (const event of events) {
      const hostname = eventHostname(event);
      if (hostname === undefined) continue;
      const before = checksums.get(hostname) ?? this.#entries.get(hostname)?.checksum ?? 0n;
      const after = event.action === "delete" || event.service === undefined ? 0n : serviceChecksum(event.service);
      combined ^= before ^ after;
      checksums.set(hostname, after);
    }
    return last !== undefined && this.#listChecksum(combined) === last.checksum;
  }

  /** Judges everything again, by another policy. */
  recheck(check: CheckService): void {
    this.#check = check;
    for (const [hostname, { announced, checksum }] of [...this.#entries]) {
      if (announced !== undefined) this.#set(hostname, { announced, checksum, ...this.#judge(announced) });
    }
  }

  /** What has changed since the last call, or undefined. */
  takeChanges(): ServiceChanges | undefined {
    const upserted: ServiceMessage[] = [];
    const removed: string[] = [];
    const rejected = new Map<string, readonly FieldViolation[]>();
    for (const [hostname, before] of this.#before) {
      const after = this.#entries.get(hostname);
      if (after === undefined) {
        if (before !== undefined) removed.push(hostname);
      } else if (after.believed === undefined) {
        if (!isSameRejection(before, after)) rejected.set(hostname, after.violations ?? []);
      } else if (before?.believed === undefined || !equalServices(before.believed, after.believed)) {
        upserted.push(after.believed);
      }
    }
    this.#before.clear();
    return upserted.length + removed.length + rejected.size === 0 ? undefined : { upserted, removed, rejected };
  }

  #set(hostname: string, entry: Entry | undefined): void {
    const before = this.#entries.get(hostname);
    if (before === entry) return;
    if (!this.#before.has(hostname)) this.#before.set(hostname, before);
    this.#combined ^= (before?.checksum ?? 0n) ^ (entry?.checksum ?? 0n);
    if (entry === undefined) this.#entries.delete(hostname);
    else this.#entries.set(hostname, entry);
    setOrDelete(this.services, hostname, entry?.believed);
    setOrDelete(this.rejected, hostname, entry?.violations);
  }

  #entryAfter(event: ReceivedWatchEvent): Entry | undefined {
    if (event.action === "delete") return undefined;
    if (event.malformed !== undefined) return malformedEntry(event.malformed);
    return event.service === undefined ? undefined : this.#entryOf(event.service);
  }

  #entryOf(announced: AnnouncedService): Entry {
    const current = this.#entries.get(announced.hostname);
    if (current?.announced !== undefined && equalServices(current.announced, announced)) return current;
    return { announced, checksum: serviceChecksum(announced), ...this.#judge(announced) };
  }

  #judge(announced: AnnouncedService): Pick<Entry, "believed" | "violations"> {
    const result = this.#check(announced);
    return result.ok ? { believed: result.value } : { violations: result.violations };
  }

  /**
   * Of two announcements of one hostname in one list: the one that can be believed, then the one that stands, so that a
   * list in another order changes nothing; then the first.
   */
  #isPreferred(hostname: string, entry: Entry, other: Entry): boolean {
    if ((entry.believed === undefined) !== (other.believed === undefined)) return entry.believed !== undefined;
    return entry === this.#entries.get(hostname);
  }

  #listChecksum(combined: bigint): bigint {
    return this.#form === "legacy" ? toLegacyListChecksum(combined, this.#combinedEndpoints) : toListChecksum(combined);
  }

  #formOf(checksum: bigint): ChecksumForm {
    if (checksum === toListChecksum(this.#combined)) return "current";
    return checksum === toLegacyListChecksum(this.#combined, this.#combinedEndpoints) ? "legacy" : "unknown";
  }
}

function setOrDelete<Value>(map: Map<string, Value>, key: string, value: Value | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function eventHostname(event: ReceivedWatchEvent): string | undefined {
  return event.service?.hostname ?? event.malformed?.hostname;
}

function malformedEntry({ violations }: MalformedService): Entry {
  return { checksum: 0n, violations };
}

function isSameRejection(before: Entry | undefined, after: Entry): boolean {
  const known = before?.violations;
  return (
    known !== undefined &&
    known.length === after.violations?.length &&
    known.every((violation, index) => violation.message === after.violations?.[index]?.message)
  );
}

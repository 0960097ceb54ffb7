/**
 * The inbound watches of one peer and what status says of them. Several watches from one source are one entry, for the
 * status is a map by source; each watch is counted for itself, so one that ends does not hide another.
 * @see reference §1.1 `remotes[]`, fault 10.29
 */
import { formatTimestamp } from "../timestamp.js";
import type { RemoteStatus } from "./discovery-status.js";

/** How long a source stays in the status after its last watch has ended. */
export const REMOTE_RETENTION_MS: number = 5 * 60_000;

/** Sources that are remembered after their watches have ended; the longest gone is forgotten first. */
const MAX_GONE_SOURCES = 256;
const MAX_SOURCE_LENGTH = 253;
const SOURCE = /^[\x21-\x7e]+$/;

interface Source {
  readonly open: Set<number>;
  lastConnected: number;
  lastEvent: number | undefined;
  lastFullSync: number | undefined;
  lastDisconnect: number | undefined;
}

/**
 * Where a request comes from: the first element of `X-Forwarded-For` if that is a plain word, otherwise the address of
 * the connection.
 */
export function requestSource(forwardedFor: string | undefined, peerAddress: string | undefined): string {
  const first = forwardedFor?.split(",", 1)[0]?.trim() ?? "";
  if (first.length <= MAX_SOURCE_LENGTH && SOURCE.test(first)) return first;
  return peerAddress ?? "unknown";
}

/** Times are epoch milliseconds. */
export class RemoteWatches {
  readonly #sources: Map<string, Source> = new Map();
  readonly #sourceOfWatch: Map<number, string> = new Map();
  #lastWatch = 0;

  /** A watch was accepted; the number returned stands for it from now on. */
  opened(source: string, now: number): number {
    const watch = ++this.#lastWatch;
    const known = this.#sources.get(source);
    this.#sourceOfWatch.set(watch, source);
    if (known !== undefined) {
      known.open.add(watch);
      known.lastConnected = now;
      return watch;
    }
    this.#sources.set(source, {
      open: new Set([watch]),
      lastConnected: now,
      lastEvent: undefined,
      lastFullSync: undefined,
      lastDisconnect: undefined,
    });
    return watch;
  }

  eventSent(watch: number, now: number): void {
    const source = this.#source(watch);
    if (source !== undefined) source.lastEvent = now;
  }

  /** Does nothing for a source that has had no watch. */
  listSent(source: string, now: number): void {
    const known = this.#sources.get(source);
    if (known !== undefined) known.lastFullSync = now;
  }

  closed(watch: number, now: number): void {
    const source = this.#source(watch);
    this.#sourceOfWatch.delete(watch);
    if (source === undefined) return;
    source.open.delete(watch);
    source.lastDisconnect = now;
    this.#forgetExcess();
  }

  /** Ascending by source. Forgets sources that have been gone for `REMOTE_RETENTION_MS`. */
  statuses(now: number): readonly RemoteStatus[] {
    for (const [name, { open, lastDisconnect = now }] of this.#sources) {
      if (open.size === 0 && now - lastDisconnect >= REMOTE_RETENTION_MS) this.#sources.delete(name);
    }
    return [...this.#sources].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, source]) => toStatus(name, source));
  }

  #source(watch: number): Source | undefined {
    return this.#sources.get(this.#sourceOfWatch.get(watch) ?? "");
  }

  #forgetExcess(): void {
    const gone = [...this.#sources].filter(([, { open }]) => open.size === 0);
    if (gone.length <= MAX_GONE_SOURCES) return;
    const [longestGone] = gone.sort(([, a], [, b]) => (a.lastDisconnect ?? 0) - (b.lastDisconnect ?? 0));
    if (longestGone !== undefined) this.#sources.delete(longestGone[0]);
  }
}

function toStatus(name: string, source: Source): RemoteStatus {
  const { lastEvent, lastFullSync, lastDisconnect } = source;
  return {
    source: name,
    connected: source.open.size > 0,
    lastConnected: formatTimestamp(source.lastConnected),
    ...(lastEvent !== undefined && { lastEvent: formatTimestamp(lastEvent) }),
    ...(lastFullSync !== undefined && { lastFullSync: formatTimestamp(lastFullSync) }),
    ...(lastDisconnect !== undefined && { lastDisconnect: formatTimestamp(lastDisconnect) }),
  };
}

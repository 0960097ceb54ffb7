import { formatTimestamp } from "../timestamp.js";
import type { WatchStatus } from "./discovery-status.js";

/** `lastConfirmed` is the time of the last contact that confirmed the peer's list. */
export interface ReportedStatus {
  readonly status: WatchStatus;
  readonly lastConfirmed?: number;
}

/**
 * Keeps the status of the outbound watch. All times are epoch milliseconds.
 * @see reference §1.1
 */
export class WatchStatusRecord {
  lastConfirmed: number | undefined;
  #connected = false;
  #lastConnected: number | undefined;
  #lastEvent: number | undefined;
  #lastFullSync: number | undefined;
  #lastDisconnect: number | undefined;
  #lastDisconnectStatus: string | undefined;
  #reported: ReportedStatus = { status: { connected: false } };

  attemptStarted(now: number): void {
    this.#connected = false;
    this.#lastConnected = now;
  }

  opened(): void {
    this.#connected = true;
  }

  /** `reason` is kept for ever; the time only counts for a watch that had been open. */
  ended(now: number, reason: string): void {
    if (this.#connected) this.#lastDisconnect = now;
    this.#connected = false;
    this.#lastDisconnectStatus = reason;
  }

  eventReceived(now: number): void {
    this.#lastEvent = now;
  }

  listProcessed(now: number): void {
    this.#lastFullSync = now;
    this.lastConfirmed = now;
  }

  toStatus(): WatchStatus {
    return {
      connected: this.#connected,
      ...(this.#lastConnected !== undefined && { lastConnected: formatTimestamp(this.#lastConnected) }),
      ...(this.#lastEvent !== undefined && { lastEvent: formatTimestamp(this.#lastEvent) }),
      ...(this.#lastFullSync !== undefined && { lastFullSync: formatTimestamp(this.#lastFullSync) }),
      ...(this.#lastDisconnect !== undefined && { lastDisconnect: formatTimestamp(this.#lastDisconnect) }),
      ...(this.#lastDisconnectStatus !== undefined && { lastDisconnectStatus: this.#lastDisconnectStatus }),
    };
  }

  /** What to report, if it differs from what was last returned in something that whole seconds can show. */
  takeReport(): ReportedStatus | undefined {
    const status = this.toStatus();
    const { lastConfirmed } = this;
    const isSame =
      equalStatuses(status, this.#reported.status) &&
      wholeSeconds(lastConfirmed) === wholeSeconds(this.#reported.lastConfirmed);
    if (isSame) return undefined;
    this.#reported = { status, ...(lastConfirmed !== undefined && { lastConfirmed }) };
    return this.#reported;
  }
}

function wholeSeconds(epochMs: number | undefined): number | undefined {
  return epochMs === undefined ? undefined : Math.floor(epochMs / 1000);
}

function equalStatuses(a: WatchStatus, b: WatchStatus): boolean {
  return (
    a.connected === b.connected &&
    a.lastConnected === b.lastConnected &&
    a.lastEvent === b.lastEvent &&
    a.lastFullSync === b.lastFullSync &&
    a.lastDisconnect === b.lastDisconnect &&
    a.lastDisconnectStatus === b.lastDisconnectStatus
  );
}

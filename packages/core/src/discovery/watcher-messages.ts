import type { FieldViolation } from "../result.js";
import type { ReceivedServiceList, ReceivedWatchEvent } from "./decode-message.js";
import type { WatchStatus } from "./discovery-status.js";
import type { ServiceMessage } from "./message.js";
import type { CheckService } from "./service-view.js";

export type WatcherTimer = "reconnect" | "resync" | "retryList" | "verify" | "stable";

/** How an attempt at a watch ended. */
export type StreamEnd =
  /** The peer ended the stream. */
  | { readonly kind: "orderly" }
  /** The peer answered something else than 200; the text is `503 Service Unavailable`. */
  | { readonly kind: "status"; readonly status: string }
  | { readonly kind: "error"; readonly message: string };

/**
 * What a watcher is told. `watch` and `fetch` are the numbers that the effects gave out; what carries the number of an
 * earlier one is ignored.
 */
export type WatcherInput =
  | { readonly type: "started" }
  /** The watch was answered with 200. */
  | { readonly type: "watchOpened"; readonly watch: number }
  /** Events in the order of the stream, at least one. */
  | { readonly type: "events"; readonly watch: number; readonly events: readonly ReceivedWatchEvent[] }
  | { readonly type: "streamEnded"; readonly watch: number; readonly end: StreamEnd }
  | {
      readonly type: "listReceived";
      readonly fetch: number;
      readonly list: ReceivedServiceList;
      /** The answer's ETag header. */
      readonly entityTag?: string;
    }
  /** 304 to a request with `ifNoneMatch`. */
  | { readonly type: "listUnchanged"; readonly fetch: number }
  | {
      readonly type: "listFailed";
      readonly fetch: number;
      /** `unreachable`: no list was answered; `invalid`: one was, and cannot be used. */
      readonly kind: "unreachable" | "invalid";
      readonly message: string;
    }
  | { readonly type: "timer"; readonly timer: WatcherTimer }
  /** Another egress, remote or trust domain: everything but what was imported starts over. */
  | { readonly type: "configurationChanged"; readonly check: CheckService }
  | { readonly type: "stopped" };

export type WatcherEffect =
  | { readonly type: "openWatch"; readonly watch: number }
  | { readonly type: "closeWatch"; readonly watch: number }
  /** Takes the place of a fetch that is under way. `ifNoneMatch` is the value of that header. */
  | { readonly type: "fetchList"; readonly fetch: number; readonly ifNoneMatch?: string }
  | { readonly type: "cancelFetch"; readonly fetch: number }
  /** Takes the place of the timer of that name. */
  | { readonly type: "setTimer"; readonly timer: WatcherTimer; readonly delayMs: number }
  | { readonly type: "clearTimer"; readonly timer: WatcherTimer }
  | {
      readonly type: "changes";
      readonly upserted: readonly ServiceMessage[];
      readonly removed: readonly string[];
      readonly rejected: ReadonlyMap<string, readonly FieldViolation[]>;
    }
  /** At most once a second because of events. `lastConfirmed`: epoch milliseconds. */
  | { readonly type: "statusChanged"; readonly status: WatchStatus; readonly lastConfirmed?: number }
  | {
      readonly type: "problem";
      readonly reason: "ListUnreachable" | "ListInvalid" | "WatchSuspected";
      readonly message: string;
    };

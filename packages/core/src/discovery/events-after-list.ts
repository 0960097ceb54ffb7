import type { ReceivedWatchEvent } from "./decode-message.js";
import type { ServiceView } from "./service-view.js";

/** What the stream said while a list was under way. */
export interface StreamSinceRequest {
  /** The checksum that the stream had reached when the list was requested; undefined for a watch that had said nothing. */
  readonly checksumBefore: bigint | undefined;
  /** In the order of the stream. */
  readonly events: readonly ReceivedWatchEvent[];
}

/**
 * Of the events that arrived since a list was requested, those that the list may not have yet. `view` holds the list.
 *
 * The list was made after everything that the stream had brought when it was requested, so it stands at that point, after
 * one of the events, or beyond all of them, where the stream will get to; its checksum tells which. Of several points
 * with its checksum the first is taken: to apply an event that the list has already, and all that follow it, does no
 * harm. At the beginning of a stream its first point is not known: the list stands there if all events applied to it
 * give the last one's checksum. Where checksums cannot be compared all events are applied: they are facts, and the
 * stream will go on.
 * @see reference §4.5, fault 10.45
 */
export function eventsAfterList(
  listChecksum: bigint,
  { checksumBefore, events }: StreamSinceRequest,
  view: ServiceView,
): readonly ReceivedWatchEvent[] {
  if (listChecksum === checksumBefore || !view.isComparable) return events;
  const position = events.findIndex((event) => event.checksum === listChecksum);
  if (position !== -1) return events.slice(position + 1);
  return checksumBefore === undefined && view.matchesAfter(events) ? events : [];
}

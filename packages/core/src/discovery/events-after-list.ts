import type { ReceivedWatchEvent } from "./decode-message.js";
import type { ServiceView } from "./service-view.js";

/**
 * Of the events that arrived since a list was requested, those that the list does not have yet. `view` holds the list.
 *
 * A list with the checksum of one of the events stands right after it. Otherwise, if all events applied to the list lead
 * to the last one's checksum, the list is older than all of them. Otherwise it is newer than what the stream has brought
 * so far, and none is applied; the stream will catch up. Where checksums cannot be compared, all are applied: they are
 * facts, and the stream is in order.
 * @see reference §4.5, fault 10.45
 */
export function eventsAfterList(
  listChecksum: bigint,
  events: readonly ReceivedWatchEvent[],
  view: ServiceView,
): readonly ReceivedWatchEvent[] {
  const position = events.findLastIndex((event) => event.checksum === listChecksum);
  if (position !== -1) return events.slice(position + 1);
  return view.matchesAfter(events) || !view.isComparable ? events : [];
}

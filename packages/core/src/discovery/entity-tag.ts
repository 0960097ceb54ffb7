/**
 * The list's ETag: its checksum, quoted. A client that knows the checksum of what it has can ask for the list only if it
 * differs. The reference sends no ETag and ignores the request header.
 * @see RFC 9110 §8.8.3, fault 10.47
 */
export function entityTagOf(checksum: bigint): string {
  return `"${checksum}"`;
}

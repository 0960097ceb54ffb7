/**
 * The event stream of `/v1/watch`: JSON objects with any white space between them, cut anywhere.
 * @see reference §4.4
 */
import { formatViolations } from "../result.js";
import { decodeWatchEvent, type ReceivedWatchEvent } from "./decode-message.js";
import type { DiscoveryLimits } from "./discovery-limits.js";

export interface DecodedChunk {
  /** Events that ended in this chunk and before anything wrong in it. */
  readonly events: readonly ReceivedWatchEvent[];
  /** What is wrong with the stream. It cannot be read any further. */
  readonly error?: string;
}

/**
 * Decodes a stream chunk by chunk. Holds at most one event of `maxEventLength` characters, looks at each character once,
 * and stays failed after the first error.
 */
export class WatchEventDecoder {
  readonly #maxEventLength: number;
  /** The chunks of an object that has not ended yet. */
  #parts: string[] = [];
  #length = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #error: string | undefined;

  constructor(limits: Pick<DiscoveryLimits, "maxEventLength">) {
    this.#maxEventLength = limits.maxEventLength;
  }

  push(chunk: string): DecodedChunk {
    const events: ReceivedWatchEvent[] = [];
    let position = 0;
    while (position < chunk.length && this.#error === undefined) {
      if (this.#depth === 0) position = this.#skipWhiteSpace(chunk, position);
      if (position < chunk.length && this.#error === undefined) position = this.#readObject(chunk, position, events);
    }
    return this.#error === undefined ? { events } : { events, error: this.#error };
  }

  /** The stream has ended: an error if that was inside an event. */
  end(): string | undefined {
    if (this.#depth > 0) this.#fail("the stream ended inside an event");
    return this.#error;
  }

  #fail(error: string): void {
    this.#error ??= error;
    this.#parts = [];
    this.#depth = 0;
  }

  #skipWhiteSpace(chunk: string, position: number): number {
    let next = position;
    while (next < chunk.length && WHITE_SPACE.has(chunk.charCodeAt(next))) next++;
    if (next < chunk.length && chunk.charCodeAt(next) !== OPEN_OBJECT) {
      this.#fail(`expected an event, found ${JSON.stringify(chunk.slice(next, next + 16))}`);
    }
    return next;
  }

  /** Reads on in the current object, or starts one; returns where reading continues. */
  #readObject(chunk: string, position: number, events: ReceivedWatchEvent[]): number {
    const end = this.#objectEnd(chunk, position);
    this.#length += end - position;
    if (this.#length > this.#maxEventLength) {
      this.#fail(`an event is longer than ${this.#maxEventLength} characters`);
      return end;
    }
    this.#parts.push(chunk.slice(position, end));
    if (this.#depth === 0) {
      const event = decodeWatchEvent(this.#parts.join(""));
      if (event.ok) events.push(event.value);
      else this.#fail(`malformed event: ${formatViolations(event.violations)}`);
      this.#parts = [];
      this.#length = 0;
    }
    return end;
  }

  /** Where the current object ends in `chunk`, or the chunk's length. */
  #objectEnd(chunk: string, position: number): number {
    for (let index = position; index < chunk.length; index++) {
      const character = chunk.charCodeAt(index);
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (character === BACKSLASH) this.#escaped = true;
        else if (character === QUOTE) this.#inString = false;
      } else if (character === QUOTE) this.#inString = true;
      else if (character === OPEN_OBJECT) this.#depth++;
      else if (character === CLOSE_OBJECT && --this.#depth === 0) return index + 1;
    }
    return chunk.length;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const WHITE_SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

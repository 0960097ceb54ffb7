import { ApiError } from "./api-error.js";
import type { FetchBody } from "./fetch.js";

/** Longer than any object that a server keeps. */
const MAX_LINE_LENGTH = 16 * 1024 * 1024;

/**
 * The JSON values of a body with one on each line, as they come. A last line without its end was cut off and is left out.
 *
 * @throws ApiError `InvalidResponse` for a line that is not JSON or is too long
 */
export async function* readJsonLines(body: FetchBody): AsyncGenerator<unknown> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let pending: string[] = [];
  let pendingLength = 0;
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      const [first = "", ...others] = decoder.decode(chunk.value, { stream: true }).split("\n");
      pending.push(first);
      pendingLength += first.length;
      if (pendingLength > MAX_LINE_LENGTH) throw new ApiError("InvalidResponse", "an event is too long");
      for (const text of others) {
        const line = pending.join("");
        pending = [text];
        pendingLength = text.length;
        if (line.trim() !== "") yield parseLine(line);
      }
    }
  } finally {
    // Ends the request when the consumer stops early; after an end or a failure there is nothing left to cancel.
    await reader.cancel().catch(() => undefined);
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new ApiError("InvalidResponse", "an event is not JSON", { cause: error });
  }
}

import { once } from "node:events";
import type { ServerResponse } from "node:http";

/** A watcher that takes nothing for so long is dropped; it resumes from the last version that it saw. */
const DRAIN_TIMEOUT_MS = 30_000;

/**
 * Sends each frame as one line of JSON as soon as there is one. Takes no further frame while the caller is behind, so
 * memory is bounded by one frame and the socket's buffer. Settles when the frames end or the caller has gone.
 */
export async function streamFrames(
  response: ServerResponse,
  frames: AsyncIterable<unknown>,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(200, { "Content-Type": "application/json" });
  response.flushHeaders();
  for await (const frame of frames) {
    if (response.destroyed) break;
    if (response.write(`${JSON.stringify(frame)}\n`)) continue;
    if (!(await drained(response, signal))) break;
  }
  response.end();
}

/** False when the caller has gone, or did not take anything in time. */
async function drained(response: ServerResponse, signal: AbortSignal): Promise<boolean> {
  try {
    await once(response, "drain", { signal: AbortSignal.any([signal, AbortSignal.timeout(DRAIN_TIMEOUT_MS)]) });
    return true;
  } catch {
    response.destroy();
    return false;
  }
}

import type { Readable, Writable } from "node:stream";

export interface PumpOptions {
  readonly onProgress: () => void;
  /** The source has said all; has to end the sink. */
  readonly onEnd: () => void;
}

/**
 * Moves bytes from one stream to another, reading only while the sink takes more. Neither stream is destroyed, whatever
 * happens to the other: what a broken half means is the caller's business.
 */
export function pump(source: Readable, sink: Writable, { onProgress, onEnd }: PumpOptions): { readonly bytes: number } {
  const counter = { bytes: 0 };
  source.on("data", (chunk: Buffer) => {
    counter.bytes += chunk.length;
    onProgress();
    if (!sink.write(chunk)) source.pause();
  });
  sink.on("drain", () => {
    onProgress();
    source.resume();
  });
  if (source.readableEnded) onEnd();
  else source.once("end", onEnd);
  return counter;
}

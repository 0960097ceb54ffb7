import type { Readable, Writable } from "node:stream";

export interface PumpOptions {
  readonly onProgress: () => void;
  /** The source has said all; has to end the sink. */
  readonly onEnd: () => void;
}

export interface Pump {
  /** Read from the source so far. */
  readonly bytes: number;
  /** Lets go of both streams, in whatever state they are. */
  stop(): void;
}

/**
 * Moves bytes from one stream to another, reading only while the sink takes more. Neither stream is destroyed, whatever
 * happens to the other: what a broken half means is the caller's business.
 */
export function pump(source: Readable, sink: Writable, { onProgress, onEnd }: PumpOptions): Pump {
  let bytes = 0;
  const onData = (chunk: Buffer) => {
    bytes += chunk.length;
    onProgress();
    if (!sink.write(chunk)) source.pause();
  };
  const onDrain = () => {
    onProgress();
    source.resume();
  };
  source.on("data", onData);
  sink.on("drain", onDrain);
  if (source.readableEnded) onEnd();
  else source.once("end", onEnd);
  return {
    get bytes() {
      return bytes;
    },
    stop() {
      source.off("data", onData).off("end", onEnd);
      sink.off("drain", onDrain);
    },
  };
}

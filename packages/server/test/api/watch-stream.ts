import type { ApiRig } from "./api-rig.js";

export interface Frame {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests name the fields that they expect
  readonly object: any;
}

/** The frames of a watch, one after the other. */
export interface WatchStream {
  readonly code: number;
  readonly contentType: string | null;
  /** The next frame; undefined when the stream has ended. */
  next(): Promise<Frame | undefined>;
  /** As many as that, fewer when the stream ends before. */
  take(count: number): Promise<readonly Frame[]>;
  cancel(): void;
}

export async function openWatch(
  rig: ApiRig,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<WatchStream> {
  const controller = new AbortController();
  const response = await rig.open(path, { headers, signal: controller.signal });
  const frames = readFrames(response.body as AsyncIterable<Uint8Array>);
  const next = async () => {
    const result = await frames.next();
    return result.done ? undefined : result.value;
  };
  return {
    code: response.status,
    contentType: response.headers.get("content-type"),
    next,
    async take(count) {
      const taken: Frame[] = [];
      for (let frame = await next(); frame !== undefined; frame = await next()) {
        taken.push(frame);
        if (taken.length === count) break;
      }
      return taken;
    },
    cancel: () => controller.abort(),
  };
}

async function* readFrames(body: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, void> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const chunk of body) {
    const lines = (pending + decoder.decode(chunk, { stream: true })).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line);
  }
}

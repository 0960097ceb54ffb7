import type { Readable } from "node:stream";
import { failureStatus, StatusError } from "./api-status.js";

/** As the Kubernetes API server: the largest object that etcd takes, with room. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** Deeper than any sensible manifest, and far from the depth at which recursion over the value could fail. */
const MAX_DEPTH = 128;

export interface BodyLimits {
  readonly maxBytes: number;
  /** From the call to the last byte. */
  readonly timeoutMs: number;
}

/**
 * Reads a whole body in bounded memory and bounded time.
 *
 * @throws StatusError 413 for a body above the limit, 408 for one that does not arrive in time, 400 for one cut off
 */
export async function readBody(request: Readable, declaredBytes: number, limits: BodyLimits): Promise<Buffer> {
  if (declaredBytes > limits.maxBytes) throw tooLarge(limits.maxBytes);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      finish();
    };
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limits.maxBytes) settle(() => reject(tooLarge(limits.maxBytes)));
      else chunks.push(chunk);
    };
    const onEnd = () => settle(() => resolve(Buffer.concat(chunks)));
    const onClose = () =>
      settle(() =>
        reject(new StatusError(failureStatus("BadRequest", "the body was cut off"), { closeConnection: true })),
      );
    const timer = setTimeout(() => settle(() => reject(tooSlow(limits.timeoutMs))), limits.timeoutMs);
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}

function tooLarge(maxBytes: number): StatusError {
  return new StatusError(failureStatus("RequestEntityTooLarge", `the body exceeds the limit of ${maxBytes} bytes`));
}

function tooSlow(timeoutMs: number): StatusError {
  const status = { ...failureStatus("Timeout", `the body did not arrive within ${timeoutMs} ms`), code: 408 };
  return new StatusError(status, { closeConnection: true });
}

/**
 * The JSON value in a body.
 *
 * @throws StatusError 400 when it is not UTF-8, not JSON, nested too deeply, or has a key that no object may have. The
 * message never quotes the body: it may hold a private key.
 */
export function parseJsonBody(body: Buffer): unknown {
  const value = decodeJson(body);
  checkStructure(value);
  return value;
}

function decodeJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    const position = error instanceof SyntaxError ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
    const where = position === undefined ? "" : ` (at character ${position})`;
    throw new StatusError(failureStatus("BadRequest", `the body is not valid JSON in UTF-8${where}`));
  }
}

/** Walks without recursion: the depth is what is being tested. */
function checkStructure(root: unknown): void {
  const pending: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 0 }];
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    const { value, depth } = item;
    if (typeof value !== "object" || value === null) continue;
    if (depth > MAX_DEPTH) {
      throw new StatusError(failureStatus("BadRequest", `the body is nested deeper than ${MAX_DEPTH} levels`));
    }
    if (Object.hasOwn(value, "__proto__")) {
      throw new StatusError(failureStatus("BadRequest", 'the body has a field "__proto__", which no object may have'));
    }
    for (const child of Object.values(value)) pending.push({ value: child, depth: depth + 1 });
  }
}

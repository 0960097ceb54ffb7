import { ApiError, errorFromStatus } from "./api-error.js";
import type { Fetch, FetchBody, FetchInit, FetchResponse } from "./fetch.js";
import type { Runtime } from "./runtime.js";

export interface TransportOptions {
  /** For example `https://127.0.0.1:6443`; a path in it is kept. */
  readonly baseUrl: string;
  /** Default: `globalThis.fetch`. */
  readonly fetch?: Fetch;
  /** Bearer token. */
  readonly token?: string;
  /** For each request until its answer is complete; of a watch, until it begins. Default 30,000. */
  readonly timeoutMs?: number;
}

export interface TransportRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Begins with "/". */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Requests and answers as JSON. Both methods throw ApiError, or the reason of an aborted signal. */
export interface Transport {
  /** The JSON of a successful answer. */
  request(request: TransportRequest): Promise<unknown>;
  /** The body of a successful answer, to be read as it comes. It ends with the signal. */
  open(request: TransportRequest): Promise<FetchBody>;
}

const DEFAULT_TIMEOUT_MS = 30_000;

export function createTransport(options: TransportOptions, { clock }: Runtime): Transport {
  const { token, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const baseUrl = options.baseUrl.replace(/\/+$/, "");
  // Called as a plain function: browsers refuse a `fetch` that is called as a method of something else.
  const fetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));

  const init = ({ method, body, accept = "application/json" }: TransportRequest, signal: AbortSignal): FetchInit => ({
    method,
    headers: {
      Accept: accept,
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
    // A redirect would carry the token to somebody else.
    redirect: "error",
  });

  /** Sends the request and lets `read` take what it needs of the answer, all within the time limit. */
  async function exchange<T>(request: TransportRequest, read: (response: FetchResponse) => Promise<T>): Promise<T> {
    request.signal?.throwIfAborted();
    const limit = new AbortController();
    const timer = clock.setTimeout(() => limit.abort(), timeoutMs);
    const signal = request.signal === undefined ? limit.signal : AbortSignal.any([request.signal, limit.signal]);
    try {
      return await read(await fetch(`${baseUrl}${request.path}${queryText(request.query)}`, init(request, signal)));
    } catch (error) {
      if (ApiError.is(error)) throw error;
      request.signal?.throwIfAborted();
      if (limit.signal.aborted) {
        throw new ApiError("TimedOut", `no answer from ${baseUrl} within ${timeoutMs} ms`, { cause: error });
      }
      throw new ApiError("Unreachable", `cannot reach ${baseUrl}: ${describeFailure(error)}`, { cause: error });
    } finally {
      clock.clearTimeout(timer);
    }
  }

  return {
    request: (request) =>
      exchange(request, async (response) => {
        const body = parseBody(await response.text());
        if (!response.ok) throw errorFromStatus(response.status, body);
        if (body === undefined) {
          throw new ApiError("InvalidResponse", "the answer is not JSON", { status: response.status });
        }
        return body;
      }),
    open: (request) =>
      exchange(request, async (response) => {
        if (!response.ok) throw errorFromStatus(response.status, parseBody(await response.text()));
        if (response.body === null) {
          throw new ApiError("InvalidResponse", "the answer has no body", { status: response.status });
        }
        return response.body;
      }),
  };
}

function queryText(query: TransportRequest["query"] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value);
  return parameters.size === 0 ? "" : `?${parameters.toString()}`;
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // What answered is not this API; the caller says so.
  }
}

/** The innermost reason: fetch itself only says "fetch failed". */
export function describeFailure(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  if (!(innermost instanceof Error)) return String(innermost);
  const code = "code" in innermost && typeof innermost.code === "string" ? innermost.code : undefined;
  return innermost.message || code || innermost.name;
}

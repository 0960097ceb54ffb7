/** From a failure to what an HTTP caller gets: the one place where FAILURES becomes bytes. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { FAILURES, formatHop, type HopError, remedyOf } from "./hop-error.js";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly close: boolean;
}

/**
 * - To everybody: an RFC 9457 problem whose `detail` says which hop failed and how, with `reason`, `hop` and `remedy`.
 * - To a gRPC client: status 200 with `grpc-status` and `grpc-message`, since it reads nothing else.
 * Both have the header `x-meshfed-error`, whose value is the reason: how a caller tells this answer from the service's own.
 */
function failureAnswer(error: HopError, contentType: string | undefined): Answer {
  const { status, grpcStatus, close } = FAILURES[error.reason];
  const remedy = remedyOf(error);
  const headers = { "x-meshfed-error": error.reason };
  if (contentType?.startsWith("application/grpc")) {
    const grpcMessage = encodeURIComponent(`${error.message} (${remedy})`);
    return {
      status: 200,
      headers: {
        ...headers,
        "content-type": contentType,
        "grpc-status": String(grpcStatus),
        "grpc-message": grpcMessage,
      },
      body: "",
      close,
    };
  }
  const problem = {
    type: "about:blank",
    title: STATUS_CODES[status],
    status,
    detail: error.message,
    reason: error.reason,
    hop: formatHop(error.hop),
    remedy,
  };
  return {
    status,
    headers: { ...headers, "content-type": "application/problem+json" },
    body: `${JSON.stringify(problem, undefined, 2)}\n`,
    close,
  };
}

/** Answers a request of which nothing has been answered yet. Returns the status. */
export function answerFailure(error: HopError, request: IncomingMessage, response: ServerResponse): number {
  const { status, headers, body, close } = failureAnswer(error, request.headers["content-type"]);
  response.writeHead(status, {
    ...headers,
    "content-length": String(Buffer.byteLength(body)),
    ...(close || mayOmitBody(request) ? { connection: "close" } : {}),
  });
  response.end(body);
  return status;
}

/**
 * True while it is open whether the announced body will come: a client that was not told to continue may send its next
 * request instead, so this connection can only be ended. @see RFC 9110 §10.1.1
 */
export function mayOmitBody(request: IncomingMessage): boolean {
  return request.headers.expect !== undefined && !request.complete;
}

/** The same on a bare connection (CONNECT, upgrade, a request that could not be read), which it ends. Returns the status. */
export function answerFailureOnSocket(error: HopError, socket: Socket): number {
  const { status, headers, body } = failureAnswer(error, undefined);
  const fields = { ...headers, "content-length": String(Buffer.byteLength(body)), connection: "close" };
  socket.write(formatHead(`${status} ${STATUS_CODES[status]}`, Object.entries(fields).flat()) + body);
  endAnswered(socket);
  return status;
}

/** For the caller to read the answer and go; what it still sends is read, since unread bytes would reset the connection. */
const LINGER_MS = 5_000;

/** Ends a connection whose answer has been written. */
export function endAnswered(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.setTimeout(LINGER_MS, () => socket.destroy());
  socket.resume();
  socket.end();
}

/**
 * The head of an HTTP/1.1 response, to be written as `latin1`, as it was read. Names and values come from a parser, so they
 * hold no line breaks.
 */
export function formatHead(status: string, rawHeaders: readonly string[]): string {
  let head = `HTTP/1.1 ${status}\r\n`;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2)
    head += `${rawHeaders[index]}: ${rawHeaders[index + 1]}\r\n`;
  return `${head}\r\n`;
}

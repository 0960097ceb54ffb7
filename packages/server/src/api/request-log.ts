import type { Clock } from "@meshfed/core";
import type { RequestHandler } from "express";
import type { Logger } from "pino";

const MAX_TEXT = 256;

/**
 * One entry per request when it is over: never a body, a header with a credential, or a query. Reads that succeed are
 * `debug`, as are those that find nothing; what changes something or is refused is `info`, our own failures are `error`.
 */
export function createRequestLog(logger: Logger, clock: Clock): RequestHandler {
  return (request, response, next) => {
    const start = clock.now();
    response.once("close", () => {
      const code = response.statusCode;
      const isQuiet = request.method === "GET" && (code < 400 || code === 404);
      const level = code >= 500 ? "error" : isQuiet ? "debug" : "info";
      logger[level](
        {
          method: request.method,
          path: request.path.slice(0, MAX_TEXT),
          code,
          durationMs: clock.now() - start,
          completed: response.writableFinished,
          remoteAddress: request.socket.remoteAddress,
          userAgent: request.headers["user-agent"]?.slice(0, MAX_TEXT),
        },
        "request served",
      );
    });
    next();
  };
}

import { createServer } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../clock.js";

/**
 * Answers whatever is asked on the connection with 403, once, and closes it: the peer's administrator then sees in the
 * status of the ServiceMeshPeer that the certificate was accepted and the identity was not.
 * @see reference §4.1 hop d, §4.8
 */
export function answerForbidden(
  secure: TLSSocket,
  options: { readonly clock: Clock; readonly timeoutMs: number },
): void {
  const timer = options.clock.setTimeout(() => secure.destroy(), options.timeoutMs);
  secure.once("close", () => options.clock.clearTimeout(timer));
  forbidden.emit("connection", secure);
}

const BODY = "this client is not the one that clientID of the ServiceMeshPeer names\n";

/** Never listens; it only reads requests from the connections that it is given. */
const forbidden = createServer({ keepAlive: false }, (request, response) => {
  request.resume();
  response.writeHead(403, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": BODY.length,
    connection: "close",
  });
  response.end(BODY);
});

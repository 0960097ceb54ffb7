/** What the two workloads of the example share: a small HTTP server on a free port of 127.0.0.1. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * Serves `GET /health` and `GET /<name>/<product>`; prints `listening 127.0.0.1:<port>` when it does. Ends on SIGTERM.
 * `answer` gives the body for one product.
 */
export function serveBooks(name: string, answer: (product: number) => object): void {
  const server = createServer((request, response) => {
    const [, root, product] = (request.url ?? "/").split("/");
    if (root === "health") return send(200, { status: `${name} is healthy` });
    if (request.method !== "GET" || root !== name || !/^\d+$/.test(product ?? "")) {
      return send(404, { error: `ask for /${name}/1` });
    }
    return send(200, answer(Number(product)));

    function send(status: number, body: object): void {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(`${JSON.stringify(body)}\n`);
    }
  });
  server.listen(0, "127.0.0.1", () => {
    const { address, port } = server.address() as AddressInfo;
    console.log(`listening ${address}:${port}`);
  });
  process.once("SIGTERM", () => server.close().closeAllConnections());
}

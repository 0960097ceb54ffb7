import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A TCP server on a free loopback port, with the connections that it has open. */
export interface LoopbackServer {
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

export async function listen(onConnection: (socket: Socket) => void): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

export async function connectTo(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  socket.on("error", () => {});
  return socket;
}

/** Everything that a socket receives, as text. */
export class Received {
  text = "";
  isEnded = false;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      this.text += chunk;
    });
    socket.once("close", () => {
      this.isEnded = true;
    });
  }

  /** The header block of the first response. */
  get head(): string {
    return this.text.split("\r\n\r\n", 1)[0] ?? "";
  }

  /** What follows the first header block, taken out of its chunks. */
  get body(): string {
    const rest = this.text.slice(this.head.length + 4);
    if (!/^transfer-encoding: chunked$/im.test(this.head)) return rest;
    let body = "";
    for (let position = 0; position < rest.length; ) {
      const lineEnd = rest.indexOf("\r\n", position);
      const length = Number.parseInt(rest.slice(position, lineEnd), 16);
      if (lineEnd === -1 || length === 0) break;
      body += rest.slice(lineEnd + 2, lineEnd + 2 + length);
      position = lineEnd + 2 + length + 2;
    }
    return body;
  }
}

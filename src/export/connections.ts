/**
 * The bound on connections. When one comes that is one too many, the one that has waited longest for its request is closed: who
 * opens connections and asks nothing keeps nobody out.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export function boundConnections(server: Server, most: number, drop: (socket: Socket) => void): void {
  let open = 0;
  /** Connections whose request has not come yet, the oldest first. */
  const waiting = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open++;
    waiting.add(socket);
    socket.once('close', () => {
      open--;
      waiting.delete(socket);
    });
    if (open <= most) return;
    // Where all others are being answered it is this one.
    const [oldest = socket] = waiting;
    waiting.delete(oldest);
    drop(oldest);
  });
  server.on('request', ({ socket }) => {
    for (const one of waiting) if (isSameClient(one, socket)) waiting.delete(one);
  });
}

/** With TLS the socket of a request is another one than that of its connection. */
const isSameClient = (one: Socket, other: Socket): boolean =>
  one.remotePort === other.remotePort && one.remoteAddress === other.remoteAddress;

/**
 * The bound on connections. When one comes that is one too many, the one whose client has kept the server waiting longest is
 * closed, be it for its request or to read its answer: who asks nothing, or reads slowly, keeps nobody out.
 */

import type { Socket } from 'node:net';

export interface BoundConnections {
  /** A connection has come. */
  opened(socket: Socket): void;
  /** Its request has come. With TLS this socket, and that of `sent`, is another one than that of the connection. */
  asked(socket: Socket): void;
  /** Its answer is made, and is there to be read. */
  sent(socket: Socket): void;
}

export function boundConnections(most: number, drop: (socket: Socket) => void): BoundConnections {
  let open = 0;
  /** Connections whose client is waited for, the longest first, by the address of the client. */
  const waiting = new Map<string, Socket>();
  return {
    opened(socket) {
      const client = clientOf(socket);
      open++;
      waiting.set(client, socket);
      socket.once('close', () => {
        open--;
        waiting.delete(client);
      });
      if (open <= most) return;
      // Where the answers of all others are being made it is this one.
      const [[longest, slow] = [client, socket] as const] = waiting;
      waiting.delete(longest);
      drop(slow);
    },
    asked: (socket) => void waiting.delete(clientOf(socket)),
    sent: (socket) => void waiting.set(clientOf(socket), socket),
  };
}

const clientOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

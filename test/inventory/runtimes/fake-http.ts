/** Servers on unix sockets that answer as engines do, or as no engine should. */

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createPlainServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '../../temporary-folder.ts';

export interface Fake {
  readonly socket: string;
  /** Paths asked for, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

let count = 0;
const folder = temporaryFolder();

export const freshSocket = (): string => join(folder, `${count++}.sock`);

export async function fakeHttp(answer: RequestListener, socket = freshSocket()): Promise<Fake> {
  const asked: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  server.on('connection', (connection) => {
    open.add(connection);
    connection.once('close', () => open.delete(connection));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return { socket, asked, close: () => end(server, open) };
}

/** Accepts, and does with the connection what it is told. */
export async function fakePlain(onConnection: (connection: Socket) => void, socket = freshSocket()): Promise<Fake> {
  const open = new Set<Socket>();
  const server = createPlainServer((connection) => {
    open.add(connection);
    connection.on('error', () => undefined);
    connection.once('close', () => open.delete(connection));
    onConnection(connection);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return { socket, asked: [], close: () => end(server, open) };
}

function end(server: { close(done: () => void): unknown }, open: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const connection of open) connection.destroy();
  });
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

/** The connection of an event stream, for the test to write to and to break. */
export interface Streams {
  readonly open: ServerResponse[];
  /** Resolves when the given number have been opened, those that broke included. */
  opened(total: number): Promise<void>;
  accept(request: IncomingMessage, response: ServerResponse): void;
}

export function streams(): Streams {
  const open: ServerResponse[] = [];
  let total = 0;
  let waiting: { total: number; resolve: () => void }[] = [];
  return {
    open,
    opened: (wanted) =>
      total >= wanted
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push({ total: wanted, resolve });
          }),
    accept(_, response) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      open.push(response);
      response.once('close', () => open.splice(open.indexOf(response), 1));
      total++;
      for (const one of waiting) if (total >= one.total) one.resolve();
      waiting = waiting.filter((one) => total < one.total);
    },
  };
}

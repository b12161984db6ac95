/** The exporter's server for the time of a test, and requests of it. */

import { request } from 'node:http';
import type { Socket } from 'node:net';
import { createInstruments } from '../../src/export/instruments.ts';
import { openServer, type ServerOptions } from '../../src/export/server.ts';

export interface Reply {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

export function get(
  port: number,
  path = '/metrics',
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.once('error', reject).end();
  });
}

export async function serving(
  options: Partial<ServerOptions>,
  use: (port: number, told: readonly string[]) => Promise<void>,
): Promise<void> {
  const told: string[] = [];
  const instruments = createInstruments();
  const server = await openServer({
    address: { host: '127.0.0.1', port: 0 },
    scraper: { scrape: async (format) => [Buffer.from(`figures ${format}\n`)] },
    instruments,
    onError: (text) => told.push(text),
    ...options,
  });
  try {
    await use(server.bound.port, told);
  } finally {
    await server.close();
  }
}

/** However the other side ends it, by a reset too. */
export const ended = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) =>
    socket
      .on('error', () => undefined)
      .once('close', resolve)
      .resume(),
  );

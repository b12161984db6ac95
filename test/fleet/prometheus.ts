/** A store made by hand: what a Prometheus would have of expositions that it scraped, and a server that says so. */

import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { openFleetSource } from '../../src/fleet/source.ts';
import { openStoreReader } from '../../src/fleet/store-reader.ts';
import type { Frame } from '../../src/metrics/source.ts';

export interface Scrape {
  readonly instance: string;
  /** Seconds since the epoch. */
  readonly time: number;
  readonly text: string;
  /** Those that the store puts to each series. */
  readonly labels?: Readonly<Record<string, string>>;
}

interface Matrix {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: [number, string][];
}

const LABEL = /([a-z0-9_]+)="((?:[^"\\]|\\.)*)"/g;

/** The answer to a range selector of every series. */
export function answerOf(scrapes: readonly Scrape[]): string {
  const series = new Map<string, Matrix>();
  for (const { instance, time, text, labels: ofStore } of scrapes) {
    for (const line of text.split('\n')) {
      const [, name, labels = '', value] = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) continue;
      const key = `${instance} ${JSON.stringify(ofStore)} ${name}{${labels}}`;
      const found = series.get(key) ?? {
        metric: {
          __name__: name,
          instance,
          job: 'tscg',
          ...ofStore,
          ...Object.fromEntries(
            [...labels.matchAll(LABEL)].map(([, label = '', raw = '']) => [
              label,
              raw.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character)),
            ]),
          ),
        },
        values: [],
      };
      series.set(key, found);
      found.values.push([time, value]);
    }
  }
  return JSON.stringify({ status: 'success', data: { resultType: 'matrix', result: [...series.values()] } });
}

export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Serves on a free port of loopback as long as `use` takes; HTTPS with a certificate. */
export async function withServer(
  answer: (response: ServerResponse, asked: Asked) => void,
  use: (url: string) => Promise<void>,
  certificate?: { readonly key: string; readonly cert: string },
): Promise<void> {
  const listener: RequestListener = (request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.once('end', () => answer(response, { path: request.url ?? '', headers: request.headers, body }));
  };
  const server = certificate ? createTlsServer(certificate, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  try {
    await use(`${certificate ? 'https' : 'http'}://127.0.0.1:${port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** The newest Frame of a store that has these. */
export async function fleetOf(all: readonly Scrape[]): Promise<Frame> {
  const frames: Frame[] = [];
  await withServer(
    (response) => response.end(answerOf(all)),
    async (url) => void frames.push(await openFleetSource(openStoreReader({ url })).next()),
  );
  const [frame] = frames;
  if (!frame) throw new Error('no Frame');
  return frame;
}

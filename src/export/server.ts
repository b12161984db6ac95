/**
 * The HTTP server of the exporter: /metrics, and /healthz, which tells whether it runs. Clients are not trusted: a request must
 * have come, and its answer must be read, within some seconds; connections are bounded, and one that sends no HTTP is closed. A
 * connection has one request: with those that are kept open for another one, a client could keep others out.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as ServerConfig } from 'node:https';
import type { Socket } from 'node:net';
import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isLoopback } from '../kernel/ip-address.ts';
import { clean } from '../text/clean.ts';
import { errorText } from '../text/error-text.ts';
import { qualityOf } from './accept.ts';
import { isAskedLocally } from './asked-host.ts';
import { type BoundConnections, boundConnections } from './connections.ts';
import { CONTENT_TYPES, formatFor } from './exposition.ts';
import type { Instruments } from './instruments.ts';
import type { Scraper } from './scraper.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface ServerOptions {
  readonly address: Address;
  /** Both in PEM. It is asked for each connection, and gives the same object as long as they are the same. */
  readonly tls?: () => Certificate;
  /** What a request must say after `Authorization: Bearer`; it is asked for each request. Without it anyone may read. */
  readonly token?: () => string;
  /** The name of this machine, where a request that a web page can have made is refused. */
  readonly onlyAs?: string;
  readonly scraper: Scraper;
  readonly instruments: Instruments;
  /** Is told why passes fail, once for each reason. */
  readonly onError: (text: string) => void;
  readonly limits?: Partial<typeof SERVER_LIMITS>;
}

/** Milliseconds, connections, bytes. */
const SERVER_LIMITS = {
  /** For a TLS handshake, and for the request after it. Who takes longer is closed within as long again. */
  requestMs: 5_000,
  /** From the request to the end of its answer. */
  answerMs: 30_000,
  /** A client that has read nothing of its answer for so long is taken for gone. */
  stallMs: 5_000,
  connections: 64,
  headerBytes: 8192,
};

/** `127.0.0.1:9753`, `[::1]:9753`, `:9753` for every address; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([\w.-]*)):(\d{1,5})$/i.exec(text);
  if (!match) return undefined;
  const port = Number(match[3]);
  return port > 65_535 ? undefined : { host: match[1] ?? (match[2] || '::'), port };
}

export const hostAndPort = ({ host, port }: Address): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Resolves once it listens; throws the error of the kernel where it cannot. `bound`: where it listens. */
export async function openServer(options: ServerOptions): Promise<{ readonly bound: Address; close(): Promise<void> }> {
  const { address, tls, instruments } = options;
  const limits = { ...SERVER_LIMITS, ...options.limits };
  const http = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.requestMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.requestMs,
  };
  const drop = (socket: Duplex): void => {
    if (socket.destroyed) return;
    instruments.dropped();
    socket.destroy();
  };
  const connections = boundConnections(limits.connections, drop);
  const answer = answerer(options, limits, drop, connections);
  const server = tls
    ? tlsServer(tls, { ...http, handshakeTimeout: limits.requestMs }, answer)
    : createServer(http, answer);
  server.on('connection', connections.opened);
  server.on('timeout', drop);
  server.on('clientError', (_, socket) => {
    instruments.dropped();
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const { host, port } = address;
    // Without a host it listens on every address, also where the kernel has no IPv6.
    server.listen({ port, ...(host === '::' ? {} : { host }), exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  return {
    bound: bound !== null && typeof bound === 'object' ? { host: bound.address, port: bound.port } : address,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A server whose new connections have the certificate of then. */
function tlsServer(tls: () => Certificate, options: ServerConfig, answer: Answer): Server {
  const MIN_VERSION = { minVersion: 'TLSv1.2' } as const;
  let certificate = tls();
  const server = createTlsServer({ ...options, ...certificate, ...MIN_VERSION }, answer);
  // Before the handshake begins.
  server.prependListener('connection', () => {
    const now = tls();
    if (now !== certificate) server.setSecureContext({ ...now, ...MIN_VERSION });
    certificate = now;
  });
  return server;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

function answerer(
  { token, onlyAs, scraper, instruments, onError }: ServerOptions,
  limits: typeof SERVER_LIMITS,
  drop: (socket: Duplex) => void,
  connections: BoundConnections,
): Answer {
  const isAllowed = ({ headers }: IncomingMessage): boolean =>
    token === undefined || timingSafeEqual(digest(token()), digest(tokenIn(headers.authorization)));
  const asked = new WeakSet<Socket>();
  let told = '';

  function end(response: ServerResponse, code: number, text: string, headers: Record<string, string> = {}): void {
    instruments.answered(code);
    response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(text);
  }

  async function metrics(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const format = formatFor(request.headers.accept);
    const isPacked = qualityOf('gzip', request.headers['accept-encoding']) > 0 && !isNear(request);
    const parts = await scraper.scrape(format, isPacked);
    told = '';
    if (response.destroyed) return;
    instruments.answered(200);
    response.writeHead(200, {
      'content-type': CONTENT_TYPES[format],
      'content-length': parts.reduce((length, part) => length + part.length, 0),
      ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
    });
    response.setTimeout(limits.stallMs);
    connections.sent(request.socket);
    // That it broke off is no fault of ours.
    await pipeline(Readable.from(slicesOf(parts)), response).catch(() => undefined);
  }

  const route: Answer = (request, response) => {
    if (onlyAs !== undefined && !isAskedLocally(request.headers.host, onlyAs))
      return end(
        response,
        421,
        `this exporter answers only by localhost, an IP address or ${clean(onlyAs)}; start it with --bearer-token-file, --tls-cert or --unprotected to allow other names\n`,
      );
    // A proxy may ask for a whole URL (RFC 9112, absolute-form).
    const path = request.url?.replace(/^https?:\/\/[^/?]*/i, '').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return end(response, 405, 'GET or HEAD\n', { allow: 'GET, HEAD' });
    if (path === '/healthz') return end(response, 200, 'ok\n');
    if (!isAllowed(request)) return end(response, 401, 'a bearer token is needed\n', { 'www-authenticate': 'Bearer' });
    if (path === '/') return end(response, 200, 'tscg export: see /metrics\n');
    if (path !== '/metrics') return end(response, 404, 'there is only /metrics\n');
    metrics(request, response).catch((error: unknown) => {
      const text = errorText(error);
      if (text !== told) onError(text);
      told = text;
      if (!response.headersSent) end(response, 500, 'the cgroups could not be read\n');
    });
  };

  return (request, response) => {
    const { socket } = request;
    connections.asked(socket);
    // No scraper sends another request before it has the answer. Who does could have us hold any number of answers.
    if (asked.has(socket)) return drop(socket);
    asked.add(socket);
    response.setHeader('connection', 'close');
    const late = setTimeout(drop, limits.answerMs, socket);
    response.once('close', () => clearTimeout(late));
    route(request, response);
  };
}

/** RFC 7235: the name of the scheme is so in any letter case. */
const tokenIn = (authorization = ''): string => /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';

/** Over loopback, packing costs more than sending. */
const isNear = ({ socket: { remoteAddress = '' } }: IncomingMessage): boolean =>
  isLoopback(remoteAddress.replace(/^::ffff:/, ''));

const SLICE_BYTES = 128 << 10;

/** So that with TLS no more is encrypted than the client reads. */
function* slicesOf(parts: readonly Buffer[]): Generator<Buffer> {
  for (const part of parts)
    for (let start = 0; start < part.length; start += SLICE_BYTES) yield part.subarray(start, start + SLICE_BYTES);
}

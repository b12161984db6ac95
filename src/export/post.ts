/** A POST whose answer is bounded in time and size: whoever answers is not trusted. */

import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { codeOf } from '../kernel/error-code.ts';
import { bytesText } from '../text/bytes.ts';
import { clean } from '../text/clean.ts';
import { errorText } from '../text/error-text.ts';
import { type ProxyServer, portOf, proxyFor, unbracketed } from './proxy.ts';

/** There was no whole answer; the message says why, without the address. */
export class PostError extends Error {
  override readonly name = 'PostError';
}

export interface PostOptions {
  readonly headers: Readonly<Record<string, string | number>>;
  /** PEM of the authorities that are trusted, and of the certificate and key that we show. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly timeoutMs: number;
  /** Bytes of an answer; one that has more is refused. */
  readonly mostBytes: number;
  readonly signal?: AbortSignal;
}

export interface PostAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** For messages, as `through the proxy …: `: a proxy that is told the whole URL may answer in the place of the target. */
  readonly through: string;
}

/** Directly, or through a proxy where the environment names one. Throws PostError. */
export async function postTo(target: URL, body: string | Buffer, options: PostOptions): Promise<PostAnswer> {
  const { timeoutMs, signal } = options;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeoutMs);
  const signals = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  let through = '';
  try {
    const proxy = proxyFor(target, process.env);
    through = proxy ? `through the proxy ${proxy.name}: ` : '';
    const request = await requestOf(target, { ...options, signal: signals }, proxy);
    const answer = await answerTo(request, body, options.mostBytes);
    if (proxy && answer.status === PROXY_WANTS_LOGIN) throw new PostError(WANTS_LOGIN);
    return { ...answer, through: target.protocol === 'http:' ? through : '' };
  } catch (error) {
    // Of a header that HTTP cannot have.
    if (error instanceof TypeError) throw error;
    const late = stop.signal.aborted ? `no whole answer within ${timeoutMs / 1000} s` : undefined;
    const reason = late ?? (error instanceof PostError ? error.message : reasonOf(error));
    throw new PostError(`${through}${reason}`);
  } finally {
    clearTimeout(timer);
  }
}

const PROXY_WANTS_LOGIN = 407;
const WANTS_LOGIN = '407 (it wants a user and a password: give them in its URL)';

type Sending = PostOptions & { readonly signal: AbortSignal };

async function requestOf(target: URL, options: Sending, proxy: ProxyServer | undefined): Promise<ClientRequest> {
  const { headers, ca, cert, key, signal } = options;
  const sent = { method: 'POST', headers, signal };
  const tls = { ...(ca && { ca }), ...(cert && key && { cert, key }) };
  if (target.protocol !== 'https:') {
    if (!proxy) return httpRequest(target, sent);
    const shown = { host: target.host, ...loginFor(proxy), ...headers };
    return requestTo(proxy.url)(proxy.url, { ...sent, path: target.href, headers: shown });
  }
  if (!proxy) return httpsRequest(target, { ...sent, ...tls });
  const socket = await tunnelTo(target, proxy, signal);
  const host = unbracketed(target.hostname);
  const name = isIP(host) === 0 ? { servername: host } : {};
  return httpsRequest(target, { ...sent, createConnection: () => connect({ ...tls, ...name, host, socket }) });
}

const requestTo = ({ protocol }: URL): typeof httpRequest => (protocol === 'https:' ? httpsRequest : httpRequest);

function loginFor({ url: { username, password } }: ProxyServer): Record<string, string> {
  if (username + password === '') return {};
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return { 'proxy-authorization': `Basic ${login.toString('base64')}` };
}

/** A connection to the target, made by the proxy, which does not see what goes over it. */
async function tunnelTo(target: URL, proxy: ProxyServer, signal: AbortSignal): Promise<Duplex> {
  const path = `${target.hostname}:${portOf(target)}`;
  const request = requestTo(proxy.url)(proxy.url, {
    ...{ method: 'CONNECT', path, signal, agent: false },
    headers: { host: path, ...loginFor(proxy) },
  });
  const [{ statusCode }, socket]: [IncomingMessage, Duplex] = await new Promise((resolve, reject) => {
    request.on('error', reject);
    request.once('connect', (response, tunnel) => resolve([response, tunnel]));
    request.end();
  });
  if (statusCode !== undefined && statusCode >= 200 && statusCode < 300) return socket;
  socket.destroy();
  throw new PostError(statusCode === PROXY_WANTS_LOGIN ? WANTS_LOGIN : `HTTP status ${statusCode} to CONNECT ${path}`);
}

type Answer = Omit<PostAnswer, 'through'>;

function answerTo(request: ClientRequest, body: string | Buffer, mostBytes: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      request.destroy();
      reject(error);
    };
    // A request that was destroyed may emit another error: with `once` nobody would handle it, and the program would end.
    request.on('error', fail);
    request.once('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > mostBytes) fail(new PostError(`its answer has more than ${bytesText(mostBytes)}`));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.once('aborted', () => fail(new PostError('it broke off in its answer')));
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
      );
    });
    request.setHeader('content-length', Buffer.byteLength(body));
    request.end(body);
  });
}

/** What OpenSSL says where the answer is none of TLS; its code differs by the version of Node. */
const NO_TLS = /wrong version number|packet length too long/;

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  switch (code) {
    case 'ECONNREFUSED':
      return 'ECONNREFUSED (no server listens there)';
    case 'ENOTFOUND':
      return 'ENOTFOUND (no such host)';
    case 'EAI_AGAIN':
      return 'EAI_AGAIN (no name server answers: see /etc/resolv.conf, or give an address in place of the name)';
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return `${code} (renew its certificate, or set the clock of this machine: it is ${new Date().toISOString()} here)`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `${code} (give the authority of its certificate with --tls-ca)`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `${code} (its certificate is of another name: give the URL with a name that it has)`;
    default:
      if (NO_TLS.test(errorText(error))) return `${code} (it does not speak TLS: give http:// where that is meant)`;
      return code ?? boundedText(errorText(error));
  }
}

/** Where a redirection leads; undefined where it leads nowhere. Its path and query may hold secrets. */
export function redirection(target: URL, { location }: IncomingHttpHeaders): URL | undefined {
  const to = location !== undefined && URL.canParse(location, target.href) ? new URL(location, target) : undefined;
  return to?.protocol === 'http:' || to?.protocol === 'https:' ? to : undefined;
}

const MOST_TEXT = 256;

/** The beginning of an answer's text, cleaned, for a message. */
export const boundedText = (text: string): string => clean(text.slice(0, MOST_TEXT));

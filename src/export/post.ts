/** A POST whose answer is bounded in time and size: whoever answers is not trusted. */

import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { codeOf } from '../kernel/error-code.ts';
import { bytesText } from '../text/bytes.ts';
import { clean } from '../text/clean.ts';
import { errorText } from '../text/error-text.ts';

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
}

/** Throws PostError. */
export function postTo(target: URL, body: string | Buffer, options: PostOptions): Promise<PostAnswer> {
  const { headers, ca, cert, key, timeoutMs, mostBytes, signal } = options;
  return new Promise((resolve, reject) => {
    const request = (target.protocol === 'https:' ? httpsRequest : httpRequest)(target, {
      method: 'POST',
      headers: { 'content-length': Buffer.byteLength(body), ...headers },
      ...(ca ? { ca } : {}),
      ...(cert && key ? { cert, key } : {}),
      ...(signal ? { signal } : {}),
    });
    const fail = (reason: string): void => {
      clearTimeout(timer);
      request.destroy();
      reject(new PostError(reason));
    };
    const timer = setTimeout(() => fail(`no whole answer within ${timeoutMs / 1000} s`), timeoutMs);
    // A request that was destroyed may emit another error: with `once` nobody would handle it, and the program would end.
    request.on('error', (error) => fail(reasonOf(error)));
    request.once('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > mostBytes) fail(`its answer has more than ${bytesText(mostBytes)}`);
        else chunks.push(chunk);
      });
      response.on('error', (error) => fail(reasonOf(error)));
      response.once('aborted', () => fail('it broke off in its answer'));
      response.once('end', () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) });
      });
    });
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

/**
 * A request of HTTP/1.0, which has neither chunks nor a connection that stays, so that an answer is a head and what
 * follows, to its Content-Length or to the end of the connection:
 *
 *     POST /containers/web/update HTTP/1.0      HTTP/1.0 200 OK
 *     Host: localhost                           Content-Type: application/json
 *     Content-Type: application/json            Content-Length: 18
 *     Content-Length: 18
 *                                               {"Warnings":null}
 *     {"CpuQuota":50000}
 */

export interface Head {
  readonly status: number;
  /** Content-Type. */
  readonly type: string | undefined;
  /** Content-Length; without one the end of the connection is that of the answer. */
  readonly length: number | undefined;
  /** Of the head itself, with the blank line. */
  readonly bytes: number;
}

const MOST_HEAD = 64 * 1024;
const VERSION = 'HTTP/1.';
const BLANK_LINE = '\r\n\r\n';

/** Throws for a path that would not be one word of the request. */
export function requestText(method: string, path: string, body: string | undefined): string {
  if (!/^\/[!-~]*$/.test(path)) throw new Error('the path has characters that a request cannot have');
  const about =
    body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${path} HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n${about}\r\n${body ?? ''}`;
}

/** From the first bytes of an answer; undefined while its head is not all there. Throws for what is not HTTP, or chunked. */
export function parseHead(answer: Buffer): Head | undefined {
  const end = answer.indexOf(BLANK_LINE);
  const start = answer.toString('latin1', 0, VERSION.length);
  if (start !== VERSION.slice(0, start.length)) throw new Error('no answer of HTTP');
  if (end === -1) {
    if (answer.length > MOST_HEAD) throw new Error('the head of the answer is too long');
    return undefined;
  }
  const [first = '', ...lines] = answer.toString('latin1', 0, end).split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined) throw new Error('no answer of HTTP');
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^\s:]+):(.*)$/.exec(line) ?? [];
    const key = name.toLowerCase();
    if (key === '' || (key === 'content-length' && fields.has(key))) throw new Error('no head of HTTP');
    fields.set(key, value.trim());
  }
  if ((fields.get('transfer-encoding') ?? 'identity') !== 'identity')
    throw new Error('an answer in chunks, which HTTP/1.0 does not have');
  const length = fields.get('content-length');
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new Error('no Content-Length');
  return {
    status: Number(status),
    type: fields.get('content-type'),
    length: status === '204' || status === '304' ? 0 : length === undefined ? undefined : Number(length),
    bytes: end + BLANK_LINE.length,
  };
}

/**
 * Sends a Frame every interval to a receiver of OTLP/HTTP. A Frame that was not received is not kept for later: the next one has
 * the same counters, and so a receiver that is away costs a message and no memory.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { at, parseJson } from '../inventory/names/json.ts';
import type { Frame, Source } from '../metrics/source.ts';
import { errorText } from '../text/error-text.ts';
import { exportedRows, type IsWanted, MOST_WORKLOADS } from './exposition.ts';
import { gzipped } from './gzipped.ts';
import { createRequests, type Sender } from './otlp.ts';
import { decodedResponse, decodedStatus } from './otlp-answers.ts';
import { CONTENT_TYPE } from './otlp-messages.ts';
import { boundedText, PostError, postTo, redirection } from './post.ts';
import type { Certificate } from './server.ts';

export interface PusherOptions {
  readonly source: Source;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as `Authorization: Bearer`. It is asked for each request, as are the two that follow. */
  readonly token?: () => string;
  /** The certificate that is shown to the receiver. */
  readonly tls?: () => Certificate;
  /** PEM of the authorities that are believed. */
  readonly ca?: () => string;
  readonly sender: Sender;
  readonly isWanted: IsWanted;
  /** Milliseconds between two Frames; a Frame is tried until the next one is due. */
  readonly interval: number;
  /** Is told why Frames are not received, once for each reason, and when they are received again. */
  readonly onNews: (text: string) => void;
  readonly signal: AbortSignal;
  /**
   * Milliseconds before the first retry. Each retry waits twice as long as the one before, or as long as the receiver asks
   * for.
   */
  readonly firstPause?: number;
}

const ANSWER_MS = 10_000;
const MOST_ANSWER = 64 << 10;
const FIRST_PAUSE_MS = 1000;
/** For so long it is not sent where the receiver wants none; one that says a year is asked again. */
const MOST_PAUSE_MS = 600_000;
/** The statuses after which OTLP lets a request be sent again. */
const RETRYABLE = new Set([429, 502, 503, 504]);
/** The statuses that are about what is in a request: bad data, too large. */
const OF_BODY = new Set([400, 413, 422]);

/** Sends Frames until the signal aborts. */
export async function pushFrames(options: PusherOptions): Promise<void> {
  const { interval, onNews, signal, sender } = options;
  const requestsOf = createRequests(sender);
  let [told, warned]: (string | undefined)[] = [];
  const tell = ({ why, warning }: Tried): void => {
    if (why !== undefined && why !== told) onNews(why);
    if (why === undefined && told !== undefined) onNews('it is received again');
    told = why;
    if (warning !== undefined && warning !== warned) onNews(warning);
    warned = warning ?? warned;
  };
  let due = performance.now();
  while (!signal.aborted) {
    due = Math.max(due + interval, performance.now());
    const tried = await takenAndSent(due, requestsOf, options);
    due = Math.max(due, performance.now() + Math.min(tried.after ?? 0, MOST_PAUSE_MS));
    if (!signal.aborted) tell(tried);
    await sleep(Math.max(0, due - performance.now()), undefined, { signal }).catch(() => undefined);
  }
}

/** What came of a Frame. One request that is refused costs no other. */
async function takenAndSent(
  until: number,
  requestsOf: ReturnType<typeof createRequests>,
  options: PusherOptions,
): Promise<Tried> {
  const { source, isWanted, url } = options;
  let frame: Frame;
  try {
    frame = await source.next();
  } catch (error) {
    return { why: `the cgroups could not be read: ${errorText(error)}` };
  }
  try {
    const rows = exportedRows(frame.workloads, isWanted).slice(0, MOST_WORKLOADS);
    /** Of several requests that something is said of, the first one tells. */
    let came: Tried = {};
    for (const body of requestsOf(frame, rows)) {
      const tried = await sent(body, until, options);
      if (tried.why !== undefined && !tried.isOfBody) return tried;
      came = { ...tried, ...came };
    }
    return came;
  } catch (error) {
    return { why: `${url.host}: it could not be sent: ${errorText(error)}` };
  }
}

/** What came of it, with retries up to that time. */
async function sent(body: Buffer, until: number, options: PusherOptions): Promise<Tried> {
  const { firstPause = FIRST_PAUSE_MS, signal } = options;
  const packed = await gzipped(body);
  for (let pause = firstPause; ; pause *= 2) {
    const tried = await triedOnce(packed, options);
    const { why, isFinal, after = 0 } = tried;
    const wait = Math.max(pause, after);
    if (why === undefined || isFinal || signal.aborted || performance.now() + wait >= until) return tried;
    await sleep(wait, undefined, { signal }).catch(() => undefined);
  }
}

interface Tried {
  /** Why it was not received, or not all of it; absent where it was. */
  readonly why?: string;
  /** What the receiver says of what it received. */
  readonly warning?: string;
  /** Whether the same request would be refused again. */
  readonly isFinal?: boolean;
  /** Whether what is in this request was refused: another one may be received. */
  readonly isOfBody?: boolean;
  /** Milliseconds before which the receiver does not want it again. */
  readonly after?: number;
}

async function triedOnce(body: Buffer, { url, headers, token, tls, ca, signal }: PusherOptions): Promise<Tried> {
  try {
    const {
      status,
      headers: said,
      bytes,
      through,
    } = await postTo(url, body, {
      headers: {
        ...{ 'content-type': CONTENT_TYPE, 'content-encoding': 'gzip' },
        ...headers,
        ...(token && { authorization: `Bearer ${token()}` }),
      },
      ...tls?.(),
      ...(ca && { ca: ca() }),
      ...{ timeoutMs: ANSWER_MS, mostBytes: MOST_ANSWER, signal },
    });
    // Who stands before a receiver may answer in its place, in JSON or in words.
    const isMessage = mediaTypeOf(said['content-type']) === CONTENT_TYPE;
    const text = isMessage ? '' : bytes.toString('utf8');
    // OTLP has 200 alone; some receivers, as that of Grafana Cloud, answer 204 as there is nothing in the answer.
    if (status >= 200 && status < 300) return partlyRefused(isMessage ? await decodedResponse(bytes) : parseJson(text));
    const after = retryAfter(said['retry-after']);
    const message = at(isMessage ? await decodedStatus(bytes) : parseJson(text), 'message');
    const words = boundedText(typeof message === 'string' ? message : text).trim();
    const why = `${url.host}: ${through}HTTP status ${status}${hintOf(status, url, redirection(url, said))}${words ? `: ${words}` : ''}`;
    return { why, isFinal: !RETRYABLE.has(status), isOfBody: OF_BODY.has(status), ...(after >= 0 && { after }) };
  } catch (error) {
    if (!(error instanceof PostError)) throw error;
    return { why: `${url.host}: ${error.message}` };
  }
}

/** Of an answer that took the request: whether it refused some figures, or warns. OTLP says not to send those again. */
function partlyRefused(response: unknown): Tried {
  const partial = at(response, 'partialSuccess');
  const refused = Number(at(partial, 'rejectedDataPoints') ?? 0);
  const message = at(partial, 'errorMessage');
  const words = boundedText(typeof message === 'string' ? message : '').trim();
  if (refused > 0) return { why: `${refused} figures were refused: ${words}`, isFinal: true, isOfBody: true };
  return words === '' ? {} : { warning: `it was received, with a warning: ${words}` };
}

/** `application/x-protobuf` of `Application/X-Protobuf; charset=utf-8`. */
const mediaTypeOf = (header = ''): string => (header.split(';')[0] ?? '').trim().toLowerCase();

/** Milliseconds of `120`, or of a date; NaN where it is neither. */
function retryAfter(header = ''): number {
  return /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Math.max(0, Date.parse(header) - Date.now());
}

/** What OTLP/HTTP appends to the address of a receiver. */
export const METRICS_PATH = '/v1/metrics';

/** A URL as messages have it. The path before the standard end, and what follows a ?, may be a key. */
export const shownUrl = ({ origin, pathname }: URL): string =>
  `${origin}${pathname === METRICS_PATH ? '' : '/…'}${METRICS_PATH}`;

function hintOf(status: number, url: URL, to: URL | undefined): string {
  if (status === 401 || status === 403) return ' (it wants other credentials: --bearer-token-file, --header)';
  if (to) return ` (it leads to ${shownUrl(to)}: give that address where that is the receiver)`;
  return status === 404 ? ` (is that its address? ${shownUrl(url)} is not there)` : '';
}

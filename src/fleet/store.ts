/**
 * The query API of Prometheus, which Thanos, Mimir and VictoriaMetrics have too: `POST URL/api/v1/query`. Its answers are
 * not trusted: they are bounded in time and size, checked, and their text is cleaned.
 *
 *     {"status":"success","data":{"resultType":"matrix","result":[
 *       {"metric":{"__name__":"container_threads","instance":"a:9753"},"values":[[1435781430.781,"5"]]}]}}
 *     {"status":"error","errorType":"bad_data","error":"parse error: …"}
 *
 * Thanos, and VictoriaMetrics as a cluster, answer with what they have where a part of them is away, and say so beside it:
 * `"warnings":["fetch series: …"]`, `"isPartial":true`.
 */

import type { IncomingHttpHeaders } from 'node:http';
import { boundedText, PostError, postTo, redirection } from '../export/post.ts';
import { at, isRecord, listOf, parseJson } from '../inventory/names/json.ts';
import { clean } from '../text/clean.ts';
import { counted } from '../text/counted.ts';

/** The store did not answer, or not what it should. Its message is one line with the address and the reason. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** Seconds since the epoch, and the figure at that time. */
export type Sample = readonly [time: number, value: number];

export interface TimeSeries {
  /** Cleaned and bounded. */
  readonly labels: Readonly<Record<string, string>>;
  /** Oldest first. */
  readonly samples: readonly Sample[];
}

/** What it takes to get in. */
export interface StoreAccess {
  /** As `Bearer …` or `Basic …`. */
  readonly authorization?: string;
  /** PEM of the authorities that are believed. */
  readonly ca?: string;
}

export interface StoreOptions {
  /**
   * With the path that comes before /api, as `http://mimir:8080/prometheus`; user and password in it are for basic
   * authentication.
   */
  readonly url: string;
  /** It is asked for each query. */
  readonly access?: () => StoreAccess;
  /** As `X-Scope-OrgID`, which Mimir wants. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly mostBytes?: number;
}

export interface QueryAnswer {
  readonly series: readonly TimeSeries[];
  /** Why it may lack series: a part of the store did not answer. Undefined where it is whole. */
  readonly partial: string | undefined;
  /** Milliseconds by which the clock of the store is ahead of ours. */
  readonly ahead: number;
}

export interface QueryApi {
  /** For messages: without user and password. */
  readonly address: string;
  /** `time`: seconds since the epoch; now where absent. Throws StoreError. */
  query(expression: string, time?: number): Promise<QueryAnswer>;
}

function baseOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}

/** As messages have it: without user and password. */
export const storeAddress = (url: string): string => clean(baseOf(url));

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 256 << 20;

export function openStore({
  url,
  access = () => ({}),
  headers,
  timeoutMs = TIMEOUT_MS,
  mostBytes = MOST_BYTES,
}: StoreOptions): QueryApi {
  const address = storeAddress(url);
  const target = new URL(`${baseOf(url)}/api/v1/query`);
  const { username, password } = new URL(url);
  const basic =
    username + password === '' ? undefined : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const credentials = basic === undefined ? undefined : `Basic ${Buffer.from(basic).toString('base64')}`;

  async function ask(body: string): Promise<StoreReply> {
    const { authorization = credentials, ca } = access();
    const sent = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      ...(authorization === undefined ? {} : { authorization }),
      ...headers,
    };
    try {
      const options = { headers: sent, ...(ca ? { ca } : {}), timeoutMs, mostBytes };
      const { status, headers: said, bytes, through } = await postTo(target, body, options);
      return { status, to: redirection(target, said), text: bytes.toString('utf8'), ahead: aheadIn(said), through };
    } catch (error) {
      throw error instanceof PostError ? new StoreError(`${address}: ${error.message}`) : error;
    }
  }

  return {
    address,
    async query(expression, time) {
      const form = new URLSearchParams({ query: expression });
      if (time !== undefined) form.set('time', String(time));
      const { status, to, text, ahead, through } = await ask(form.toString());
      const fault = whyNotParsed(text);
      if (fault !== undefined) throw new StoreError(`${address}: ${fault}`);
      const answer = parseJson(text);
      if (status === 401 && NO_TENANT.test(text))
        throw new StoreError(`${address}: 401: it wants to know which tenant (--header "X-Scope-OrgID: NAME")`);
      if (status === 401 || status === 403)
        throw new StoreError(
          `${address}: ${status}: it wants other credentials (--bearer-token-file, --basic-auth-file)`,
        );
      const said = at(answer, 'error');
      if (typeof said === 'string') throw new StoreError(`${address}: ${boundedText(said)}`);
      if (status !== 200) {
        const remedy = status === 404 || UNSUPPORTED.test(text) ? ELSEWHERE : leadsTo(to);
        throw new StoreError(`${address}: ${through}HTTP status ${status}${remedy === '' ? '' : ` (${remedy})`}`);
      }
      const type = at(answer, 'data', 'resultType');
      if (typeof type === 'string' && type !== ASKED_TYPE)
        throw new StoreError(
          `${address}: its answer has another form: ${boundedText(type)} where ${ASKED_TYPE} was asked for (does something between change the query?)`,
        );
      const series = seriesIn(answer);
      if (!series)
        throw new StoreError(
          `${address}: it answers, but not as the query API of Prometheus does (is that its address, without /api?)`,
        );
      return { series, partial: partialIn(answer), ahead };
    },
  };
}

const ELSEWHERE =
  'is that its address? /api/v1/query is not there; Mimir has it below /prometheus, a cluster of VictoriaMetrics below /select/0/prometheus';

/** What a cluster of VictoriaMetrics says, with the status 400. */
const UNSUPPORTED = /unsupported path requested/;

/** What Mimir and Cortex say where a request names no tenant. */
const NO_TENANT = /no org id/i;

interface StoreReply {
  readonly status: number;
  /** Where it redirects to. */
  readonly to: URL | undefined;
  readonly text: string;
  readonly ahead: number;
  /** The proxy that may have answered in its place, for messages; '' for none. */
  readonly through: string;
}

/** HTTP tells whole seconds, and an answer takes a while. */
const LEAST_AHEAD_MS = 5000;

function aheadIn({ date = '' }: IncomingHttpHeaders): number {
  const ms = Date.parse(date) - Date.now();
  return Math.abs(ms) >= LEAST_AHEAD_MS ? ms : 0;
}

/** What the API calls the answer to a query of samples over a span of time. */
const ASKED_TYPE = 'matrix';

/** Where a redirection leads, as an address to give: without user, password and query, which may be secrets. */
const leadsTo = (to: URL | undefined): string =>
  to === undefined
    ? ''
    : `it leads to ${boundedText(baseOf(to.href).replace(/\/api\/v1\/query$/, ''))}: give that address where that is the store`;

/** Undefined where the answer is whole. */
function partialIn(answer: unknown): string | undefined {
  const [first, ...others] = listOf(at(answer, 'warnings')).filter((one) => typeof one === 'string');
  if (first === undefined) return at(answer, 'isPartial') === true ? 'a part of it did not answer' : undefined;
  return `${boundedText(first)}${others.length > 0 ? `, and ${counted(others.length, 'warning')} more` : ''}`;
}

/** No answer of the API has objects and lists that are nested so deep. */
const MOST_DEPTH = 16;
/** A series is two objects, and each of its samples is a list. */
const MOST_OBJECTS = 2e6;
const MOST_LISTS = 8e6;

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Why a text must not be parsed; undefined where it may be. V8 ends the whole program where JSON.parse fills the heap, in
 * whichever thread: so it is counted first what the text would be parsed into.
 */
function whyNotParsed(text: string): string | undefined {
  let [depth, objects, lists, isInString] = [0, 0, 0, false];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) isInString = false;
    } else if (code === QUOTE) isInString = true;
    else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (++depth > MOST_DEPTH) return 'its answer is nested as none of the query API of Prometheus is';
      if (code === OPEN_LIST) lists++;
      else objects++;
      if (lists > MOST_LISTS || objects > MOST_OBJECTS)
        return `its answer has more than ${MOST_LISTS / 1e6} million samples or ${MOST_OBJECTS / 2e6} million series, which are not held at once`;
    }
  }
  return undefined;
}

/**
 * The series of an answer; undefined where it has no result. What is no series is left out, and so is a sample that is NaN: it
 * stands where a series ended, or its machine did not answer. VictoriaMetrics gives it, Prometheus does not.
 */
function seriesIn(answer: unknown): TimeSeries[] | undefined {
  const result = at(answer, 'data', 'result');
  if (!Array.isArray(result)) return undefined;
  // Every series of a workload has the same labels: each text is cleaned once.
  const cleaned = new Map<string, string>();
  const labelOf = (text: string): string => {
    const known = cleaned.get(text) ?? (text.length > MOST_LABEL ? '' : clean(text));
    cleaned.set(text, known);
    return known;
  };
  return result.flatMap((one: unknown): TimeSeries[] => {
    const [metric, values] = [at(one, 'metric'), at(one, 'values')];
    if (!isRecord(metric) || !Array.isArray(values)) return [];
    const labels = Object.fromEntries(
      Object.entries(metric).flatMap(([name, value]) => (typeof value === 'string' ? [[name, labelOf(value)]] : [])),
    );
    const samples = values.flatMap((sample: unknown) => {
      if (!Array.isArray(sample)) return [];
      const [time, value]: unknown[] = sample;
      const isSample = typeof time === 'number' && Math.abs(time) <= MOST_TIME && typeof value === 'string';
      return isSample && value !== 'NaN' ? [[time, numberIn(value)] as const] : [];
    });
    return samples.length > 0 ? [{ labels, samples }] : [];
  });
}

/** Seconds since the epoch that a Date can hold, in any time zone. */
const MOST_TIME = 8e12;

/** Labels of tscg export are shorter. */
const MOST_LABEL = 2048;

/** Of the API: decimal, `+Inf`, `-Inf`, `NaN`. NaN for any other text, and for a number that no double holds. */
function numberIn(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  const number = DECIMAL.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number : Number.NaN;
}

const DECIMAL = /^[+-]?\d+(\.\d*)?(e[+-]?\d+)?$/i;

/**
 * JSON over HTTP over a unix socket, as docker, podman and Incus speak it. Whoever listens may hang, break off, lie or
 * flood: every request ends by a time-out, every answer is bounded, and what comes is `unknown` until a guard has seen it.
 * Not by node:http, whose loading alone is a tenth of a `tscg set`.
 */

import { connect, type Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { rightsRemedy } from '../../kernel/rights.ts';
import { textOf } from '../names/json.ts';
import { ApiError, connectionError, remedyFor } from './api-error.ts';
import { type Head, parseHead, requestText } from './http-message.ts';
import { patience, TIMEOUT_MS } from './patience.ts';

export interface AskOptions {
  /** Until the whole answer is there. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly largestBytes?: number;
}

/** 2000 containers with long labels are 8 MB. */
const LARGEST_ANSWER = 32 * 1024 * 1024;
/** One event. */
const LARGEST_LINE = 1024 * 1024;

/** Throws ApiError. */
export const getJson = (socket: string, path: string, options: AskOptions = {}): Promise<unknown> =>
  ask('GET', socket, path, undefined, options);

/** An empty answer, as a 204 has, is undefined. Throws ApiError. */
export const postJson = (socket: string, path: string, body: unknown, options: AskOptions = {}): Promise<unknown> =>
  ask('POST', socket, path, body === undefined ? undefined : JSON.stringify(body), options);

/** As `postJson`. Throws ApiError. */
export const patchJson = (socket: string, path: string, body: unknown, options: AskOptions = {}): Promise<unknown> =>
  ask('PATCH', socket, path, JSON.stringify(body), options);

function ask(
  method: string,
  socket: string,
  path: string,
  body: string | undefined,
  { timeoutMs = TIMEOUT_MS, signal, largestBytes = LARGEST_ANSWER }: AskOptions,
): Promise<unknown> {
  const asked = `${method} ${path}`;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let head: Head | undefined;
    let bytes = 0;
    const answered = (): void => {
      if (head === undefined) return;
      const value = parseAnswer(socket, asked, head, Buffer.concat(chunks));
      exchange.end(undefined);
      resolve(value);
    };
    const exchange = begin({ method, socket, path, body, signal }, reject, {
      onHead(received) {
        head = received;
        if (received.length === 0) answered();
      },
      onBody(chunk) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > largestBytes) {
          throw new ApiError('malformed', `${socket}: ${asked}: the answer is larger than ${largestBytes} bytes`);
        }
        if (head?.length !== undefined && bytes >= head.length) answered();
      },
      onEnd: answered,
    });
    // The connection keeps the process alive, at most until this time is over.
    const cancel = patience(timeoutMs, () => exchange.end(silent(socket, asked, timeoutMs)), { keepsAlive: false });
    exchange.connection?.once('close', cancel);
  });
}

interface Question {
  readonly method: string;
  readonly socket: string;
  readonly path: string;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An error that one of these throws ends the exchange. */
interface Listener {
  onHead(head: Head): void;
  onBody(chunk: Buffer): void;
  onEnd(): void;
}

interface Exchange {
  /** Undefined where the request could not be sent. */
  readonly connection: Socket | undefined;
  /** Ends the exchange, with an error or, undefined, without one. Only the first call counts. */
  end(error: ApiError | undefined): void;
}

/**
 * Sends a request over a connection of its own, so that none is left open between requests, and none leads to a daemon that has
 * restarted since. `reject` gets what ends the exchange early.
 */
function begin(
  { method, socket, path, body, signal }: Question,
  reject: (error: ApiError) => void,
  { onHead, onBody, onEnd }: Listener,
): Exchange {
  const asked = `${method} ${path}`;
  let connection: Socket | undefined;
  let isDone = false;
  const onAbort = (): void => end(new ApiError('aborted', `${socket}: ${asked}: aborted`));
  function end(error: ApiError | undefined): void {
    if (isDone) return;
    isDone = true;
    signal?.removeEventListener('abort', onAbort);
    connection?.destroy();
    if (error) reject(error);
  }
  const guarded = (work: () => void): void => {
    if (isDone) return;
    try {
      work();
    } catch (error) {
      end(connectionError(socket, asked, error));
    }
  };
  if (signal?.aborted) onAbort();
  guarded(() => {
    const request = requestText(method, path, body);
    connection = connect(socket);
    signal?.addEventListener('abort', onAbort, { once: true });
    let received: Buffer | undefined = Buffer.alloc(0);
    connection.on('data', (chunk: Buffer) =>
      guarded(() => {
        if (received === undefined) return onBody(chunk);
        received = Buffer.concat([received, chunk]);
        let head = parseHead(received);
        // An interim answer, as `100 Continue`, comes before the real one.
        while (head !== undefined && head.status < 200) {
          received = received.subarray(head.bytes);
          head = parseHead(received);
        }
        if (head === undefined) return;
        const rest = received.subarray(head.bytes);
        received = undefined;
        onHead(head);
        if (rest.length > 0) guarded(() => onBody(rest));
      }),
    );
    connection.on('end', () =>
      guarded(() => {
        if (received !== undefined) throw new Error(BROKE_OFF);
        onEnd();
      }),
    );
    // This listener is never removed: a connection may tell of an error after it was destroyed.
    connection.on('error', (error) => end(connectionError(socket, asked, error)));
    connection.write(request);
  });
  return { connection, end };
}

const BROKE_OFF = 'the answer broke off';

function parseAnswer(socket: string, asked: string, { status, length, type }: Head, body: Buffer): unknown {
  if (length !== undefined && body.length < length) throw new Error(BROKE_OFF);
  const text = body.toString('utf8', 0, length);
  if (status < 200 || status > 299) throw refused(socket, asked, status, text);
  if (text.trim() === '' && length !== undefined) return undefined;
  /** podman answers an update with the bare id. */
  if (type?.startsWith('text/plain')) return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    // Only the end of the connection says that this is all: a daemon that died in the middle ends it too.
    if (length === undefined && /^\s*(?:$|[[{])/.test(text)) throw new Error(BROKE_OFF);
    throw new ApiError('malformed', `${socket}: ${asked}: HTTP ${status}, but no JSON`, { status, cause: error });
  }
}

/** All explain themselves: docker and podman `{"message":"No such container: x"}`, Incus `{"error":"Instance not found"}`. */
function refused(socket: string, asked: string, status: number, text: string): ApiError {
  const isDenied = status === 401 || status === 403;
  return new ApiError(isDenied ? 'not permitted' : 'refused', `${socket}: ${asked}: HTTP ${status}${reasonIn(text)}`, {
    status,
    ...(isDenied && { remedy: `the daemon itself refuses: ${rightsRemedy('ask its administrator')}` }),
  });
}

function reasonIn(text: string): string {
  let reason: unknown = text;
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null) {
      reason = 'message' in answer ? answer.message : 'error' in answer ? answer.error : text;
    }
  } catch {
    // Plain text.
  }
  const shown = textOf(reason)?.slice(0, 200);
  return shown === undefined ? '' : `: ${shown}`;
}

const silent = (socket: string, asked: string, timeoutMs: number): ApiError =>
  new ApiError('no answer', `${socket}: ${asked}: no answer in ${timeoutMs} ms`, {
    remedy: remedyFor('no answer', socket),
  });

export interface StreamOptions {
  readonly signal: AbortSignal;
  /** Until the stream is open; then it may be silent for ever. */
  readonly timeoutMs?: number;
  /** The server said yes: what happens from now on will be told. */
  onOpen?(): void;
  /** One line, not empty; a throw ends the stream. */
  onLine(line: string): void;
}

/**
 * Follows lines for as long as they come. Always ends by throwing ApiError: a stream that ends has broken. Keeps no process
 * alive.
 */
export function streamLines(socket: string, path: string, options: StreamOptions): Promise<never> {
  const { signal, timeoutMs = TIMEOUT_MS, onOpen, onLine } = options;
  const asked = `GET ${path}`;
  return new Promise((_, reject) => {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    const exchange = begin({ method: 'GET', socket, path, signal }, reject, {
      onHead({ status, length }) {
        cancel();
        if (status !== 200) throw refused(socket, asked, status, '');
        if (length !== undefined)
          throw new ApiError('malformed', `${socket}: ${asked}: an answer that ends, no stream`);
        onOpen?.();
      },
      onBody(chunk) {
        const lines = (rest + decoder.write(chunk)).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > LARGEST_LINE) throw new ApiError('malformed', `${socket}: ${asked}: a line without end`);
        for (const line of lines) if (line.trim() !== '') onLine(line);
      },
      onEnd() {
        throw new ApiError('no answer', `${socket}: ${asked}: the stream ended`);
      },
    });
    const cancel = patience(timeoutMs, () => exchange.end(silent(socket, asked, timeoutMs)), { keepsAlive: false });
    exchange.connection?.once('close', cancel).unref();
  });
}

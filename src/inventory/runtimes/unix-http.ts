/**
 * JSON over HTTP over a unix socket, as docker, podman and Incus speak it. Whoever listens may hang, break off, lie or
 * flood: every request ends by a time-out, every answer is bounded, and what comes is `unknown` until a guard has seen it.
 */
import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';
import { textOf } from '../names/json.ts';
import { ApiError, connectionError, remedyFor } from './api-error.ts';
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
    const exchange = begin({ method, socket, path, body, signal }, reject);
    if (exchange === undefined) return;
    const { call, end } = exchange;
    /** Its connection keeps the process alive, no longer than this. */
    const calm = patience(timeoutMs, () => end(silent(socket, asked, timeoutMs)), { keepsAlive: false });
    call.once('close', calm);
    call.once('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('error', (error) => end(connectionError(socket, asked, error)));
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > largestBytes) {
          end(new ApiError('malformed', `${socket}: ${asked}: the answer is larger than ${largestBytes} bytes`));
        } else chunks.push(chunk);
      });
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        try {
          const value = parseAnswer(socket, asked, response, text);
          end(undefined);
          resolve(value);
        } catch (error) {
          end(connectionError(socket, asked, error));
        }
      });
    });
  });
}

interface Question {
  readonly method: string;
  readonly socket: string;
  readonly path: string;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Exchange {
  readonly call: ClientRequest;
  /** Once, whatever comes first; undefined: all is well. */
  end(error: ApiError | undefined): void;
}

/** Sends it. Whatever ends it early goes to `reject`; undefined where it could not even be sent. */
function begin(
  { method, socket, path, body, signal }: Question,
  reject: (error: ApiError) => void,
): Exchange | undefined {
  const asked = `${method} ${path}`;
  if (signal?.aborted) {
    reject(aborted(socket, asked));
    return undefined;
  }
  const options: RequestOptions = {
    path,
    method,
    /**
     * A connection for each: none idles, none is reused by a server that restarted. And no agent, which asks itself first
     * whether the host is an IPv6 address: compiling that pattern takes longer than docker's answer.
     */
    createConnection: () => connect(socket),
    headers: {
      host: 'localhost',
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    },
  };
  let call: ClientRequest;
  try {
    call = request(options);
  } catch (error) {
    reject(connectionError(socket, asked, error));
    return undefined;
  }
  let isDone = false;
  const onAbort = (): void => end(aborted(socket, asked));
  function end(error: ApiError | undefined): void {
    if (isDone) return;
    isDone = true;
    signal?.removeEventListener('abort', onAbort);
    call.destroy();
    if (error) reject(error);
  }
  signal?.addEventListener('abort', onAbort, { once: true });
  /** It stays: what is destroyed may tell of it later. */
  call.on('error', (error) => end(connectionError(socket, asked, error)));
  call.end(body);
  return { call, end };
}

function parseAnswer(socket: string, asked: string, response: IncomingMessage, text: string): unknown {
  const { statusCode = 0, complete } = response;
  if (!complete) throw new ApiError('no answer', `${socket}: ${asked}: the answer broke off`);
  if (statusCode < 200 || statusCode > 299) throw refused(socket, asked, statusCode, text);
  if (text.trim() === '') return undefined;
  /** podman answers an update with the bare id. */
  if (response.headers['content-type']?.startsWith('text/plain')) return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError('malformed', `${socket}: ${asked}: HTTP ${statusCode}, but no JSON`, {
      status: statusCode,
      cause: error,
    });
  }
}

/** All explain themselves: docker and podman `{"message":"No such container: x"}`, Incus `{"error":"Instance not found"}`. */
function refused(socket: string, asked: string, status: number, text: string): ApiError {
  const isDenied = status === 401 || status === 403;
  return new ApiError(isDenied ? 'not permitted' : 'refused', `${socket}: ${asked}: HTTP ${status}${reasonIn(text)}`, {
    status,
    ...(isDenied && { remedy: 'the daemon itself refuses: run with sudo, or ask its administrator' }),
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

const aborted = (socket: string, asked: string): ApiError => new ApiError('aborted', `${socket}: ${asked}: aborted`);

export interface StreamOptions {
  readonly signal: AbortSignal;
  /** Until the stream is open; then it may be silent for ever. */
  readonly timeoutMs?: number;
  /** The server said yes: what happens from now on will be told. */
  onOpen?(): void;
  /** One line, not empty; a throw ends the stream. */
  onLine(line: string): void;
}

/** Follows lines for as long as they come. Always ends by throwing ApiError: a stream that ends has broken. Keeps no process alive. */
export function streamLines(socket: string, path: string, options: StreamOptions): Promise<never> {
  const { signal, timeoutMs = TIMEOUT_MS, onOpen, onLine } = options;
  const asked = `GET ${path}`;
  return new Promise((_, reject) => {
    const exchange = begin({ method: 'GET', socket, path, signal }, reject);
    if (exchange === undefined) return;
    const { call, end } = exchange;
    const calm = patience(timeoutMs, () => end(silent(socket, asked, timeoutMs)), { keepsAlive: false });
    call.once('close', calm);
    call.once('socket', (connection) => connection.unref());
    call.once('response', (response) => {
      calm();
      const { statusCode = 0 } = response;
      if (statusCode !== 200) {
        end(refused(socket, asked, statusCode, ''));
        return;
      }
      let rest = '';
      response.setEncoding('utf8');
      response.on('error', (error) => end(connectionError(socket, asked, error)));
      response.on('end', () => end(new ApiError('no answer', `${socket}: ${asked}: the stream ended`)));
      response.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        try {
          if (rest.length > LARGEST_LINE) throw new ApiError('malformed', `${socket}: ${asked}: a line without end`);
          for (const line of lines) if (line.trim() !== '') onLine(line);
        } catch (error) {
          end(connectionError(socket, asked, error));
        }
      });
      onOpen?.();
    });
  });
}

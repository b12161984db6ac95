/**
 * Runs one client: refreshes with a time-out, leaves it alone after a failure, follows its events, and says how it is.
 *
 *     refresh ── ok ──────────────► next in 60 s while followed, else 5 s (1 s while details are missing)
 *        └────── fails or hangs ──► next after 1, 2, 4 … 60 s; what was known stays known
 *     follow ─── open ────────────► refresh of everything: what happened before it was missed
 *        └────── breaks ──────────► again after 1, 2, 4 … 60 s
 */

import { isDeepStrictEqual } from 'node:util';
import { errorText } from '../../text/error-text.ts';
import type { Runtime, WorkloadDetails } from '../workload.ts';
import { ApiError, remedyFor } from './api-error.ts';
import { createBackoff } from './backoff.ts';
import type { CreateClient, RuntimeClient, Store } from './client.ts';
import { patience } from './patience.ts';

export interface RuntimeStatus {
  readonly runtime: Runtime;
  /** Path of the socket, or where one was looked for. */
  readonly endpoint: string;
  readonly state: 'ok' | 'failing' | 'absent' | 'not permitted';
  readonly detail: string;
  readonly remedy?: string;
}

export interface EndpointOptions {
  readonly runtime: Runtime;
  readonly endpoint: string;
  readonly uid?: number;
  /** For one request, and for a whole refresh. */
  readonly timeoutMs: number;
  readonly watch: boolean;
  readonly createClient: CreateClient;
  onChange(id: string): void;
  readonly clock?: () => number;
}

export interface Endpoint {
  readonly uid: number | undefined;
  get(id: string): WorkloadDetails | undefined;
  size(): number;
  /** The client's module, before the first question; never rejects. Loading blocks: what it takes is not the daemon's fault. */
  load(): Promise<void>;
  /** Never rejects, and takes no longer than the time-out once loaded. Does nothing while the endpoint is left alone. */
  refresh(): Promise<void>;
  /** With `watch`: refreshes and follows from now on. */
  start(): void;
  /** When no refresh is under way. */
  settled(): Promise<void>;
  /** Somebody asks for what nobody knows: looks soon, if its events do not come anyway. */
  nudge(): void;
  status(): RuntimeStatus;
  close(): void;
}

const FOLLOWED_MS = 60_000;
const POLLED_MS = 5_000;
const PENDING_MS = 1_000;
const STALE_MS = 200;
/** A cgroup is there before its container runs, so one look may be too early. */
const NUDGES = 2;
const NUDGED_MS = 400;
/** More than any machine runs; an end to what a user's own socket can make us keep. */
const MOST_KEPT = 20_000;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function openEndpoint(options: EndpointOptions): Endpoint {
  const { runtime, endpoint, uid, timeoutMs, watch, onChange, clock } = options;
  const details = new Map<string, WorkloadDetails>();
  const polling = createBackoff(clock);
  const closing = new AbortController();
  const isClosed = (): boolean => closing.signal.aborted;
  let status: RuntimeStatus = { runtime, endpoint, state: 'failing', detail: 'not asked yet' };
  let following: 'no' | 'open' | 'complete' = 'no';
  let brokenStream: string | undefined;
  let isStarted = false;
  let isStale = false;
  let nudges = 0;
  let pending = 0;
  let running: Promise<void> | undefined;
  let timer: { readonly handle: NodeJS.Timeout; readonly due: number } | undefined;
  let loading: Promise<RuntimeClient> | undefined;

  const store: Store = {
    get: (id) => details.get(id),
    set(given) {
      if (isClosed() || (details.size >= MOST_KEPT && !details.has(given.id))) return;
      const record = uid === undefined ? given : { ...given, uid };
      if (isDeepStrictEqual(details.get(record.id), record)) return;
      details.set(record.id, record);
      onChange(record.id);
    },
    delete(id) {
      if (details.delete(id)) onChange(id);
    },
    retain(ids) {
      for (const id of details.keys()) if (!ids.has(id)) store.delete(id);
    },
  };

  /** The module is loaded at the first use, and again where that failed. */
  function client(): Promise<RuntimeClient> {
    if (isClosed()) return Promise.reject(new ApiError('aborted', `${endpoint}: closed`));
    loading ??= options
      .createClient({ endpoint, timeoutMs, store, ...(uid !== undefined && { uid }) })
      .then((opened) => {
        if (isClosed()) opened.close();
        return opened;
      })
      .catch((error: unknown) => {
        loading = undefined;
        throw error;
      });
    return loading;
  }

  async function attempt(): Promise<void> {
    isStale = false;
    nudges = Math.max(0, nudges - 1);
    const wasOpen = following !== 'no';
    try {
      const opened = await client();
      const done = await within(timeoutMs, endpoint, closing.signal, (signal) =>
        opened.refresh({ signal, isFollowed: following === 'complete' }),
      );
      polling.succeeded();
      pending = done.pending;
      if (wasOpen && following === 'open') following = 'complete';
      const missing = pending > 0 ? `, ${pending} without details as yet` : '';
      status = { runtime, endpoint, state: 'ok', detail: `${done.version ?? 'answers'}${missing}` };
    } catch (error) {
      if (isClosed()) return;
      polling.failed();
      status = failed(runtime, endpoint, error);
    }
  }

  function refresh(): Promise<void> {
    if (running) return running;
    if (isClosed() || !polling.isDue()) return Promise.resolve();
    clearTimeout(timer?.handle);
    timer = undefined;
    running = attempt().finally(() => {
      running = undefined;
      schedule();
    });
    return running;
  }

  /** Brings the next refresh forward where there is reason to; never puts it off, or many events could do so for ever. */
  function schedule(): void {
    if (!watch || isClosed() || running !== undefined) return;
    const usual = isStale ? STALE_MS : nudges > 0 ? NUDGED_MS : pending > 0 ? PENDING_MS : polledMs();
    const delay = polling.remainingMs() || usual;
    const due = performance.now() + delay;
    if (timer !== undefined && timer.due <= due) return;
    clearTimeout(timer?.handle);
    const handle = setTimeout(() => {
      timer = undefined;
      void refresh();
    }, delay).unref();
    timer = { handle, due };
  }

  const polledMs = (): number => (following === 'no' ? POLLED_MS : FOLLOWED_MS);

  function stale(): void {
    isStale = true;
    schedule();
  }

  async function follow(): Promise<void> {
    const backoff = createBackoff(clock);
    while (!isClosed()) {
      try {
        const { follow } = await client();
        if (follow === undefined) return;
        await follow({
          signal: closing.signal,
          onOpen() {
            backoff.succeeded();
            following = 'open';
            brokenStream = undefined;
            stale();
          },
          onStale: stale,
        });
      } catch (error) {
        const wasOpen = following !== 'no';
        following = 'no';
        brokenStream = errorText(error);
        if (wasOpen) stale();
      }
      backoff.failed();
      await pause(backoff.remainingMs(), closing.signal);
    }
  }

  return {
    uid,
    get: (id) => details.get(id),
    size: () => details.size,
    load: () =>
      client().then(
        () => undefined,
        () => undefined,
      ),
    refresh,
    start() {
      if (!watch || isClosed() || isStarted) return;
      isStarted = true;
      void refresh();
      void follow();
    },
    status() {
      if (status.state !== 'ok' || brokenStream === undefined) return status;
      return { ...status, detail: `${status.detail}; polled, since its events do not come: ${brokenStream}` };
    },
    settled: () => running ?? Promise.resolve(),
    nudge() {
      if (following !== 'no') return;
      nudges = NUDGES;
      schedule();
    },
    close() {
      clearTimeout(timer?.handle);
      closing.abort();
      details.clear();
      loading?.then((opened) => opened.close()).catch(() => undefined);
    },
  };
}

/** Of the time-out, after which the work is told to come to its end with what it has. */
const WARNED_AT = 0.9;

/**
 * What the function gives, or ApiError after so long; shortly before, its signal asks it to end. Keeps the process alive
 * meanwhile.
 */
async function within<Value>(
  timeoutMs: number,
  endpoint: string,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController();
  const { signal } = controller;
  const noAnswer = new ApiError('no answer', `${endpoint}: no answer in ${timeoutMs} ms`, {
    remedy: remedyFor('no answer', endpoint),
  });
  let cancel = (): void => undefined;
  const onClose = (): void => controller.abort();
  outer.addEventListener('abort', onClose, { once: true });
  const tooLate = new Promise<never>((_, reject) => {
    const warn = (): void => {
      controller.abort();
      cancel = patience(timeoutMs * (1 - WARNED_AT), () => reject(noAnswer), { keepsAlive: true });
    };
    cancel = patience(timeoutMs * WARNED_AT, warn, { keepsAlive: true });
  });
  try {
    return await Promise.race([work(signal), tooLate]);
  } catch (error) {
    throw signal.aborted && error instanceof ApiError && error.failure === 'aborted' ? noAnswer : error;
  } finally {
    cancel();
    outer.removeEventListener('abort', onClose);
    controller.abort();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms).unref();
    signal.addEventListener('abort', done, { once: true });
  });
}

function failed(runtime: Runtime, endpoint: string, error: unknown): RuntimeStatus {
  const detail = errorText(error);
  const { failure, remedy } = error instanceof ApiError ? error : { failure: undefined, remedy: undefined };
  const state = failure === 'absent' || failure === 'not permitted' ? failure : 'failing';
  return { runtime, endpoint, state, detail, ...(remedy !== undefined && { remedy }) };
}

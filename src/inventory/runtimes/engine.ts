/**
 * What docker's and podman's APIs have in common: a list, one document for each container, and a stream of events.
 *
 *     GET list ─► basics of all at once ─► GET inspect of what is new, eight at a time
 *     GET events ─► ids ─► GET inspect of those, in batches
 */

import { at, listOf } from '../names/json.ts';
import type { WorkloadDetails } from '../workload.ts';
import { ApiError } from './api-error.ts';
import type { ClientContext, FollowOptions, Refreshed, RuntimeClient } from './client.ts';
import { known } from './details.ts';
import { createInspector } from './inspector.ts';
import { type AskOptions, getJson, streamLines } from './unix-http.ts';

export interface Engine {
  /** Asks which version answers; what to put before every path (`/v1.41`). */
  greet(get: Get): Promise<{ readonly prefix: string; readonly version: string }>;
  readonly listPath: string;
  /** One entry of the list; undefined for what has no cgroup or no sense. */
  listed(entry: unknown): WorkloadDetails | undefined;
  /** Also for the workloads that the entries only mention, as their pods. */
  mentioned?(entry: unknown): WorkloadDetails | undefined;
  inspectPath(id: string): string;
  inspected(document: unknown): WorkloadDetails | undefined;
  readonly eventsPath: string;
  /** Whose details changed, or that it is no more; undefined for what changes nothing that is shown. */
  event(event: unknown): { readonly id: string; readonly isGone: boolean } | undefined;
}

export type Get = (path: string, options?: AskOptions) => Promise<unknown>;

/** Of a list. */
const MOST_LISTED = 10_000;
/** Events of a starting container come together. */
const BATCH_MS = 30;

export function createEngineClient(engine: Engine, { endpoint, timeoutMs, store }: ClientContext): RuntimeClient {
  const get: Get = (path, options) => getJson(endpoint, path, { timeoutMs, ...options });
  let greeting: { readonly prefix: string; readonly version: string } | undefined;

  const inspector = createInspector(async (id, signal) => {
    try {
      const details = engine.inspected(await get(`${greeting?.prefix ?? ''}${engine.inspectPath(id)}`, { signal }));
      if (details?.id !== id) throw new ApiError('malformed', `${endpoint}: what describes ${id} cannot be understood`);
      /** podman's documents say only which pod it is; the list names it. */
      const pod = details.pod ?? (details.podUid === undefined ? undefined : store.get(details.podUid)?.pod);
      store.set(known({ ...details, pod }));
      return true;
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      store.delete(id);
      return false;
    }
  });

  async function refresh({ signal, isFollowed }: { signal: AbortSignal; isFollowed: boolean }): Promise<Refreshed> {
    // Where events are not followed it greets each time: another daemon may answer by now.
    if (greeting === undefined || !isFollowed) {
      greeting = undefined;
      greeting = await engine.greet((path) => get(path, { signal }));
    }
    const { prefix, version } = greeting;
    const entries = listOf(await get(`${prefix}${engine.listPath}`, { signal })).slice(0, MOST_LISTED);
    const mentioned = entries.flatMap((entry) => engine.mentioned?.(entry) ?? []);
    const listed = entries.flatMap((entry) => engine.listed(entry) ?? []);
    for (const details of mentioned) store.set(details);
    const ids = new Set(listed.map(({ id }) => id));
    store.retain(new Set([...ids, ...mentioned.map(({ id }) => id)]));
    inspector.retain(ids);
    const due = listed.filter((details) => !isFollowed || !inspector.isDone(details.id) || isOther(details));
    for (const { id, name, state, ...others } of due) {
      // Name and state are the list's, which may be newer. All else is that of the document, which says more.
      store.set(known({ ...others, ...store.get(id), id, name, state }));
    }
    const pending = await inspector.inspect(
      due.map(({ id }) => id),
      signal,
    );
    return { version, pending };
  }

  /** Whether the list differs from what is known, so that an event was lost. */
  function isOther({ id, name, state, initPid }: WorkloadDetails): boolean {
    const before = store.get(id);
    return before?.name !== name || before.state !== state || (initPid !== undefined && before.initPid !== initPid);
  }

  async function follow({ signal, onOpen, onStale }: FollowOptions): Promise<never> {
    const { prefix } = await engine.greet((path) => get(path, { signal }));
    const changed = new Set<string>();
    let timer: NodeJS.Timeout | undefined;
    let isInspecting = false;
    const flush = async (): Promise<void> => {
      isInspecting = true;
      const ids = [...changed];
      changed.clear();
      // What is not inspected here is found by a refresh.
      for (const id of ids) inspector.redo(id);
      const missing = await inspector.inspect(ids, signal);
      if (missing > 0 || ids.map(store.get).some((one) => one?.podUid !== undefined && one.pod === undefined))
        onStale();
      isInspecting = false;
      if (changed.size > 0) arm();
    };
    const arm = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => void flush(), BATCH_MS).unref();
    };
    try {
      return await streamLines(endpoint, `${prefix}${engine.eventsPath}`, {
        signal,
        timeoutMs,
        onOpen,
        onLine(line) {
          const event = engine.event(parse(line));
          if (event === undefined) return;
          if (event.isGone) {
            changed.delete(event.id);
            inspector.redo(event.id);
            store.delete(event.id);
          } else if (changed.size < MOST_LISTED) {
            changed.add(event.id);
            if (!isInspecting) arm();
          }
        },
      });
    } finally {
      clearTimeout(timer);
    }
  }

  return { refresh, follow, close: () => undefined };
}

/** A line that is no JSON tells nothing, but the next one may. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** `{"Type":"container","Action":"health_status: healthy","Actor":{"ID":"…"}}`, of both engines. */
export function readEvent(event: unknown): { readonly action: string; readonly id: unknown } | undefined {
  const action = at(event, 'Action') ?? at(event, 'status');
  if (typeof action !== 'string' || (at(event, 'Type') ?? 'container') !== 'container') return undefined;
  return { action: action.split(':')[0]?.trim() ?? '', id: at(event, 'Actor', 'ID') ?? at(event, 'id') };
}

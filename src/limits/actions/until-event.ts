/** Waits for a change of a cgroup that the kernel reports through its event files. */

import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import type { CgroupFiles } from '../../kernel/cgroup-files.ts';

/** Milliseconds between two looks without an event: the removal of the watched directory itself gives none. */
const LOOK_MS = 500;
/** Milliseconds between two looks where no watch can be had, as when the user's inotify watches are used up. */
const LOOK_UNWATCHED_MS = 50;

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Ends the wait early. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks each time the kernel reports a change in the cgroup's directory (cgroup.events and the like): true once `done`
 * says so, false when the time is over or `signal` is aborted. What `done` throws is thrown.
 */
export function untilEvent(
  { mount }: Pick<CgroupFiles, 'mount'>,
  path: string,
  done: () => boolean,
  { timeoutMs, signal }: WaitOptions,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let watcher: FSWatcher | undefined;
    let timer: NodeJS.Timeout | undefined;
    let ticker: NodeJS.Timeout | undefined;
    const end = (finish: () => void): void => {
      watcher?.close();
      clearTimeout(timer);
      clearInterval(ticker);
      signal?.removeEventListener('abort', giveUp);
      finish();
    };
    const giveUp = (): void => end(() => resolve(false));
    const look = (isLast = false): void => {
      try {
        if (done()) end(() => resolve(true));
        else if (isLast) end(() => resolve(false));
      } catch (error) {
        end(() => reject(error));
      }
    };
    const tick = (everyMs: number): void => {
      clearInterval(ticker);
      ticker = setInterval(look, everyMs);
    };
    if (signal?.aborted) return resolve(false);
    signal?.addEventListener('abort', giveUp);
    timer = setTimeout(look, timeoutMs, true);
    tick(LOOK_MS);
    try {
      watcher = watch(join(mount, path), () => look());
      watcher.on('error', () => tick(LOOK_UNWATCHED_MS));
    } catch {
      tick(LOOK_UNWATCHED_MS);
    }
    look();
  });
}

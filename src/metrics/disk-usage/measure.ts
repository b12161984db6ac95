/**
 * The size of a directory tree, measured in the background by a process of its own. Where the disk hangs, only that process
 * hangs: tstop goes on, and can be ended.
 */

import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { monotonicMs } from '../../kernel/monotonic.ts';
import type { TreeSize } from './walk.ts';

export interface Measured extends TreeSize {
  /** CLOCK_MONOTONIC milliseconds of its end. */
  readonly time: number;
  /** Milliseconds that it took. */
  readonly took: number;
}

export interface Pace {
  /** The share of the time that it works. It sleeps the rest, so that others are not slowed down. */
  readonly share: number;
  readonly mostEntries: number;
  readonly mostMs: number;
}

/** What the measuring process is told. */
export interface Task extends Pace {
  readonly path: string;
}

/** What it tells. */
export type Report =
  | { readonly kind: 'progress'; readonly size: TreeSize }
  | { readonly kind: 'done'; readonly size: TreeSize }
  | { readonly kind: 'failed'; readonly code: string };

export interface MeasureOptions extends Partial<Pace> {
  readonly signal?: AbortSignal;
  readonly onProgress?: (soFar: TreeSize) => void;
}

/** Half of one CPU for a minute at most: about three million files. */
const PACE: Pace = { share: 0.5, mostEntries: 5_000_000, mostMs: 60_000 };

export class MeasureError extends Error {
  override readonly name = 'MeasureError';

  constructor(path: string, code: string) {
    const remedy = code === 'EACCES' || code === 'EPERM' ? ' (run as root)' : code === 'ENOENT' ? ' (it is gone)' : '';
    super(`measure ${path}: ${code}${remedy}`);
  }
}

/** Where `signal` cancels it, it gives what was measured so far, with `cut`. Throws MeasureError. */
export async function measureTree(path: string, options: MeasureOptions = {}): Promise<Measured> {
  const { signal, onProgress, ...pace } = options;
  const began = monotonicMs();
  const task: Task = { ...PACE, ...pace, path };
  let soFar: TreeSize = { bytes: 0, files: 0, directories: 0, whiteouts: 0, unread: 0 };
  const child = fork(CHILD, [JSON.stringify(task)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const cancel = (): void => void child.kill('SIGKILL');
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const size = await new Promise<TreeSize>((resolve, reject) => {
      child.on('message', (report: Report) => {
        if (report.kind === 'failed') return reject(new MeasureError(path, report.code));
        soFar = report.size;
        if (report.kind === 'done') resolve(soFar);
        else onProgress?.(soFar);
      });
      child.on('error', (error) => reject(new MeasureError(path, error.message)));
      // At `close`, not at `exit`: what the process wrote last may still be unread then.
      child.on('close', (code, killer) => {
        if (signal?.aborted) resolve({ ...soFar, cut: 'cancelled' });
        else reject(new MeasureError(path, `the process that measures it ended with ${killer ?? code}`));
      });
    });
    return { ...size, time: monotonicMs(), took: monotonicMs() - began };
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** It lies beside this file in src/, and beside the bundle that holds this file in dist/. */
const CHILD = fileURLToPath(new URL(`disk-usage-child${extname(import.meta.url)}`, import.meta.url));

/** Bytes per second between two measurements; NaN without both, or where one did not see all. */
export function growthOf(before: Measured | undefined, after: Measured | undefined): number {
  if (!before || !after || before.cut || after.cut || after.time <= before.time) return Number.NaN;
  return (after.bytes - before.bytes) / ((after.time - before.time) / 1000);
}

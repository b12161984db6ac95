/**
 * memory.max below what is in use, without a kill: memory.high goes down first, in steps, which reclaims and slows but
 * never kills; once the usage is below, memory.max is set, by the file under a watchdog, and memory.high is what it was
 * again. Another owner takes its time and cannot be watched: memory.high is held a margin below the target until it is done.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type CgroupFiles, textIfThere } from '../../../kernel/cgroup-files.ts';
import { parseSingleValue } from '../../../kernel/single-value.ts';
import { bytesText } from '../../../text/bytes.ts';

import type { Write } from '../../model.ts';
import { inUse } from '../../planning/lowering.ts';
import { writeWatched } from './watchdog.ts';

/** Bytes. One write of memory.high holds its writer while the kernel reclaims: between two parts other work has its turn. */
const PART = 64 * 2 ** 20;
const STEP_MS = 50;
/** Without any progress. */
const STUCK_MS = 5000;
/** systemd answers before it has written. */
const SETTLE_MS = 2000;

/** The usage does not come down without a kill, so memory.max was not written. */
export class StuckError extends Error {
  override readonly name = 'StuckError';
}

export interface LowerOptions {
  readonly files: CgroupFiles;
  /** Once for each part: bytes in use, and those to come down to. */
  readonly onProgress?: ((usage: number, target: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long no progress is waited for. */
  readonly stuckMs?: number;
  /** Makes the write once the usage is below. False: it did not stand, as the workload has grown again. */
  readonly set: (write: Write, attempt: number) => Promise<boolean>;
}

/**
 * `high`: the Plan's transient write of memory.high. Throws StuckError where the usage does not come down, or it is
 * interrupted; memory.high is then for the caller to restore.
 */
export async function lowerGently(write: Write, high: Write | undefined, options: LowerOptions): Promise<void> {
  const { files, onProgress, signal, set, stuckMs = STUCK_MS } = options;
  const target = parseSingleValue(write.after);
  const goal = high ? parseSingleValue(high.after) : target;
  let held = high ? Number.POSITIVE_INFINITY : goal;
  let least = Number.POSITIVE_INFINITY;
  let since = performance.now();
  for (let attempt = 0; ; ) {
    const usage = inUse(write, files);
    // Held at the goal, and yet between the two: what is left cannot go.
    if (!(usage > (held > goal ? goal : target)) && (await set(write, attempt++))) break;
    if (usage < least) [least, since] = [usage, performance.now()];
    if (performance.now() - since > stuckMs) {
      throw new StuckError(
        `${write.name} (${write.path}) still uses ${bytesText(usage)} and does not come down to ${bytesText(target)}: memory.max was not set, as the kernel would kill for it; stop something in it, or add --force`,
      );
    }
    if (signal?.aborted) throw new StuckError('interrupted');
    onProgress?.(usage, target);
    if (high) {
      held = Math.max(goal, Math.floor(usage - PART));
      files.write(high.path, high.inode, high.file, String(held));
    }
    await sleep(STEP_MS);
  }
  if (!high || held === Number.POSITIVE_INFINITY) return;
  await settled(write, files);
  files.write(high.path, high.inode, high.file, high.before);
}

/** Until the file has the new value, or its owner had time enough: whether it has is for the caller to verify. */
async function settled({ path, file, after }: Write, files: CgroupFiles): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  const isSet = (): boolean => !(parseSingleValue(textIfThere(files, path, file)) > parseSingleValue(after));
  while (!isSet() && performance.now() < deadline) await sleep(STEP_MS);
}

/** By the file itself, under the watchdog, which waits longer each time: a busy machine is slow with any write. */
export const setWatched = (write: Write, files: CgroupFiles, attempt: number): Promise<boolean> =>
  writeWatched(write, files, Math.min(64, 2 * 2 ** attempt));

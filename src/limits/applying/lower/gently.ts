/**
 * Lowers memory.max below what is in use without a kill. memory.high goes down first, in parts, which reclaims and slows but
 * never kills. Once the usage is below, memory.max is written, and memory.high set back. The file is written under a watchdog;
 * another owner cannot be watched, so memory.high is held a margin below the target until that owner has written.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type CgroupFiles, textIfThere } from '../../../kernel/cgroup-files.ts';
import { parseSingleValue } from '../../../kernel/single-value.ts';
import { bytesText } from '../../../text/bytes.ts';
import type { Write } from '../../model.ts';
import { inUse } from '../../planning/lowering.ts';
import { writeWatched } from './watchdog.ts';

/** Bytes to lower memory.high by at once: the write blocks while the kernel reclaims, and other work is to run in between. */
const PART = 64 * 2 ** 20;
const STEP_MS = 50;
/** How long the usage may stay the same before lowering fails. */
const STUCK_MS = 5000;
/** Beyond it a kill would not be seen in time. */
const MOST_PATIENCE_MS = 64;
/** How long an owner that answers before it has written, as systemd, is waited for. */
const SETTLE_MS = 2000;

/** The usage does not come down without a kill, so memory.max was not written. */
export class StuckError extends Error {
  override readonly name = 'StuckError';
}

export interface LowerOptions {
  readonly files: CgroupFiles;
  /** Called once a part, with the bytes in use and the bytes to reach. */
  readonly onProgress?: ((usage: number, target: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long the usage may stay the same. */
  readonly stuckMs?: number;
  /** Makes the write once the usage is below; false if it was put back, because the workload has grown again. */
  readonly set: (attempt: number) => Promise<boolean>;
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
    // memory.high is at its goal: the usage may stay between goal and target, for the rest cannot be reclaimed.
    const isDown = !(usage > (held > goal ? goal : target));
    if (isDown && (await set(attempt++))) break;
    // A write that is put back before it had the most time may tell of nothing but a busy machine.
    const isEarly = isDown && patienceMs(attempt - 1) < MOST_PATIENCE_MS;
    if (usage < least || isEarly) [least, since] = [Math.min(usage, least), performance.now()];
    if (performance.now() - since > stuckMs) {
      const why = isDown ? 'grows again in each write of' : 'does not come down to';
      throw new StuckError(
        `${write.name} (${write.path}) still uses ${bytesText(usage)} and ${why} ${bytesText(target)}: memory.max was not set, as the kernel would kill for it; stop something in it, or add --force`,
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

/** Waits until the file has the new value, or SETTLE_MS are over. The caller verifies it. */
async function settled({ path, file, after }: Write, files: CgroupFiles): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  const isSet = (): boolean => !(parseSingleValue(textIfThere(files, path, file)) > parseSingleValue(after));
  while (!isSet() && performance.now() < deadline) await sleep(STEP_MS);
}

/** How long an attempt to write waits for the kernel: longer each time, as on a busy machine every write is slow. */
const patienceMs = (attempt: number): number => Math.min(MOST_PATIENCE_MS, 2 * 2 ** attempt);

/** Writes the file under the watchdog. */
export const setWatched = (write: Write, files: CgroupFiles, attempt: number): Promise<boolean> =>
  writeWatched(write, files, patienceMs(attempt));

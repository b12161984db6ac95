/**
 * memory.max below what is in use, without a kill: memory.high goes down first, in steps, which reclaims and slows but
 * never kills; once the usage is below, memory.max is set under a watchdog, and memory.high is what it was again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { sizeText } from '../catalogue/limit.ts';
import type { Write } from '../plan.ts';
import { writeWatched } from './watchdog.ts';

const HIGH = 'memory.high';

/** One write of memory.high holds its writer for as long as the kernel reclaims: between two parts others have their turn. */
const PART = 64 * 2 ** 20;
const STEP_MS = 50;
/** Without any progress. */
const STUCK_MS = 5000;

/** It cannot be had without killing, so it was not done. */
export class StuckError extends Error {
  override readonly name = 'StuckError';
}

export const usageOf = (path: string, files: CgroupFiles): number =>
  parseSingleValue(textIfThere(files, path, 'memory.current'));

/** Whether the kernel would have to reclaim, or to kill, within the write. */
export const isBelowUsage = ({ path, file, after }: Write, files: CgroupFiles): boolean =>
  file === 'memory.max' && parseSingleValue(after) < usageOf(path, files);

/** What memory.high passes through on the way, for the journal; none where it is low enough, or not there. */
export function highOnTheWay(write: Write, files: CgroupFiles): Write[] {
  const before = textIfThere(files, write.path, HIGH);
  if (before === undefined || parseSingleValue(before) <= parseSingleValue(write.after)) return [];
  const { name, path, inode, after } = write;
  return [{ name, path, inode, file: HIGH, before, after, via: 'cgroupfs', endpoint: '', subject: '', passing: true }];
}

/** How it will be lowered, for the Plan. */
export function comesDownText(write: Write, files: CgroupFiles): string {
  const usage = usageOf(write.path, files);
  const excess = sizeText(usage - parseSingleValue(write.after));
  const [high] = highOnTheWay(write, files);
  const way = high ? ` (memory.high goes from ${high.before} to ${high.after} meanwhile, and back)` : '';
  return `${write.name} uses ${sizeText(usage)}: ${excess} is reclaimed before memory.max is set, and nobody killed${way}`;
}

export interface LowerOptions {
  readonly files: CgroupFiles;
  /** Once for each part: bytes in use, and those to come down to. */
  readonly onProgress?: ((usage: number, target: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long no progress is waited for. */
  readonly stuckMs?: number;
  /** Makes the write once the usage is below. False: it did not stand, as what runs has grown again. */
  readonly set: (write: Write, attempt: number) => Promise<boolean>;
}

/** Throws StuckError where the usage does not come down, or it is interrupted; memory.high is then for the caller to restore. */
export async function lowerGently(write: Write, high: Write | undefined, options: LowerOptions): Promise<void> {
  const { files, onProgress, signal, set, stuckMs = STUCK_MS } = options;
  const target = parseSingleValue(write.after);
  let least = Number.POSITIVE_INFINITY;
  let since = performance.now();
  for (let attempt = 0; ; ) {
    const usage = usageOf(write.path, files);
    if (!(usage > target) && (await set(write, attempt++))) break;
    if (usage < least) [least, since] = [usage, performance.now()];
    if (performance.now() - since > stuckMs) {
      throw new StuckError(
        `${write.name} (${write.path}) still uses ${sizeText(usage)} and does not come down to ${sizeText(target)}: memory.max was not set, as the kernel would kill for it; stop something in it, or add --force`,
      );
    }
    if (signal?.aborted) throw new StuckError('interrupted');
    onProgress?.(usage, target);
    if (high)
      files.write(high.path, high.inode, HIGH, String(Math.max(target, Math.floor((usage - PART) / 4096) * 4096)));
    await sleep(STEP_MS);
  }
  if (high) files.write(high.path, high.inode, HIGH, high.before);
}

/** By the file itself, under the watchdog, which waits longer each time: a busy machine is slow with any write. */
export const setWatched = (write: Write, files: CgroupFiles, attempt: number): Promise<boolean> =>
  writeWatched(write, files, Math.min(64, 2 * 2 ** attempt));

/**
 * memory.max below what is in use, without a kill: memory.high goes down first, in steps, which reclaims and slows but
 * never kills; once the usage is below, memory.max is set, by the file under a watchdog, and memory.high is what it was
 * again. Another owner takes its time and cannot be watched: memory.high is held a margin below the target until it is done.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CgroupFiles, textIfThere } from '../../../kernel/cgroup-files.ts';
import { parseSingleValue } from '../../../kernel/single-value.ts';
import { sizeText } from '../../catalogue/limit.ts';
import type { Write } from '../../model.ts';

import { writeWatched } from './watchdog.ts';

const HIGH = 'memory.high';

/** One write of memory.high holds its writer for as long as the kernel reclaims: between two parts others have their turn. */
const PART = 64 * 2 ** 20;
const STEP_MS = 50;
/** Without any progress. */
const STUCK_MS = 5000;
/** systemd answers before it has written. */
const SETTLE_MS = 2000;

/** Bytes of room for growth while memory.max is set; none is needed under the watchdog. */
const marginOf = ({ via, after }: Write): number =>
  via === 'cgroupfs' ? 0 : Math.min(16 * 2 ** 20, parseSingleValue(after) / 20);

const wholePages = (bytes: number): number => Math.floor(bytes / 4096) * 4096;

/** Where memory.high is held, in bytes. */
const heldAt = (write: Write): number => wholePages(parseSingleValue(write.after) - marginOf(write));

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
  const held = heldAt(write);
  if (before === undefined || parseSingleValue(before) <= held) return [];
  const { name, path, inode } = write;
  const after = String(held);
  return [{ name, path, inode, file: HIGH, before, after, via: 'cgroupfs', endpoint: '', subject: '', passing: true }];
}

/** How it will be lowered, for the Plan. */
export function comesDownText(write: Write, files: CgroupFiles): string {
  const usage = usageOf(write.path, files);
  const excess = sizeText(usage - parseSingleValue(write.after));
  const [high] = highOnTheWay(write, files);
  const way = high ? ` (memory.high goes from ${high.before} to ${high.after} meanwhile, and back)` : '';
  const margin = marginOf(write);
  const unless = margin === 0 ? '' : ` unless it grows by ${sizeText(margin)} in the moment that ${write.via} takes`;
  return `${write.name} uses ${sizeText(usage)}: ${excess} is reclaimed before memory.max is set, and nobody killed${unless}${way}`;
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
  const goal = heldAt(write);
  let held = high ? Number.POSITIVE_INFINITY : goal;
  let least = Number.POSITIVE_INFINITY;
  let since = performance.now();
  for (let attempt = 0; ; ) {
    const usage = usageOf(write.path, files);
    // Held at the goal, and yet between the two: what is left cannot go.
    if (!(usage > (held > goal ? goal : target)) && (await set(write, attempt++))) break;
    if (usage < least) [least, since] = [usage, performance.now()];
    if (performance.now() - since > stuckMs) {
      throw new StuckError(
        `${write.name} (${write.path}) still uses ${sizeText(usage)} and does not come down to ${sizeText(target)}: memory.max was not set, as the kernel would kill for it; stop something in it, or add --force`,
      );
    }
    if (signal?.aborted) throw new StuckError('interrupted');
    onProgress?.(usage, target);
    if (high) {
      held = Math.max(goal, wholePages(usage - PART));
      files.write(high.path, high.inode, HIGH, String(held));
    }
    await sleep(STEP_MS);
  }
  if (!high) return;
  await settled(write, files);
  files.write(high.path, high.inode, HIGH, high.before);
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

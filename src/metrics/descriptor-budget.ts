/** How many descriptors of interface files the collector may keep, what they cost, and how many files it may watch. */

import { totalmem } from 'node:os';
import { join } from 'node:path';
import { readText } from '../kernel/if-there.ts';

/**
 * Bytes of kernel memory for each, which RSS does not show: the buffer of a file that was read (a page, seq_file), the open
 * file and its inode.
 */
const DESCRIPTOR_BYTES = 5000;
/** Of RLIMIT_NOFILE; the rest is for sockets, processes and watches. */
const SHARE_OF_LIMIT = 3 / 4;
/** Of the machine's memory. */
const SHARE_OF_MEMORY = 1 / 100;
/** 80 MB: what is read often is less, as only that is kept. */
const MOST = 16_384;
/** Where the limit cannot be read. */
const USUAL_LIMIT = 1024;

export const descriptorMemory = (descriptors: number): number => descriptors * DESCRIPTOR_BYTES;

/** RLIMIT_NOFILE of this process; NaN where it cannot be read. Node has raised the soft limit to the hard one when it started. */
export const openFilesLimit = (proc: string): number =>
  Number(/^Max open files\s+(\d+)/m.exec(readText(join(proc, 'self/limits')))?.[1] ?? Number.NaN);

export function descriptorBudget(proc: string, memory = totalmem()): number {
  const limit = openFilesLimit(proc) || USUAL_LIMIT;
  return Math.floor(Math.min(MOST, limit * SHARE_OF_LIMIT, (memory * SHARE_OF_MEMORY) / DESCRIPTOR_BYTES));
}

/** Of fs.inotify.max_user_watches, which all programs of a user share. */
const SHARE_OF_WATCHES = 1 / 4;
/** What a kernel before 5.11 allows. */
const USUAL_WATCHES = 8192;

export function watchBudget(proc: string): number {
  const limit = Number(readText(join(proc, 'sys/fs/inotify/max_user_watches')));
  return Math.floor((limit || USUAL_WATCHES) * SHARE_OF_WATCHES);
}

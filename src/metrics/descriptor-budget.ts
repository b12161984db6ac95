/** How many descriptors of cgroups and their files the collector may keep, what they cost, and how many files it may watch. */

import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { CollectorOptions } from '../kernel/collector.ts';
import { readText } from '../kernel/if-there.ts';

export interface KeptDescriptors {
  readonly descriptors: number;
  /** Those of files that were read; taken for all of them if absent, as in recordings. The others are of directories. */
  readonly openFiles?: number;
}

/**
 * Bytes of kernel memory for each, which RSS does not show: the open file, its dentry and its inode; of a file that was read its
 * buffer too (a page, seq_file).
 */
const DIRECTORY_BYTES = 1100;
const FILE_BYTES = 5000;
/** Of RLIMIT_NOFILE; the rest is for processes, sockets and watches. */
const SHARE_OF_LIMIT = 3 / 4;
/** Of the machine's memory, for files and for directories each. */
const SHARE_OF_MEMORY = 1 / 100;
/** 80 MB: what is read often is less, as only that is kept. */
const MOST_FILES = 16_384;
/** Where the limit cannot be read. */
const USUAL_LIMIT = 1024;
/** Of RLIMIT_NOFILE, for what tells of processes. */
const PROCESSES_SHARE_OF_LIMIT = 1 / 8;
/** 10 MB: two files of each of 1,000 processes. */
const MOST_PROCESS_FILES = 2_048;

export const descriptorMemory = ({ descriptors, openFiles = descriptors }: KeptDescriptors): number =>
  openFiles * FILE_BYTES + (descriptors - openFiles) * DIRECTORY_BYTES;

/** RLIMIT_NOFILE of this process; NaN where it cannot be read. Node has raised the soft limit to the hard one when it started. */
export const openFilesLimit = (proc: string): number =>
  Number(/^Max open files\s+(\d+)/m.exec(readText(join(proc, 'self/limits')))?.[1] ?? Number.NaN);

export function descriptorBudget(
  proc: string,
  memory = totalmem(),
): Pick<Required<CollectorOptions>, 'budget' | 'fileBudget'> {
  const limit = Math.floor((openFilesLimit(proc) || USUAL_LIMIT) * SHARE_OF_LIMIT);
  const room = memory * SHARE_OF_MEMORY;
  const fileBudget = Math.min(MOST_FILES, limit, Math.floor(room / FILE_BYTES));
  return { budget: Math.min(limit, fileBudget + Math.floor(room / DIRECTORY_BYTES)), fileBudget };
}

/** How many descriptors may be kept of files that tell of processes. */
export const processFilesBudget = (proc: string, memory = totalmem()): number =>
  Math.floor(
    Math.min(
      MOST_PROCESS_FILES,
      (openFilesLimit(proc) || USUAL_LIMIT) * PROCESSES_SHARE_OF_LIMIT,
      (memory * SHARE_OF_MEMORY) / 2 / FILE_BYTES,
    ),
  );

/** Of fs.inotify.max_user_watches, which all programs of a user share. */
const SHARE_OF_WATCHES = 1 / 4;
/** What a kernel before 5.11 allows. */
const USUAL_WATCHES = 8192;

export function watchBudget(proc: string): number {
  const limit = Number(readText(join(proc, 'sys/fs/inotify/max_user_watches')));
  return Math.floor((limit || USUAL_WATCHES) * SHARE_OF_WATCHES);
}

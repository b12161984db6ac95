/**
 * Many small files in one trip: through the addon on a worker thread, else one after another with node:fs. A file that
 * cannot be read costs its own entry.
 */

import { readFileSync } from 'node:fs';
import { errnoOf } from './error-code.ts';
import { loadNative } from './native.ts';

/** Text of each path, or the positive errno of what failed. */
export type ReadFiles = (paths: readonly string[]) => Promise<(string | number)[]>;

/**
 * `keep`: at most so many descriptors are kept of files of procfs and cgroups that are read again and again: to open and to
 * close one takes longer than to read it. Each costs a page of kernel memory.
 */
export function createReadFiles(keep = 0): ReadFiles {
  const { native } = loadNative();
  if (!native) return async (paths) => paths.map(readOrErrno);
  const read = keep > 0 ? native.keepFiles(keep) : native.readFiles;
  // An empty list wakes no worker thread.
  return async (paths) => (paths.length > 0 ? read(paths) : []);
}

function readOrErrno(path: string): string | number {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return errnoOf(error);
  }
}

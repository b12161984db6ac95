/**
 * Many small files in one trip: through the addon on a worker thread, else one after another with node:fs. A file that
 * cannot be read costs its own entry.
 */

import { readFileSync } from 'node:fs';
import { errnoOf } from './error-code.ts';
import { loadNative } from './native.ts';

/** Text of each path, or the positive errno of what failed. */
export type ReadFiles = (paths: readonly string[]) => Promise<(string | number)[]>;

export function createReadFiles(): ReadFiles {
  const { native } = loadNative();
  if (!native) return async (paths) => paths.map(readOrErrno);
  // An empty list wakes no worker thread.
  return async (paths) => (paths.length > 0 ? native.readFiles(paths) : []);
}

function readOrErrno(path: string): string | number {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return errnoOf(error);
  }
}

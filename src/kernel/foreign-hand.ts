/**
 * Who else can change what a path leads to. A file that decides what root writes (the journal, a policy) or that root
 * writes (settings) is as trustworthy as the least trusted owner of the file, a directory or a link on the way.
 */

import { lstatSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export interface ForeignHand {
  /** The component of the path that somebody else can change. */
  readonly path: string;
  /** In words: `belongs to uid 1000`, `may be written by everybody`. */
  readonly how: string;
}

/**
 * The first component, from `/` on, that belongs neither to root nor to our own user, or that everybody may write (a
 * sticky directory as /tmp is none: there nobody renames what is another's). What does not exist yet is left out.
 * undefined where nobody else has a hand in it.
 */
export function foreignHand(path: string): ForeignHand | undefined {
  const own = process.geteuid?.() ?? 0;
  for (const part of componentsOf(path)) {
    const status = lstatSync(part, { throwIfNoEntry: false });
    if (status === undefined) continue;
    if (status.uid !== 0 && status.uid !== own) return { path: part, how: `belongs to uid ${status.uid}` };
    const isOpen = status.isDirectory()
      ? (status.mode & 0o1002) === 0o002
      : status.isFile() && (status.mode & 0o002) !== 0;
    if (isOpen) return { path: part, how: 'may be written by everybody' };
  }
  return undefined;
}

/** As it is written, and as it is without links; from `/` on. */
function componentsOf(path: string): string[] {
  const absolute = resolve(path);
  return [...prefixesOf(absolute), ...prefixesOf(realOf(absolute))];
}

const prefixesOf = (path: string): string[] => (path === '/' ? ['/'] : [...prefixesOf(dirname(path)), path]);

/** Of the longest part of it that exists. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path === '/' ? path : realOf(dirname(path));
  }
}

/**
 * Small files of others, kept parsed until they change. The folder of a rootless runtime belongs to a user, who may mean
 * harm: a link that this user made is not followed, and only a regular file of sane size is opened.
 */

import { type FileHandle, opendir } from 'node:fs/promises';
import { openByOwnLinks } from '../../kernel/open-in-root.ts';
import { throughHandle } from '../../kernel/path-handle.ts';
import { readRegularFile } from '../../kernel/regular-file.ts';
import { pidOf } from './json.ts';

/** What `parse` makes of a file, again only when the file changed; undefined where it cannot be read. */
export type ReadSmall<Value> = (path: string) => Promise<Value | undefined>;

const LARGEST = 16 * 1024 * 1024;
/** Parsed files kept; past it the one that was asked for the longest ago goes. */
const MOST_KEPT = 2_000;

/** Names taken of one folder. */
const MOST_NAMES = 100_000;

export function createReadSmall<Value>(parse: (text: string) => Value): ReadSmall<Value> {
  return keepWhileUnchanged(async (handle) => parse(await readRegularFile(handle, LARGEST)));
}

/** Names in a directory, again only when it changed; none where it cannot be read. */
export function createReadFolder(): (path: string) => Promise<readonly string[]> {
  const read = keepWhileUnchanged(async (handle) => {
    const names: string[] = [];
    for await (const { name } of await opendir(throughHandle(handle))) {
      if (names.length >= MOST_NAMES) break;
      names.push(name);
    }
    return names;
  });
  return async (path) => (await read(path)) ?? NO_NAMES;
}

const NO_NAMES: readonly string[] = [];

/** What `read` made of a file or folder, again only when it changed; undefined where it cannot be read. */
function keepWhileUnchanged<Value>(
  read: (handle: FileHandle) => Promise<Value>,
): (path: string) => Promise<Value | undefined> {
  const kept = new Map<string, { stamp: string; value: Value }>();
  return async (path) => {
    try {
      const handle = await openByOwnLinks(path);
      try {
        const { ino, size, mtimeMs } = await handle.stat();
        const stamp = `${ino} ${size} ${mtimeMs}`;
        const old = kept.get(path);
        const entry = old?.stamp === stamp ? old : { stamp, value: await read(handle) };
        keep(kept, path, entry);
        return entry.value;
      } finally {
        await handle.close();
      }
    } catch {
      kept.delete(path);
      return undefined;
    }
  };
}

function keep<Value>(kept: Map<string, Value>, path: string, entry: Value): void {
  kept.delete(path);
  kept.set(path, entry);
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST_KEPT) return;
    kept.delete(oldest);
  }
}

/** A file that holds one pid. */
export function parsePid(text: string): number | undefined {
  return /^[1-9]\d{0,9}$/.test(text.trim()) ? pidOf(Number(text)) : undefined;
}

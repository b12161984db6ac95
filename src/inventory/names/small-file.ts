/**
 * Small files of others, read without blocking and kept parsed until they change. A runtime's folder may belong to a
 * user who wishes us ill (rootless): links, pipes and huge files are refused.
 */
import { constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';

/** What `parse` makes of a file, again only when the file changed; undefined where it cannot be read. */
export type ReadSmall<Value> = (path: string) => Promise<Value | undefined>;

const LARGEST = 16 * 1024 * 1024;
/** Parsed files kept; past it the one that was asked for the longest ago goes. */
const MOST_KEPT = 2_000;

export function createReadSmall<Value>(parse: (text: string) => Value): ReadSmall<Value> {
  const kept = new Map<string, { stamp: string; value: Value }>();
  return async (path) => {
    try {
      const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      try {
        const status = await file.stat();
        if (!status.isFile() || status.size > LARGEST) return undefined;
        const stamp = `${status.ino} ${status.size} ${status.mtimeMs}`;
        const old = kept.get(path);
        const entry = old?.stamp === stamp ? old : { stamp, value: parse(await file.readFile('utf8')) };
        keep(kept, path, entry);
        return entry.value;
      } finally {
        await file.close();
      }
    } catch {
      kept.delete(path);
      return undefined;
    }
  };
}

/** Names in a directory, again only when it changed; none where it cannot be read. */
export function createReadFolder(): (path: string) => Promise<readonly string[]> {
  const kept = new Map<string, { stamp: string; value: readonly string[] }>();
  return async (path) => {
    try {
      const { ino, mtimeMs } = await stat(path);
      const stamp = `${ino} ${mtimeMs}`;
      const old = kept.get(path);
      const entry = old?.stamp === stamp ? old : { stamp, value: await readdir(path) };
      keep(kept, path, entry);
      return entry.value;
    } catch {
      kept.delete(path);
      return [];
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
  const pid = /^[1-9]\d{0,9}$/.test(text.trim()) ? Number(text) : 0;
  return pid > 0 ? pid : undefined;
}

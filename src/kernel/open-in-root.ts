/**
 * Opens what others may have laid out to lead us astray: a container's own root, or folders of a user. Every function
 * gives an O_PATH handle, by which nothing is read, written, waited for or triggered yet: the caller looks at what it is
 * first, then opens it through `throughHandle()`.
 *
 * openat2(2) does it where there is one. Without it (a kernel before 5.6, a seccomp filter, no addon) the path is walked
 * step by step: each step goes from the descriptor of a directory to one of its entries and follows nothing, and a link's
 * text is walked in its turn.
 */

import type { Stats } from 'node:fs';
import { closeSync, constants } from 'node:fs';
import { type FileHandle, open, readlink } from 'node:fs/promises';
import { codeOf } from './error-code.ts';
import { loadNative } from './native.ts';
import { O_PATH, splitAtRoot, throughHandle } from './path-handle.ts';

const MOST_LINKS = 40;

/**
 * `path` as a process sees it whose root directory is `root` (/proc/PID/root): links, `..` and a leading `/` stay within.
 * Fails as open(2) does, with ELOOP for a loop of links.
 */
export async function openInRoot(root: string, path: string): Promise<FileHandle> {
  return (await openAtOnce(root, path, true)) ?? walk(root, path, () => true);
}

/**
 * A path of this host on which no link is followed but those that root or our own user made, in a directory of theirs:
 * any other may be set by a user for whoever comes by. Fails with ELOOP for such a link.
 */
export async function openByOwnLinks(path: string): Promise<FileHandle> {
  try {
    const handle = await openAtOnce('/', path, false);
    if (handle) return handle;
  } catch (error) {
    if (codeOf(error) !== 'ELOOP') throw error;
  }
  return walk('/', path, (link, directory) => isOurs(link) && isOurs(directory));
}

/** A path on which every link is refused, beneath the root of another mount namespace where it names one (/proc/PID/root/…). */
export async function openWithoutLinks(path: string): Promise<FileHandle> {
  const [root, within] = splitAtRoot(path);
  return (await openAtOnce(root, within || '.', false)) ?? walk(root, within, () => false);
}

const isOurs = ({ uid }: Stats): boolean => uid === 0 || uid === process.geteuid?.();

/** Undefined where there is no openat2. */
async function openAtOnce(root: string, path: string, follow: boolean): Promise<FileHandle | undefined> {
  const { native } = loadNative();
  if (!native) return undefined;
  let fd: number;
  try {
    fd = await native.openInRoot(root, path, follow);
  } catch (error) {
    if (codeOf(error) === 'ENOSYS') return undefined;
    throw error;
  }
  try {
    return await open(`/proc/self/fd/${fd}`, O_PATH);
  } finally {
    closeSync(fd);
  }
}

async function walk(
  root: string,
  path: string,
  mayFollow: (link: Stats, directory: Stats) => boolean,
): Promise<FileHandle> {
  /** From the root to where the walk is. */
  const way = [await open(root, O_PATH | constants.O_DIRECTORY)];
  const rest = path.split('/').reverse();
  let links = 0;
  const back = async (length: number): Promise<void> => {
    for (const handle of way.splice(length)) await handle.close();
  };
  try {
    for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
      const here = way.at(-1);
      if (here === undefined || name === '' || name === '.') continue;
      if (name === '..') {
        await back(Math.max(1, way.length - 1));
        continue;
      }
      const entry = `${throughHandle(here)}/${name}`;
      const next = await open(entry, O_PATH | constants.O_NOFOLLOW);
      way.push(next);
      const status = await next.stat();
      if (!status.isSymbolicLink()) continue;
      await back(way.length - 1);
      if (++links > MOST_LINKS || !mayFollow(status, await here.stat())) throw loop(path);
      const target = await readlink(entry);
      if (target.startsWith('/')) await back(1);
      rest.push(...target.split('/').reverse());
    }
    const [found] = way.splice(-1);
    if (found === undefined) throw loop(path);
    return found;
  } finally {
    await back(0);
  }
}

const loop = (path: string): Error =>
  Object.assign(new Error(`ELOOP: too many links, or one that is not followed, open '${path}'`), { code: 'ELOOP' });

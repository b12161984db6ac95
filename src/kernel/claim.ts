/**
 * A file that says which process has something for itself. That process keeps a lock on it, which the kernel shows to whoever
 * opens the file, in every pid namespace, and ends with the process. Without locks (no addon, a file system that has none) the
 * pid and start time in the file tell whether the process lives, to others of its own pid namespace alone.
 */

import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { codeOf } from './error-code.ts';
import { loadNative } from './native.ts';
import { startTimeOf } from './process-handle.ts';
import { openRegularFileSync } from './regular-file.ts';

/** Bytes. A larger file is no claim. */
const LARGEST = 4096;
/** Its owner may release it after this process failed to take it and before it reads whose it is. */
const MOST_TRIES = 10;

/** Gives the function that releases it, or who has it, in words: `process 1234`. Throws what open(2) and link(2) answer. */
export function claim(path: string): (() => void) | string {
  // The lock and the text come before the name: nobody finds a claim that is free or empty.
  const made = `${path}.${randomUUID()}`;
  const fd = openSync(made, 'wx', 0o600);
  let isOurs = false;
  try {
    const isLocked = lock(fd, 'exclusive') === true;
    writeSync(fd, `${process.pid} ${startTimeOf(process.pid) ?? 0} ${pidNamespace()}${isLocked ? ' locked' : ''}\n`);
    for (let tries = 0; tries < MOST_TRIES && !isOurs; tries++) {
      const found = take(made, path) ? 'taken' : ownerOf(path);
      const outcome = found === 'ended' ? takeOver(made, path) : found;
      if (typeof outcome === 'object') return outcome.owner;
      isOurs = outcome === 'taken';
    }
    if (!isOurs) throw new Error(`${path} cannot be made: others make and remove it all the time`);
  } finally {
    rmSync(made, { force: true });
    if (!isOurs) closeSync(fd);
  }
  return () => {
    if (!isOurs) return;
    isOurs = false;
    const [own, there] = [fstatSync(fd), lstatSync(path, { throwIfNoEntry: false })];
    // Somebody may have removed it, and another process may have made its own since.
    if (there?.ino === own.ino && there.dev === own.dev) rmSync(path, { force: true });
    closeSync(fd);
  };
}

/** What link(2) answers on a file system that has no hard links, as vfat. */
const NO_LINKS: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** False where the file is there already. */
function take(made: string, path: string): boolean {
  try {
    linkSync(made, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!NO_LINKS.has(codeOf(error))) throw error;
  }
  try {
    closeSync(openSync(path, 'wx', 0o600));
    renameSync(made, path);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  }
}

interface Owned {
  /** The process that has it, in words. */
  readonly owner: string;
}

/**
 * Replaces the claim of a process that has ended. Two processes that replace it at once would both think that they have it, so
 * this takes a claim of its own.
 */
function takeOver(made: string, path: string): 'taken' | 'gone' | Owned {
  const release = claim(`${path}.stale`);
  if (typeof release === 'string') return { owner: release };
  try {
    const found = ownerOf(path);
    if (found !== 'ended') return found;
    renameSync(made, path);
    return 'taken';
  } finally {
    release();
  }
}

/** `gone`: the file; `ended`: the process that had it. */
function ownerOf(path: string): 'gone' | 'ended' | Owned {
  let fd: number;
  try {
    ({ fd } = openRegularFileSync(path, LARGEST));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return 'gone';
  }
  try {
    // An older version has written another third word, and no fourth one.
    const [, pid, start, namespace, wasLocked] =
      /^(\d+) (\d+)(?: (pid:\[\d+\]))?( locked)?/.exec(readFileSync(fd, 'utf8')) ?? [];
    const isElsewhere = namespace !== undefined && namespace !== pidNamespace();
    const isFree = lock(fd, 'shared');
    const isRunning = !isElsewhere && startTimeOf(Number(pid)) === Number(start);
    // The pid may be that of another process since, so that a lock which can be asked decides alone.
    const hasOwner = isFree === false || (isRunning && !(isFree && wasLocked));
    if (!hasOwner) return 'ended';
    if (pid === undefined) return { owner: 'a process that does not say which it is' };
    return { owner: `process ${pid}${isElsewhere ? ' of another pid namespace, as of a container or the host' : ''}` };
  } finally {
    closeSync(fd);
  }
}

/** flock(2) without waiting: whether no other has it. undefined where there are no locks: ENOLCK of NFS, EPERM of a filter. */
function lock(fd: number, kind: 'shared' | 'exclusive'): boolean | undefined {
  try {
    return loadNative().native?.lockFile(fd, kind === 'shared');
  } catch {
    return undefined;
  }
}

/** `pid:[4026531836]`; nothing where the kernel has no such namespaces. */
function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

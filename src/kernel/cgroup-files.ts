/**
 * Reads and writes one interface file of one cgroup, beneath the mount and nowhere else. A write goes through a
 * descriptor of the directory whose inode was checked, so that it cannot reach another cgroup that took the path since.
 */

import { closeSync, constants, fstatSync, openSync, readFileSync, write, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeOf } from './error-code.ts';
import { loadNative } from './native.ts';
import { O_PATH } from './path-handle.ts';
import type { Operation } from './refusal.ts';
import { refusalText } from './refusals.ts';

/** What was tried on which file, the value, the errno, the kernel's reason and what to do about it, on one line. */
export class CgroupFileError extends Error {
  override readonly name = 'CgroupFileError';
  readonly code: string;
  readonly path: string;
  readonly file: string;

  /** `tried`: `read`, `write "100" to`, `look up`, `make`, `remove`. `why`: a reason with its remedy that is known better. */
  constructor(tried: string, path: string, file: string, code: string, why?: string) {
    const operation = OPERATIONS.get(tried.split(' ')[0] ?? '') ?? 'find';
    const reason = why ?? refusalText({ operation, file, path, code });
    super(`${tried} ${join(path, file)}: ${code}${reason === '' ? '' : ` (${reason})`}`);
    this.code = code;
    this.path = path;
    this.file = file;
  }
}

const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ['read', 'read'],
  ['write', 'write'],
  ['look', 'find'],
  ['make', 'mkdir'],
  ['remove', 'rmdir'],
]);

/** Whether a read or a write failed because the cgroup has ended, or another has its path by now. */
export const hasEnded = (error: unknown): boolean =>
  error instanceof CgroupFileError && ['ENOENT', 'ENODEV', 'ESTALE'].includes(error.code);

export interface CgroupFiles {
  readonly mount: string;
  /** The cgroup that is mounted there, where that is not the root of our cgroup namespace: `Hierarchy.root`. */
  readonly root?: string;
  /** Whole text. Throws CgroupFileError. */
  read(path: string, file: string): string;
  /** Inode of the directory. Throws CgroupFileError. */
  inode(path: string): number;
  /** One write(2) of the text into the cgroup that has this inode. Throws CgroupFileError. */
  write(path: string, inode: number, file: string, text: string): void;
  /** The same on another thread: the kernel does its work while it is written to, as with memory.reclaim. */
  writeOnThread(path: string, inode: number, file: string, text: string): Promise<void>;
}

/** Trimmed text; undefined where the file is not there or not for us. */
export function textIfThere(files: Pick<CgroupFiles, 'read'>, path: string, file: string): string | undefined {
  try {
    return files.read(path, file).trim();
  } catch (error) {
    if (error instanceof CgroupFileError) return undefined;
    throw error;
  }
}

/** Whether the path still leads to the cgroup of that inode. Throws CgroupFileError where that cannot be told. */
export function isAlive(
  files: CgroupFiles,
  { path, inode }: { readonly path: string; readonly inode: number },
): boolean {
  try {
    return files.inode(path) === inode;
  } catch (error) {
    if (error instanceof CgroupFileError && error.code === 'ENOENT') return false;
    throw error;
  }
}

const DIRECTORY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

const writeAsync = promisify(write);

export function openCgroupFiles(mount: string, root = '/'): CgroupFiles {
  const { native } = loadNative();

  function withDirectory<T>(path: string, tried: string, file: string, use: (fd: number) => T): T {
    // A directory cannot leave the hierarchy by `..` or a link; without openat2 the name alone has to tell.
    if (path.split('/').some((part) => part === '..' || part === '.'))
      throw new CgroupFileError(tried, path, file, 'EXDEV');
    let fd = -1;
    try {
      const beneath = path === '/' ? '.' : path.slice(1);
      fd = native ? native.openBeneath(mount, beneath, DIRECTORY) : openSync(join(mount, path), DIRECTORY);
      return use(fd);
    } catch (error) {
      throw named(error, tried, path, file);
    } finally {
      if (fd >= 0) closeSync(fd);
    }
  }

  /** A descriptor of the file, for its writer to close. */
  const openToWrite = (path: string, inode: number, file: string, tried: string): number =>
    withDirectory(path, tried, file, (fd) => {
      if (fstatSync(fd).ino !== inode) throw new CgroupFileError(tried, path, file, 'ESTALE');
      return openSync(`/proc/self/fd/${fd}/${file}`, constants.O_WRONLY | constants.O_NOFOLLOW);
    });

  return {
    mount,
    root,
    read: (path, file) =>
      withDirectory(path, 'read', file, (fd) => readFileSync(`/proc/self/fd/${fd}/${file}`, 'utf8')),
    inode: (path) => withDirectory(path, 'look up', '', (fd) => fstatSync(fd).ino),
    write: (path, inode, file, text) => {
      const tried = `write "${text}" to`;
      const fd = openToWrite(path, inode, file, tried);
      try {
        writeSync(fd, text);
      } catch (error) {
        throw named(error, tried, path, file);
      } finally {
        closeSync(fd);
      }
    },
    writeOnThread: async (path, inode, file, text) => {
      const tried = `write "${text}" to`;
      const fd = openToWrite(path, inode, file, tried);
      try {
        await writeAsync(fd, text);
      } catch (error) {
        throw named(error, tried, path, file);
      } finally {
        closeSync(fd);
      }
    },
  };
}

const named = (error: unknown, tried: string, path: string, file: string): CgroupFileError =>
  error instanceof CgroupFileError ? error : new CgroupFileError(tried, path, file, codeOf(error) ?? String(error));

/** A file that says which process has something for itself, by its pid and start time: one that has ended has it no more. */
import { randomUUID } from 'node:crypto';
import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { codeOf } from './error-code.ts';
import { startTimeOf } from './process-handle.ts';
import { readRegularFileSync } from './regular-file.ts';

/** Bytes. A larger file is no claim. */
const LARGEST = 4096;
/** The owner may let go of it between the try to take it and the look at whose it is. */
const MOST_TRIES = 10;

/** Gives what lets go of it, or the pid of the process that has it. Throws what open(2) and link(2) answer. */
export function claim(path: string): (() => void) | number {
  // It has its text before it has its name: nobody finds a claim that says nothing.
  const id = randomUUID();
  const made = `${path}.${id}`;
  const text = `${process.pid} ${startTimeOf(process.pid)} ${id}\n`;
  writeFileSync(made, text, { flag: 'wx', mode: 0o600 });
  try {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const taken = take(made, path, text) || ownerOf(path);
      const result = taken === 'ended' ? takeOver(made, path) : taken;
      if (typeof result === 'number') return result;
      if (result !== true) continue;
      return () => {
        // Somebody may have removed it, and another have the place since.
        if (textOf(path) === text) rmSync(path, { force: true });
      };
    }
  } finally {
    rmSync(made, { force: true });
  }
  throw new Error(`${path} cannot be made: others make and remove it all the time`);
}

/** What link(2) answers on a file system that has no hard links, as vfat. */
const NO_LINKS: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** False where the file is there already. */
function take(made: string, path: string, text: string): boolean {
  try {
    linkSync(made, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!NO_LINKS.has(codeOf(error))) throw error;
  }
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  }
}

/**
 * Puts the file in the place of one whose process has ended; false where that one is there no more. Two that do so at once
 * would each think that they have it, so this takes a claim of its own.
 */
function takeOver(made: string, path: string): boolean | number {
  const release = claim(`${path}.stale`);
  if (typeof release === 'number') return release;
  try {
    const owner = ownerOf(path);
    if (owner === 'ended') renameSync(made, path);
    return typeof owner === 'number' ? owner : owner === 'ended';
  } finally {
    release();
  }
}

/** The pid of the process that has it; false where the file is gone. */
function ownerOf(path: string): number | 'ended' | false {
  const text = textOf(path);
  if (text === undefined) return false;
  const [pid = 0, start] = text.trim().split(' ').map(Number);
  const running = startTimeOf(pid);
  return running !== undefined && running === start ? pid : 'ended';
}

/** undefined where the file is gone. */
function textOf(path: string): string | undefined {
  try {
    return readRegularFileSync(path, LARGEST);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return undefined;
  }
}

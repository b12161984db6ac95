/** A cgroup of our own on the real mount, for tests that race with the kernel; removed with all below it at the end. */

import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chooseHierarchy } from '../src/kernel/hierarchy.ts';

export interface Scratch {
  /** Its directory: to be taken for the mount. */
  readonly directory: string;
  /** The hierarchy's mount, and its path beneath that. */
  readonly mount: string;
  readonly path: string;
}

const mountHere = (): string => chooseHierarchy(readFileSync('/proc/self/mountinfo', 'utf8')).mount;

/** Why there is none, or undefined. Tests on the real mount are skipped with this reason. */
export const noScratch: string | undefined = reason();

/** Where cgroups can be made; undefined where they cannot. */
export const SCRATCH_MOUNT: string | undefined = noScratch === undefined ? mountHere() : undefined;

function reason(): string | undefined {
  try {
    const probe = join(mountHere(), `tscg-inv-${process.pid}-probe`);
    mkdirSync(probe);
    rmdirSync(probe);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

export async function withScratch(name: string, run: (scratch: Scratch) => Promise<void>): Promise<void> {
  const mount = mountHere();
  const path = `/tscg-inv-${process.pid}-${name}`;
  const directory = join(mount, path);
  mkdirSync(directory);
  try {
    await run({ directory, mount, path });
  } finally {
    removeTree(directory);
  }
}

/** cgroupfs: only directories are removed, children first. */
export function removeTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  }
  rmdirSync(directory);
}

/** Asks until it is so; an error after a minute. */
export async function eventually(isSo: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`never came true: ${what}`);
    await sleep(2);
  }
}

/** Open descriptors of this process, and its inotify watches. */
export function held(): { descriptors: number; watches: number } {
  let descriptors = 0;
  let watches = 0;
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      descriptors++;
      if (target.includes('inotify')) {
        watches += readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').split('inotify wd:').length - 1;
      }
    } catch {
      // That of the listing itself.
    }
  }
  return { descriptors, watches };
}

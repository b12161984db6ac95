/** Fake and real hierarchies for the tests of the collectors and the addon. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { removeTree } from '../scratch-cgroup.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export const NO_MOUNT = 'no cgroup2 mount to make cgroups in';

export interface Tree {
  readonly mount: string;
  /** Creates directories as needed. */
  write(path: string, text: string | Buffer): void;
  link(path: string, target: string): void;
}

/** A temporary directory in the place of a mount. */
export async function withTree(run: (tree: Tree) => Promise<void>): Promise<void> {
  const mount = temporaryFolder();
  await run({
    mount,
    write(path, text) {
      mkdirSync(dirname(mount + path), { recursive: true });
      writeFileSync(mount + path, text);
    },
    link: (path, target) => symlinkSync(target, mount + path),
  });
}

export interface Group {
  readonly mount: string;
  /** Path beneath the mount. */
  readonly path: string;
  /** Makes a cgroup in it; gives its path beneath the mount. */
  make(name: string): string;
  /** A process in the cgroup, ended with the group. */
  start(path: string, command: string): ChildProcess;
}

let groups = 0;

/** A real cgroup of our own; it, what is in it, and its processes are gone afterwards. */
export async function withGroup(mount: string, run: (group: Group) => Promise<void>): Promise<void> {
  const path = `/tscg-addon-${process.pid}${groups++ === 0 ? '' : `-${groups}`}`;
  const children: ChildProcess[] = [];
  mkdirSync(mount + path);
  try {
    await run({
      mount,
      path,
      make(name) {
        mkdirSync(`${mount}${path}/${name}`);
        return `${path}/${name}`;
      },
      start(cgroup, command) {
        const child = spawn('/bin/sh', ['-c', command], { stdio: 'ignore' });
        children.push(child);
        writeFileSync(`${mount}${cgroup}/cgroup.procs`, String(child.pid));
        return child;
      },
    });
  } finally {
    for (const child of children) await end(child);
    removeTree(mount + path);
  }
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Descriptors of this process whose target begins so: a directory, or a kind as `anon_inode:inotify`. */
export function descriptorsIn(target: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(target);
    } catch {
      return false;
    }
  }).length;
}

/** All descriptors of this process; to compare only where nothing is awaited in between. */
export const descriptors = (): number => readdirSync('/proc/self/fd').length;

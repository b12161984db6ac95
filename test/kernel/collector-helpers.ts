/** Fake and real hierarchies for the tests of the collectors and the addon. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Test } from 'uvu';

/** Mount point of a cgroup v2 hierarchy in which we may make cgroups. */
export const MOUNT = writableMount();

function writableMount(): string | undefined {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const mount = mounts.find(([, , type]) => type === 'cgroup2')?.[1];
  if (mount === undefined) return undefined;
  const probe = `${mount}/tscg-addon-probe-${process.pid}`;
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    return mount;
  } catch {
    return undefined;
  }
}

/** Leaves a test out, and says why, as test/run.mjs demands. */
export function skip(tests: Test, name: string, reason: string): void {
  console.log(`SKIP ${name}: ${reason}`);
  tests.skip(name);
}

export const NO_MOUNT = 'no cgroup2 mount to make cgroups in';

export interface Tree {
  readonly mount: string;
  /** Creates directories as needed. */
  write(path: string, text: string | Buffer): void;
  link(path: string, target: string): void;
}

/** A temporary directory in the place of a mount. */
export async function withTree(run: (tree: Tree) => Promise<void>): Promise<void> {
  const mount = mkdtempSync(join(tmpdir(), 'tscg-tree-'));
  try {
    await run({
      mount,
      write(path, text) {
        mkdirSync(dirname(mount + path), { recursive: true });
        writeFileSync(mount + path, text);
      },
      link: (path, target) => symlinkSync(target, mount + path),
    });
  } finally {
    rmSync(mount, { recursive: true });
  }
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

function removeTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  }
  rmdirSync(directory);
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

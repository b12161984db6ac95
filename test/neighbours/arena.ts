/** Where a case happens: its cgroups, its processes, its disks. All of it is gone when the case ends. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from './cases.ts';

export const MOUNT = '/sys/fs/cgroup';
const SCRATCH = process.env.TSCG_GUEST_SCRATCH ?? '/scratch';
const DISK_MOUNT = '/mnt/neighbours';

/** What a process of load.c did so far. */
export interface Work {
  readonly operations: number;
  readonly wallNs: number;
  readonly cpuNs: number;
  readonly failures: number;
  /** CPU time of the same work beside each operation, where the mode has such a yardstick. */
  readonly yardNs: number;
}

/** The loaded program, and its processes of one case. */
export interface Arena {
  /** Path of a cgroup of this run. */
  path(name: string): string;
  write(files: Readonly<Record<string, Readonly<Record<string, string>>>>): void;
  /** Resolves when it works. */
  start(load: Load, seed: number): Promise<Started>;
  close(): Promise<void>;
}

export interface Started {
  readonly load: Load;
  work(): Work;
}

const CONTROLLERS = ['cpu', 'cpuset', 'memory', 'io', 'pids'];

export function openArena(name: string, program: string): Arena {
  const root = `/${name}`;
  const children: ChildProcess[] = [];
  const files: string[] = [];
  const pathOf = (of: string): string => (of === '/' ? '/' : `${root}/${of}`);

  function make(path: string): string {
    const parts = path.split('/').filter(Boolean);
    for (let depth = 1; depth <= parts.length; depth++) {
      const parent = join(MOUNT, ...parts.slice(0, depth - 1));
      mkdirSync(join(MOUNT, ...parts.slice(0, depth)), { recursive: true });
      for (const controller of CONTROLLERS) {
        if (existsSync(join(parent, 'cgroup.procs')) && depth <= parts.length) enable(parent, controller);
      }
    }
    return join(MOUNT, path);
  }

  return {
    path: pathOf,
    write(byGroup) {
      for (const [group, texts] of Object.entries(byGroup)) {
        const directory = make(pathOf(group));
        for (const [file, text] of Object.entries(texts))
          writeFileSync(join(directory, file), inGuest(text, numbersOf));
      }
    },
    async start(load, seed) {
      const directory = load.in === '/' ? MOUNT : make(pathOf(load.in));
      const stats = join(tmpdir(), `work-${process.pid}-${children.length}`);
      files.push(stats);
      const options = [
        ...['--stats', stats, '--seed', String(seed * 64 + children.length + 1)],
        ...(load.cpu === undefined ? [] : ['--cpu', String(load.cpu)]),
        ...(load.threads === undefined ? [] : ['--threads', String(load.threads)]),
      ];
      const words = inGuest(load.run, deviceOf).split(' ');
      const enter = `echo 0 > '${join(directory, 'cgroup.procs')}' && exec "$@"`;
      const child = spawn('/bin/sh', ['-c', enter, 'sh', program, ...options, ...words], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      children.push(child);
      for (let tries = 0; readWork(stats).operations === 0; tries++) {
        if (child.exitCode !== null || tries > 500) throw new Error(`${load.run} does not work: ${child.exitCode}`);
        await sleep(20);
      }
      return { load, work: () => readWork(stats) };
    },
    async close() {
      const directory = join(MOUNT, root);
      if (existsSync(directory)) {
        for (const path of subtree(directory)) writeIf(join(path, 'cgroup.freeze'), '0');
        writeFileSync(join(directory, 'cgroup.kill'), '1');
      }
      for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
      for (const file of files) rmSync(file, { force: true });
      for (const path of existsSync(directory) ? subtree(directory).reverse() : []) await removed(path);
    },
  };
}

function enable(directory: string, controller: string): void {
  writeIf(join(directory, 'cgroup.subtree_control'), `+${controller}`);
}

/** The controller may not be there, or the file. */
function writeIf(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch {
    // Then it is not.
  }
}

const subtree = (directory: string): string[] => [
  directory,
  ...readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? subtree(join(directory, entry.name)) : [],
  ),
];

async function removed(path: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      return rmdirSync(path);
    } catch {
      await sleep(20);
    }
  }
  throw new Error(`${path} cannot be removed`);
}

function readWork(path: string): Work {
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  const at = (index: number): number => (bytes.length < 40 ? 0 : Number(bytes.readBigUInt64LE(8 * index)));
  return { operations: at(0), wallNs: at(1), cpuNs: at(2), failures: at(3), yardNs: at(4) };
}

/** `%0`: the first disk; `%mount`: a file system on a third; `%file:NAME:MIB`: a file of that size on the scratch disk. */
function inGuest(text: string, disk: (index: number) => string): string {
  return text
    .replace(/%mount/g, DISK_MOUNT)
    .replace(/%file:(\w+):(\d+)/g, (_, name: string, mib: string) => fileOf(name, Number(mib)))
    .replace(/%(\d)/g, (_, index: string) => disk(Number(index)));
}

const deviceOf = (index: number): string => `/dev/nullb${index}`;

function numbersOf(index: number): string {
  const { rdev } = statSync(deviceOf(index));
  return `${(rdev >> 8) & 0xfff}:${rdev & 0xff}`;
}

const MIB = 1 << 20;

function fileOf(name: string, mib: number): string {
  const path = join(SCRATCH, name);
  if (!existsSync(path) || statSync(path).size !== mib * MIB) {
    run('dd', 'if=/dev/zero', `of=${path}`, 'bs=1M', `count=${mib}`, 'conv=fsync', 'status=none');
  }
  return path;
}

/** Disks that contend: requests take 20 ms, four at a time. The third has a file system. */
export function makeDisks(): void {
  run('modprobe', 'configfs');
  const settings = ['queue_mode=2', 'irqmode=2', 'completion_nsec=20000000', 'hw_queue_depth=4', 'submit_queues=1'];
  run('modprobe', 'null_blk', 'nr_devices=3', 'gb=1', 'memory_backed=1', ...settings);
  run('mkfs.ext4', '-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', '-N', '1024', '/dev/nullb2', '200M');
  mkdirSync(DISK_MOUNT, { recursive: true });
  run('mount', '/dev/nullb2', DISK_MOUNT);
}

export const makeSwap = (): void => run('swapon', process.env.TSCG_GUEST_SWAP ?? '/dev/vdb');

function run(command: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

/** Cgroups with something in them, on the real mount or in the guest; each is gone when its test ends. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context, Test } from 'uvu';
import { noScratch } from './scratch-cgroup.ts';
import { skip } from './skip.ts';

export const MOUNT = existsSync('/sys/fs/cgroup/cgroup.controllers') ? '/sys/fs/cgroup' : '/sys/fs/cgroup/unified';

export const TSCG = fileURLToPath(new URL('../dist/cli/tscg.js', import.meta.url));

export const STATE_DIR = join(tmpdir(), `tscg-test-state-${process.pid}`);

/** A listing of a thousand cgroups is megabytes. */
export const MOST_OUTPUT = 64 * 1024 * 1024;

/** tscg as a user runs it. */
export function tscg(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TSCG, ...args], {
    encoding: 'utf8',
    maxBuffer: MOST_OUTPUT,
    env: { ...process.env, TSCG_STATE_DIR: STATE_DIR, NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}

/** Fields of `tscg … --json`. */
export function tscgJson(...args: string[]): Record<string, unknown> {
  const { status, stdout, stderr } = tscg(...args, '--json');
  if (status !== 0) throw new Error(`tscg ${args.join(' ')} ended with ${status}: ${stderr}`);
  const value: unknown = JSON.parse(stdout);
  if (typeof value !== 'object' || value === null) throw new Error(`not an object: ${stdout}`);
  return { ...value };
}

/** `MAJ:MIN` of a disk, as io.max and its like call it. */
export function diskNumbers(disk: string): string {
  const { rdev } = statSync(disk);
  return `${(rdev >> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >> 12) & 0xfff00)}`;
}

export interface Box {
  /** Path beneath the mount. */
  readonly path: string;
  read(file: string): string;
  write(file: string, text: string): void;
  /** Figure of a flat-keyed file. */
  figure(file: string, key: string): number;
  /** Starts a shell in it; resolves when it is there. */
  run(script: string): Promise<ChildProcess>;
}

/** A cgroup of its own for one test, killed and removed at the end. */
export async function withBox<T>(path: string, use: (box: Box) => Promise<T>): Promise<T> {
  const directory = join(MOUNT, path);
  const made = mkdirSync(directory, { recursive: true }) ?? directory;
  const read = (file: string): string => readFileSync(join(directory, file), 'utf8').trim();
  const box: Box = {
    path,
    read,
    write: (file, text) => writeFileSync(join(directory, file), text),
    figure: (file, key) => Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(read(file))?.[1] ?? Number.NaN),
    run: async (script) => {
      // The shell moves itself, says so (apart from what it says else: under load both would come as one), and only then
      // does its work.
      const entry = `echo 0 > '${join(directory, 'cgroup.procs')}'; echo in >&3; exec 3>&-`;
      const child = spawn('/bin/sh', ['-c', `${entry}; ${script}`], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
      const [, , , told] = child.stdio;
      if (told) await once(told, 'data');
      // Read by nobody it would fill up and stop the writer.
      child.stdout?.resume();
      return child;
    },
  };
  try {
    return await use(box);
  } finally {
    await removeTree(made);
  }
}

/** uvu's `test` for what needs cgroups of its own: skipped with the reason where none can be made, as without root. */
export function onMount(test: Test<Context>): (name: string, run: () => Promise<unknown>) => void {
  if (noScratch === undefined) return (name, run) => test(name, async () => void (await run()));
  return (name) => skip(test, name, noScratch ?? '');
}

export const BUSY = 'while :; do :; done';

async function removeTree(directory: string): Promise<void> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(directory, entry.name));
  }
  writeFileSync(join(directory, 'cgroup.kill'), '1');
  // Killed tasks leave a moment later: each is waited for by its parent, this process.
  for (let tries = 0; ; tries++) {
    try {
      return rmdirSync(directory);
    } catch (error) {
      if (tries > 3000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

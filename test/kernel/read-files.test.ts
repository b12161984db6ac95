/** A reader that keeps descriptors answers as one that opens each path anew, whatever becomes of what it reads. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Callback, suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadNative } from '../../src/kernel/native.ts';
import { createReadFiles } from '../../src/kernel/read-files.ts';
import { SCRATCH_MOUNT as MOUNT } from '../scratch-cgroup.ts';
import { skip } from '../skip.ts';
import { descriptorsIn, end, type Group, NO_MOUNT, withGroup, withTree } from './hierarchies.ts';

const test = suite('files that are read again and again');
const { native, reason } = loadNative();
const on = (run: Callback | undefined, name: string): void =>
  run ? test(name, run) : skip(test, name, reason ?? NO_MOUNT);
const onKernel = (name: string, run: (group: Group) => Promise<void>): void =>
  on(native && MOUNT ? () => withGroup(MOUNT ?? '', run) : undefined, name);

const { ENOENT, ESRCH } = constants.errno;

async function rounds(read: (paths: string[]) => Promise<unknown>, count: number, paths: string[]): Promise<void> {
  for (let round = 0; round < count; round++) await read(paths);
}

onKernel('a process that ends is gone in the next reading', async ({ start, path }) => {
  const read = createReadFiles(100);
  const child = start(path, 'exec sleep 1000');
  const files = ['stat', 'schedstat'].map((file) => `/proc/${child.pid}/${file}`);
  await rounds(read, 3, files);
  assert.is(descriptorsIn(`/proc/${child.pid}/`), 2);
  const [stat] = await read(files);
  assert.match(String(stat), new RegExp(`^${child.pid} `));
  await end(child);
  for (const answer of await read(files)) assert.ok([ENOENT, ESRCH].includes(Number(answer)), String(answer));
  assert.is(descriptorsIn(`/proc/${child.pid}/`), 0);
});

onKernel('a cgroup that is made again is read as it is now', async ({ mount, make, start }) => {
  const read = createReadFiles(100);
  const path = make('again');
  const child = start(path, 'exec sleep 1000');
  const procs = `${mount}${path}/cgroup.procs`;
  await rounds(read, 3, [procs]);
  assert.equal(await read([procs]), [`${child.pid}\n`]);
  await end(child);
  assert.equal(await read([procs]), ['']);
  rmdirSync(mount + path);
  assert.equal(await read([procs]), [ENOENT]);
  make('again');
  const other = start(path, 'exec sleep 1000');
  assert.equal(await read([procs]), [`${other.pid}\n`]);
  await end(other);
});

on(native && (() => parts()), 'the kernel gives a list in parts, and all of them are read');

async function parts(): Promise<void> {
  const read = createReadFiles(100);
  const shape = (text: unknown): string => String(text).replace(/ *\d+/g, ' 0');
  const paths = ['/proc/crypto', '/proc/vmstat', '/proc/self/limits', '/proc/1/comm'].filter(existsSync);
  for (let round = 0; round < 3; round++) {
    const texts = await read(paths);
    assert.equal(
      texts.map(shape),
      paths.map((path) => shape(readFileSync(path, 'utf8'))),
    );
  }
}

on(
  native && (() => withTree(async ({ mount, write }) => keepsFew(mount, write))),
  'no more descriptors are kept than may be, and none of what is not asked for again',
);

async function keepsFew(mount: string, write: (path: string, text: string) => void): Promise<void> {
  const paths = Array.from({ length: 30 }, (_, n) => `${mount}/${n}/stat`);
  for (const path of paths) write(path.slice(mount.length), 'x'.repeat(300 * paths.indexOf(path)));
  const read = createReadFiles(20);
  await read(paths);
  assert.is(descriptorsIn(mount), 0, 'asked for once');
  await rounds(read, 2, paths);
  assert.is(descriptorsIn(mount), 20);
  writeFileSync(paths[0] ?? '', 'y'.repeat(5000));
  const texts = await read([...paths, `${mount}/gone`]);
  assert.equal(texts, [...paths.map((path) => readFileSync(path, 'utf8')), ENOENT]);
  await rounds(read, 30, paths.slice(0, 3));
  assert.is(descriptorsIn(mount), 3);
  await Promise.all([rounds(read, 5, paths), rounds(read, 5, paths.toReversed())]);
  assert.is(descriptorsIn(mount), 20, 'several readings at once');
}

on(
  native && (() => withTree(async ({ mount, write }) => starved(mount, write))),
  'where no descriptor is left each file is read nevertheless',
);

async function starved(mount: string, write: (path: string, text: string) => void): Promise<void> {
  for (let n = 0; n < 100; n++) write(`/c${n}/stat`, `${n}`);
  const script = fileURLToPath(new URL('read-files-starved.ts', import.meta.url));
  const command = 'ulimit -n 60; exec "$0" --import tsx "$1" "$2"';
  const output = execFileSync('/bin/sh', ['-c', command, process.execPath, script, mount], { encoding: 'utf8' });
  assert.is(output.trim(), '0 wrong');
}

test.run();

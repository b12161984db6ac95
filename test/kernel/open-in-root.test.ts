/** What a container or a user laid out to lead us astray, by both ways to open it: openat2, and step by step. */

import { spawnSync } from 'node:child_process';
import { chownSync, lchownSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { open, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf } from '../../src/kernel/error-code.ts';
import { loadNative } from '../../src/kernel/native.ts';
import { openByOwnLinks, openInRoot, openWithoutLinks } from '../../src/kernel/open-in-root.ts';
import { O_PATH, throughHandle } from '../../src/kernel/path-handle.ts';
import { readRegularFile, readRegularFileSync, UnfitFileError } from '../../src/kernel/regular-file.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { descriptors } from './hierarchies.ts';

const test = suite('open-in-root');
const IS_ROOT = process.geteuid?.() === 0;

/** The path that it opened, below `top`; else the errno. */
async function opened(top: string, handle: ReturnType<typeof openInRoot>): Promise<string> {
  try {
    const found = await handle;
    try {
      const path = await readlink(throughHandle(found));
      return path.startsWith(top) ? path.slice(top.length) : `outside: ${path}`;
    } finally {
      await found.close();
    }
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}

test('in a root: no link, `..` or magic link leads out of it', async () => {
  const top = temporaryFolder();
  const root = join(top, 'root');
  mkdirSync(join(root, 'etc/deep'), { recursive: true });
  mkdirSync(join(top, 'etc'));
  writeFileSync(join(top, 'etc/secret'), 'secret');
  writeFileSync(join(root, 'etc/plain'), 'inside');
  symlinkSync('/etc/plain', join(root, 'etc/absolute'));
  symlinkSync(join(top, 'etc/secret'), join(root, 'etc/host'));
  symlinkSync('../../../../../../../../etc/passwd', join(root, 'etc/up'));
  symlinkSync('../../etc/secret', join(root, 'etc/beside'));
  symlinkSync('loop', join(root, 'etc/loop'));
  symlinkSync('deep/../plain', join(root, 'etc/through'));
  symlinkSync('/', join(root, 'etc/top'));
  const cases: readonly (readonly [path: string, found: string])[] = [
    ['etc/plain', '/root/etc/plain'],
    ['/etc/plain', '/root/etc/plain'],
    ['../../etc/plain', '/root/etc/plain'],
    ['.', '/root'],
    ['/', '/root'],
    ['etc/absolute', '/root/etc/plain'],
    ['etc/through', '/root/etc/plain'],
    ['etc/top/etc/plain', '/root/etc/plain'],
    ['etc/host', 'ENOENT'],
    ['etc/up', 'ENOENT'],
    ['etc/beside', 'ENOENT'],
    ['etc/loop', 'ELOOP'],
    ['etc/plain/x', 'ENOTDIR'],
    ['none', 'ENOENT'],
  ];
  const before = descriptors();
  for (const [path, found] of cases) assert.is(await opened(top, openInRoot(root, path)), found, path);
  assert.is(await opened(top, openInRoot(join(top, 'none'), 'x')), 'ENOENT');
  assert.ok(descriptors() <= before);
});

test('without links: not one is followed', async () => {
  const top = temporaryFolder();
  mkdirSync(join(top, 'a/b'), { recursive: true });
  symlinkSync('a', join(top, 'l'));
  assert.is(await opened(top, openWithoutLinks(join(top, 'a/b'))), '/a/b');
  assert.is(await opened(top, openWithoutLinks(join(top, 'l/b'))), 'ELOOP');
  assert.is(await opened(top, openWithoutLinks(join(top, 'l'))), 'ELOOP');
  assert.is(await opened(top, openWithoutLinks(`/proc/${process.pid}/root${top}/a`)), '/a');
  assert.is(await opened(top, openWithoutLinks(`/proc/${process.pid}/root${top}/l/b`)), 'ELOOP');
});

const asRoot = (name: string, run: () => Promise<void>): void =>
  IS_ROOT ? test(name, run) : skip(test, name, 'needs root, to make a link that is another user’s');

asRoot('a link of root is followed, one of another user or in another user’s folder is not', async () => {
  const top = temporaryFolder();
  const theirs = 4242;
  for (const folder of ['system/data', 'home']) mkdirSync(join(top, folder), { recursive: true });
  writeFileSync(join(top, 'system/data/state'), 'x');
  symlinkSync('data', join(top, 'system/ours'));
  symlinkSync('data', join(top, 'system/theirs'));
  lchownSync(join(top, 'system/theirs'), theirs, theirs);
  symlinkSync(join(top, 'system/data'), join(top, 'home/ours'));
  chownSync(join(top, 'home'), theirs, theirs);
  writeFileSync(join(top, 'home/state'), 'y');
  assert.is(await opened(top, openByOwnLinks(join(top, 'system/ours/state'))), '/system/data/state');
  assert.is(await opened(top, openByOwnLinks(join(top, 'system/theirs/state'))), 'ELOOP');
  // Whoever owns the folder may have put another link in its place since it was looked at.
  assert.is(await opened(top, openByOwnLinks(join(top, 'home/ours/state'))), 'ELOOP');
  assert.is(await opened(top, openByOwnLinks(join(top, 'home/state'))), '/home/state');
});

test('only a regular file of sane size is read, and nothing waits', async () => {
  const top = temporaryFolder();
  const at = (name: string): string => join(top, name);
  writeFileSync(at('text'), 'text');
  writeFileSync(at('empty'), '');
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 5 * 1024 ** 3);
  mkdirSync(at('directory'));
  assert.is(spawnSync('mkfifo', [at('fifo')]).status, 0);
  const read = async (path: string): Promise<string> => {
    const handle = await open(path, O_PATH);
    try {
      return await readRegularFile(handle, 1 << 20);
    } catch (error) {
      return error instanceof UnfitFileError ? error.message : String(error);
    } finally {
      await handle.close();
    }
  };
  const before = descriptors();
  assert.is(await read(at('text')), 'text');
  assert.is(await read(at('empty')), '');
  assert.is(await read(at('huge')), 'it has 5368709120 bytes, more than 1048576');
  assert.is(await read(at('directory')), 'it is a directory, not a regular file');
  assert.is(await read(at('fifo')), 'it is a FIFO, not a regular file');
  assert.is(await read('/dev/zero'), 'it is a device, not a regular file');
  assert.is(await read('/proc/kmsg'), 'it is a file of the kernel');
  assert.is(readRegularFileSync(at('text'), 10), 'text');
  assert.throws(() => readRegularFileSync(at('text'), 3), /it has 4 bytes, more than 3/);
  assert.throws(() => readRegularFileSync(at('fifo'), 3), /it is a FIFO/);
  assert.throws(() => readRegularFileSync(at('none'), 3), /ENOENT/);
  assert.ok(descriptors() <= before);
  rmSync(at('fifo'));
});

if (loadNative().native) {
  test('all of it holds without openat2 too', () => {
    const args = ['--import', 'tsx', fileURLToPath(import.meta.url)];
    const { status, stdout } = spawnSync(process.execPath, args, {
      env: { ...process.env, TSCG_NATIVE: 'off' },
      encoding: 'utf8',
    });
    assert.is(status, 0, stdout);
  });
}

test.run();

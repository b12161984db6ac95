/** Files that are kept open give the same text as a reading by path, whatever becomes of them. */

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createKeptFiles } from '../../src/kernel/kept-files.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const descriptors = (): number => readdirSync('/proc/self/fd').length;

test('a file that was written again is read as it is now, also where it is longer than all before', () => {
  const path = join(temporaryFolder(), 'stat');
  const files = createKeptFiles();
  for (const length of [3, 2047, 2048, 16_383, 16_384, 16_385, 100_000, 0, 7]) {
    const text = 'x'.repeat(length);
    writeFileSync(path, text);
    assert.is(files.read(path), text, String(length));
  }
  files.close();
});

test('the kernel gives a list in parts, and all of them are read', () => {
  const files = createKeptFiles();
  const shape = (text: string): string => text.replace(/ *\d+/g, ' 0');
  for (const path of ['/proc/crypto', '/proc/vmstat', '/proc/stat', '/proc/meminfo'].filter(existsSync)) {
    const texts = [files.read(path), files.read(path)].map(shape);
    assert.is(new Set([...texts, shape(readFileSync(path, 'utf8'))]).size, 1, path);
  }
  files.close();
});

test('a file that is not there is empty, until it is', () => {
  const path = join(temporaryFolder(), 'cpu');
  const files = createKeptFiles();
  assert.is(files.read(path), '');
  writeFileSync(path, 'some');
  assert.is(files.read(path), 'some');
  assert.is(files.read(temporaryFolder()), '', 'a directory');
  files.close();
});

test('a file is opened once, and closed where it can no longer be read and at the end', () => {
  const before = descriptors();
  const files = createKeptFiles();
  const path = join(temporaryFolder(), 'loadavg');
  writeFileSync(path, '1 2 3');
  for (let count = 0; count < 5; count++) files.read(path);
  assert.is(descriptors(), before + 1);
  files.read(temporaryFolder());
  assert.is(descriptors(), before + 1, 'a directory cannot be read');
  files.close();
  assert.is(descriptors(), before);
  rmSync(path);
});

test.run();

/** Who writes the limits of a row that is or was shown is found at once. Any directory is watched as that of a cgroup is. */

import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadNative } from '../../src/kernel/native.ts';
import { openLimitWatch } from '../../src/metrics/limit-watch.ts';
import { eventually } from '../scratch-cgroup.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const { reason } = loadNative();
const tests = suite('limit watch');

function rowsOf(mount: string, count: number) {
  return Array.from({ length: count }, (_, index) => {
    const path = `/${index}`;
    mkdirSync(join(mount, path));
    return { path, inode: statSync(join(mount, path)).ino };
  });
}

async function isTold(mount: string): Promise<void> {
  const rows = rowsOf(mount, 3);
  const watch = openLimitWatch(mount);
  const [first] = rows;
  if (!first) return assert.unreachable();
  watch.follow(rows.slice(0, 2));
  assert.equal([...watch.take()], [rows[0]?.inode, rows[1]?.inode], 'they may have been written before');
  // The first is not shown any more.
  watch.follow(rows.slice(1));
  watch.take();
  const seen = new Set<number>();
  writeFileSync(join(mount, first.path, 'cpu.stat'), '');
  writeFileSync(join(mount, first.path, 'cpu.max'), 'max');
  await eventually(() => {
    const taken = watch.take();
    if (taken !== 'all') for (const inode of taken) seen.add(inode);
    return seen.size > 0;
  }, 'the write is told');
  assert.equal([...seen], [first.inode]);
  watch.close();
}

async function isForgotten(mount: string): Promise<void> {
  const rows = rowsOf(mount, 1200);
  const watch = openLimitWatch(mount);
  for (const row of rows) watch.follow([row]);
  const [oldest] = rows;
  const newest = rows.at(-1);
  if (!oldest || !newest) return assert.unreachable();
  watch.take();
  writeFileSync(join(mount, oldest.path, 'cpu.max'), 'max');
  writeFileSync(join(mount, newest.path, 'cpu.max'), 'max');
  const seen = new Set<number>();
  await eventually(() => {
    const taken = watch.take();
    if (taken !== 'all') for (const inode of taken) seen.add(inode);
    return seen.has(newest.inode);
  }, 'the write of the newest is told');
  assert.is(seen.has(oldest.inode), false);
  watch.close();
}

for (const [name, behaviour] of Object.entries({
  'a limit that was written is told, also of a row that is not shown any more': isTold,
  'of very many rows those that were shown last are followed': isForgotten,
})) {
  if (reason === undefined) tests(name, () => behaviour(temporaryFolder()));
  else skip(tests, name, reason);
}
tests.run();

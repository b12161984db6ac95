/** How often the process tree of the selected row is read. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { processView } from '../../src/dashboard/process-view.ts';
import { openSelectedProcesses } from '../../src/dashboard/processes.ts';
import { createReadFiles } from '../../src/kernel/read-files.ts';
import { snapshotOf } from '../metrics/snapshots.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { plainText } from './scenes.ts';

test('a small tree is read at each tick, one of which a thousand processes ran every few seconds, which it tells', async () => {
  const root = temporaryFolder();
  const box = (name: string, processes: number) => {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, 'cgroup.procs'), Array.from({ length: processes }, (_, pid) => pid + 1).join('\n'));
    return { path: `/${name}`, inode: processes, name, kind: 'cgroup' } as const;
  };
  const [small, large] = [box('small', 2), box('large', 1000)];
  let [time, usage] = [0, 0];
  const processes = openSelectedProcesses({
    mount: root,
    proc: root,
    readFiles: createReadFiles(),
    clock: () => time,
  });
  const read = async (row: typeof small) => {
    time += 1000;
    const rows = [small, large].map(({ path, inode }) => ({ path, inode, figures: { 'cpu.stat:usage_usec': usage } }));
    await processes.read(row, snapshotOf(time / 1000, rows));
    return processes.of(row.inode);
  };
  assert.is.not(await read(small), await read(small));
  const quiet = await read(large);
  assert.is.not(await read(large), quiet, 'nothing ran in it');
  usage++;
  const busy = await read(large);
  const [title = []] = processView(large, busy, 80);
  assert.match(plainText(title), /read every 3 s/);
  assert.is(await read(large), busy);
  assert.is(await read(large), busy);
  assert.is.not(await read(large), busy);
  // Another row is read at once.
  assert.ok(await read(small));
});

test.run();

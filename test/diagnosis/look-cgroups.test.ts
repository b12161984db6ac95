/** What a look reads of which cgroup, over a tree in the place of the mount. */

import { statSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openLookCgroups } from '../../src/diagnosis/look/cgroups.ts';
import { withTree } from '../kernel/hierarchies.ts';

const FILES = { 'cpu.stat': 'usage_usec 7\n', 'cpu.weight': '100\n', 'memory.current': '4096\n' };
const PATHS = ['/web', '/busy', '/idle'];

test('at the end only what can matter is read of cgroups that are not the victim’s own', () =>
  withTree(async (tree) => {
    for (const path of PATHS) for (const [file, text] of Object.entries(FILES)) tree.write(`${path}/${file}`, text);
    const cgroups = openLookCgroups({
      mount: tree.mount,
      cgroups: PATHS.map((path) => ({ path, inode: statSync(tree.mount + path).ino })),
      stacked: [],
      closeness: (path) => (path === '/web' ? 'own' : 'competitor'),
    });
    try {
      const first = await cgroups.counters();
      assert.equal(
        PATHS.map((path) => first.of(path)?.('cpu.stat:usage_usec')),
        [7, 7, 7],
      );
      const own = await cgroups.everything();
      assert.equal(
        PATHS.map((path) => own.of(path)?.('cpu.weight:value')),
        [100, undefined, undefined],
      );
      const users = new Set(['/web', '/busy']);
      const quiet = await cgroups.others({ users, memory: false, io: false });
      assert.equal(
        PATHS.map((path) => quiet.of(path)?.('cpu.weight:value')),
        [undefined, 100, undefined],
      );
      assert.ok(Number.isNaN(quiet.of('/busy')?.('memory.current:value') ?? 0));
      const short = await cgroups.others({ users, memory: true, io: false });
      assert.is(short.of('/idle')?.('memory.current:value'), 4096);
      assert.ok(Number.isNaN(short.of('/idle')?.('cpu.stat:usage_usec') ?? 0));
      assert.is((await cgroups.others({ users: new Set(), memory: false, io: false })).of('/busy'), undefined);
    } finally {
      cgroups.close();
    }
  }));

test.run();

/** kill on the real mount: by identity, whatever has the path by now. */

import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openCgroupFiles } from '../../../src/kernel/cgroup-files.ts';
import { killPlace } from '../../../src/limits/actions/kill.ts';
import { MOUNT, onMount, withBox } from '../../boxes.ts';

const test = suite('kill');
const it = onMount(test);

for (const signal of [15, 9]) {
  it(`signal ${signal} does not reach the cgroup that took the place of the one that was meant`, () =>
    withBox(`/tscg-test-kill-${process.pid}-${signal}`, async (box) => {
      const files = openCgroupFiles(MOUNT);
      const place = { name: 'box', path: box.path, inode: files.inode(box.path) };
      rmdirSync(join(MOUNT, box.path));
      const gone = await killPlace(place, { signal }, files).catch((error: Error) => error.message);
      mkdirSync(join(MOUNT, box.path));
      const child = await box.run('sleep 1000');
      const another = await killPlace(place, { signal }, files).catch((error: Error) => error.message);
      assert.match(String(gone), /box \(.*\) has ended: nothing was signalled/);
      assert.match(String(another), /another cgroup has its path: nothing was signalled/);
      assert.is(child.exitCode ?? child.signalCode, null);
    }));
}

test.run();

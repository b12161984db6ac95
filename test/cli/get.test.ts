/** tscg get on the real mount. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { onMount, tscg, withBox } from '../boxes.ts';

onMount(test)('each limit that is not there has its own reason', () =>
  withBox(`/tscg-get-${process.pid}`, async (box) => {
    const has = (controller: string): boolean => box.read('cgroup.controllers').split(' ').includes(controller);
    const { status, stdout } = tscg('get', box.path);
    assert.is(status, 0);
    assert.match(stdout, /^ {2}io\.cost\.qos +-- +\(of the whole machine: in the root cgroup\)$/m);
    if (!has('memory')) assert.match(stdout, /^ {2}memory\.max +-- +\(no memory controller here\)$/m);
    assert.match(stdout, /^ {2}DYING +0$/m);
    const limits = stdout.slice(stdout.indexOf('\nlimits\n') + 8, stdout.indexOf('\nusage\n')).split('\n');
    const columns = new Set(limits.map((line) => /^ {2}\S+ +/.exec(line)?.[0].length));
    assert.is(columns.size, 1, 'every value begins in one column');
    const root = tscg('get', '/').stdout;
    assert.match(root, /^ {2}cpu\.max +-- +\(the root cgroup has none\)$/m);
    assert.not.match(root, /io\.cost\.qos .*the root cgroup has none/);
  }),
);

onMount(test)('get tells of a workload what ls tells of it, and more', () =>
  withBox(`/tscg-get-row-${process.pid}`, async (box) => {
    await box.run('exec sleep 1000');
    const rows: unknown = JSON.parse(
      tscg('ls', '--all', '--json', '-d', '0.2', '--filter', `path = ${box.path}`).stdout,
    );
    assert.ok(Array.isArray(rows));
    const told = JSON.parse(tscg('get', box.path, '--json', '-d', '0.2').stdout);
    for (const [name, value] of Object.entries(rows[0])) {
      assert.ok(name in told, name);
      // The verdict is of another second.
      if (typeof value === 'string' && name !== 'verdict') assert.is(told[name], value, name);
    }
    assert.is(told.path, box.path);
    assert.ok(told.inode > 0 && Array.isArray(told.limits));
  }),
);

test.run();

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

test.run();

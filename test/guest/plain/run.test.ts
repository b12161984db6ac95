/** `tscg run` on a kernel that has every controller: limits that hold, and what is told at the end. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MOUNT, tscg, withBox } from '../../boxes.ts';

test('limits are there before the command is, and the cgroup is gone after it', () => {
  const script = 'cd /sys/fs/cgroup$(sed -n "s/^0:://p" /proc/self/cgroup); cat cpu.max memory.max pids.max';
  const { status, stdout, stderr } = tscg(
    'run',
    '--name',
    'job',
    '--cpu',
    '50%',
    '--memory',
    '256M',
    '--pids',
    '20',
    '--',
    'sh',
    '-c',
    script,
  );
  assert.is(status, 0, stderr);
  assert.is(stdout, '50000 100000\n268435456\n20\n');
  assert.match(stderr, /tscg: job: exit code 0; CPU \d+\.\d\d s .* peak memory \d+(\.\d+)? [KM]iB, io read/);
  assert.not(existsSync(join(MOUNT, 'tscg/job')));
  assert.not(existsSync(join(MOUNT, 'tscg')));
});

test('throttled time is told', () => {
  const script = 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done';
  const { stderr } = tscg('run', '--name', 'job', '--cpu', '20%', '--', 'sh', '-c', script);
  assert.ok(Number(/throttled (\d+\.\d+) s/.exec(stderr)?.[1]) > 0.2, stderr);
});

test('out of memory: 137 and the number of kills', () => {
  const { status, stderr } = tscg('run', '--name', 'job', '--memory', '32M', '--', 'sh', '-c', 'exec tail /dev/zero');
  assert.is(status, 137, stderr);
  assert.match(stderr, /ended by signal 9; .*peak memory 32 MiB.*OOM kills 1/);
});

test('no room for the command is told, and nothing is left', () => {
  const { status, stderr } = tscg('run', '--name', 'job', '--pids', '0', '--', 'true');
  assert.is(status, 1);
  assert.match(stderr, /leaves no room for the command itself/);
  assert.not(existsSync(join(MOUNT, 'tscg/job')));
});

test('a name that is taken is left alone', () =>
  withBox('/tscg/job', async (box) => {
    const { status, stderr } = tscg('run', '--name', 'job', '--', 'true');
    assert.is(status, 1);
    assert.match(stderr, /\/tscg\/job exists already: give another --name/);
    assert.is(box.read('cgroup.type'), 'domain');
  }));

test('namespaces with limits: pid 1, host name, its cgroup as the root', () => {
  const flags = ['--pid', '--mount', '--uts', '--net', '--ipc', '--cgroup', '--memory', '64M'];
  const script = 'echo $$; hostname; sed -n "s/^0:://p" /proc/self/cgroup; cat /sys/fs/cgroup/memory.max';
  const { status, stdout, stderr } = tscg('run', '-q', '--name', 'box1', ...flags, '--', 'sh', '-c', script);
  assert.is(status, 0, stderr);
  assert.is(stdout, '1\nbox1\n/\n67108864\n');
});

test.run();

/** Who may do what: a user with units of her own, a member of the docker group, somebody inside a container. */

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MOUNT, TSCG } from '../../boxes.ts';
import { alice } from './alice.ts';
import { startDocker, startService, startUserService } from './workloads.mjs';

const read = (cgroup: string, file: string) => readFileSync(join(MOUNT, cgroup, file), 'utf8').trim();

test("a user limits and undoes her own unit through her own systemd, and is told why she may not limit root's", async () => {
  const own = await startUserService('mine');
  const done = alice('set', 'mine.service', '--memory', '64M');
  assert.is(done.status, 0, done.stderr);
  assert.is(read(own.cgroup, 'memory.max'), String(64 * 2 ** 20));
  assert.is(alice('undo').status, 0);
  assert.is(read(own.cgroup, 'memory.max'), 'max');

  const other = await startService('theirs', {});
  const refused = alice('set', 'theirs.service', '--memory', '64M');
  assert.is(refused.status, 1);
  assert.match(refused.stderr, /sudo/);
  assert.not.match(refused.stderr, /\n +at /);
  assert.is(read(other.cgroup, 'memory.max'), 'max');
});

test('a member of the docker group limits a container through its API', async () => {
  const web = await startDocker('grouped');
  const before = alice('set', 'grouped', '--memory', '64M');
  assert.is(before.status === 0, false, 'not a member yet');
  execFileSync('usermod', ['-aG', 'docker', 'alice']);
  const after = alice('set', 'grouped', '--memory', '64M');
  assert.is(after.status, 0, after.stderr);
  assert.is(read(web.cgroup, 'memory.max'), String(64 * 2 ** 20));
});

test('inside a container, where the hierarchy is read-only, each failure names it and the way out', () => {
  const script = `mount -o remount,bind,ro ${MOUNT}; exec ${process.execPath} ${TSCG} "$@"`;
  const inside = (...args: string[]) =>
    spawnSync(
      'unshare',
      ['--mount', '--cgroup', '--', 'sh', '-c', `mount --bind ${MOUNT} ${MOUNT}; ${script}`, 'sh', ...args],
      {
        encoding: 'utf8',
        env: { ...process.env, TSCG_STATE_DIR: '/tmp/inside' },
      },
    );
  const listed = inside('ls', '-d', '0.2');
  assert.is(listed.status, 0, listed.stderr);
  const refused = inside('set', '/system.slice/theirs.service', '--memory', '64M', '--via', 'cgroupfs');
  assert.is(refused.status, 1, refused.stderr);
  assert.match(refused.stderr, /EROFS.*read-only here.*run it on the host/);
  assert.match(inside('doctor').stdout, /read-only/);
});

test.run();

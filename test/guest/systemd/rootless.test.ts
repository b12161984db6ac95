/** What a user without root may do below her own manager, and what she is told of the rest. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MOUNT } from '../../boxes.ts';
import { alice } from './alice.ts';
import { startService, startUserService } from './workloads.mjs';

const read = (cgroup: string, file: string): string => readFileSync(join(MOUNT, cgroup, file), 'utf8').trim();
const isFrozen = (cgroup: string): boolean => /^frozen 1$/m.test(read(cgroup, 'cgroup.events'));

const MANAGER = '/user.slice/user-1000.slice/user@1000.service';

test('run: a scope of her own manager, with limits that hold, her exit code, and nothing left', async () => {
  await startUserService('awake');
  const script = 'at=$(sed -n s/^0:://p /proc/self/cgroup); echo $at; cat /sys/fs/cgroup$at/memory.max; id -un; exit 7';
  const done = alice('run', '--name', 'job', '--memory', '64M', '--', 'sh', '-c', script);
  assert.is(done.status, 7, done.stderr);
  const [path = '', memory, user] = done.stdout.trim().split('\n');
  assert.ok(path.startsWith(`${MANAGER}/`) && path.endsWith('/job.scope'), path);
  assert.equal([memory, user], [String(64 * 2 ** 20), 'alice']);
  assert.match(done.stderr, /tscg: job: exit code 7; CPU \d.* peak memory \d/);
  assert.not(existsSync(join(MOUNT, path)));

  const dry = alice('run', '--dry-run', '--name', 'job', '--memory', '64M', 'true');
  assert.is(dry.stdout.split('\n')[0], `job  ${path}`, dry.stderr);
});

test('run in namespaces: as root of a user namespace of her own', () => {
  const flags = ['--user', '--pid', '--mount', '--uts', '--net'];
  const { status, stdout, stderr } = alice(
    'run',
    '-q',
    '--name',
    'inside',
    ...flags,
    '--',
    'sh',
    '-c',
    'id -u; echo $$; hostname',
  );
  assert.is(status, 0, stderr);
  assert.is(stdout, '0\n1\ninside\n');
  const refused = alice('run', '--pid', 'true');
  assert.is(refused.status, 1);
  assert.match(
    refused.stderr,
    /^tscg: the command cannot be started: EPERM \(namespaces are made by root, [^\n]*; run it with sudo, or add --user\)\n$/,
  );
});

test('run --user where user namespaces are switched off: to add --user is no advice', () => {
  const toggle = '/proc/sys/kernel/unprivileged_userns_clone';
  writeFileSync(toggle, '0');
  try {
    const { status, stderr } = alice('run', '--pid', '--user', 'true');
    assert.is(status, 1);
    assert.match(stderr, /^tscg: [^\n]*EPERM \(user namespaces are switched off [^\n]*; run it with sudo\)\n$/);
  } finally {
    writeFileSync(toggle, '1');
  }
});

test('actions on what is hers', async () => {
  const { cgroup } = await startUserService('hers');
  const frozen = alice('freeze', 'hers.service');
  assert.is(frozen.status, 0, frozen.stderr);
  assert.ok(isFrozen(cgroup));
  assert.is(alice('undo').status, 0);
  assert.not(isFrozen(cgroup));
  const reclaimed = alice('reclaim', 'hers.service', '1M');
  assert.is(reclaimed.status, 0, reclaimed.stderr);
  assert.match(alice('controllers', 'hers.service').stdout, /memory +yes/);
  const killed = alice('kill', 'hers.service');
  assert.is(killed.status, 0, killed.stderr);
  assert.match(killed.stdout, /killed 1 process/);
});

test('--for of a user is taken back by a process of hers, which undo ends', async () => {
  const { cgroup } = await startUserService('awhile');
  const set = alice('set', 'awhile.service', '--memory', '64M', '--for', '10m');
  assert.is(set.status, 0, set.stderr);
  const helper = /process (\d+) takes it back in 10m/.exec(set.stdout)?.[1];
  assert.ok(helper && existsSync(`/proc/${helper}`), set.stdout);
  assert.is(alice('undo').status, 0);
  assert.is(read(cgroup, 'memory.max'), 'max');
  for (let tries = 0; existsSync(`/proc/${helper}`) && tries < 100; tries++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  assert.not(existsSync(`/proc/${helper}`));
});

test("actions on root's: refused in one line, with what is missing and what to do, and nothing done", async () => {
  const { cgroup, pid } = await startService('roots', {});
  const hers = await startUserService('place');
  const table: readonly (readonly string[])[] = [
    ['freeze', 'roots.service'],
    ['freeze', 'roots.service', '--via', 'cgroupfs'],
    ['kill', 'roots.service'],
    ['kill', 'roots.service', '--signal', 'TERM'],
    ['reclaim', 'roots.service', '1M'],
    ['move', `pid:${pid}`, hers.cgroup],
  ];
  for (const args of table) {
    const { status, stderr } = alice(...args);
    assert.is(status, 1, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, /^tscg: [^\n]*(sudo|delegated|already)[^\n]*\n$/, `${args.join(' ')}: ${stderr}`);
  }
  assert.not(isFrozen(cgroup));
  assert.is(read(cgroup, 'cgroup.procs'), String(pid));
});

test.run();

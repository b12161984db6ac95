/** The actions where systemd and the engines own the cgroups: their own view and the kernel's agree. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MOUNT, tscg, tscgJson } from '../../boxes.ts';
import { startDocker, startDockerDaemon, startPodman, startService } from './workloads.mjs';

const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' }).trim();

const isFrozen = (cgroup: string): boolean =>
  /^frozen 1$/m.test(readFileSync(join(MOUNT, cgroup, 'cgroup.events'), 'utf8'));

test('a unit is frozen by systemd, undo thaws it, and systemd knows', async () => {
  const { name, cgroup } = await startService('ice');
  const frozen = tscg('freeze', name);
  assert.is(frozen.status, 0, frozen.stderr);
  assert.match(frozen.stdout, /through systemd ice\.service: FreezeUnit/);
  assert.ok(isFrozen(cgroup));
  assert.is(run('systemctl', 'show', '-P', 'FreezerState', 'ice.service'), 'frozen');
  assert.is(tscg('undo').status, 0);
  assert.not(isFrozen(cgroup));
  assert.is(run('systemctl', 'show', '-P', 'FreezerState', 'ice.service'), 'running');
  assert.match(tscg('kill', name).stdout, /killed 1 process/);
});

test('engines are not killed or frozen without --force', () => {
  for (const action of ['kill', 'freeze']) {
    const { status, stderr } = tscg(action, '/system.slice');
    assert.is(status, 2);
    assert.match(stderr, /refused: .*(runs|run) in \/system\.slice.*--force/);
  }
});

test('run makes a scope, whose limits are systemd properties, and leaves nothing', () => {
  const script = 'systemctl show -P MemoryMax job.scope; sed -n "s/^0:://p" /proc/self/cgroup; exit 7';
  const { status, stdout, stderr } = tscg(
    'run',
    '--name',
    'job',
    '--memory',
    '256M',
    '--cpu',
    '50%',
    '--',
    'sh',
    '-c',
    script,
  );
  assert.is(status, 7, stderr);
  assert.equal(stdout.trim().split('\n'), ['268435456', '/system.slice/job.scope']);
  assert.match(stderr, /tscg: job: exit code 7; CPU \d+\.\d\d s .* peak memory \d/);
  assert.not(existsSync(join(MOUNT, 'system.slice/job.scope')));
});

test('a limit of run that is refused leaves nothing: the command is ended before its scope is waited for', () => {
  const { status, stderr } = tscg('run', '--name', 'refused', '--cpuset-cpus', '1000', '--', 'true');
  assert.ok(status, stderr);
  assert.match(stderr, /no CPU 1000/);
  assert.not(existsSync(join(MOUNT, 'system.slice/refused.scope')));
});

test('set --for is taken back by a timer of systemd', async () => {
  const { name, cgroup } = await startService('trial');
  const pidsMax = (): string => readFileSync(join(MOUNT, cgroup, 'pids.max'), 'utf8').trim();
  const before = pidsMax();
  const { status, stdout, stderr } = tscg('set', name, '--pids', '77', '--for', '4s');
  assert.is(status, 0, stderr);
  assert.match(stdout, /tscg-revert-[0-9a-f]{8}\.timer of systemd takes it back in 4s/);
  assert.is(pidsMax(), '77');
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (pidsMax() !== before) return;
      watcher.close();
      clearInterval(ticker);
      resolve();
    };
    const watcher = watch(join(MOUNT, cgroup), look);
    const ticker = setInterval(look, 200);
  });
});

test('undo by hand ends the timer of --for', async () => {
  const { name } = await startService('brief');
  const { stdout } = tscg('set', name, '--pids', '77', '--for', '10m');
  const timer = /(tscg-revert-[0-9a-f]{8}\.timer) of systemd takes it back in 10m/.exec(stdout)?.[1] ?? '';
  assert.is(run('systemctl', 'show', '-P', 'ActiveState', timer), 'active');
  assert.is(tscg('undo').status, 0);
  assert.is(run('systemctl', 'show', '-P', 'ActiveState', timer), 'inactive');
});

test('docker and podman pause their own', async () => {
  await startDockerDaemon('systemd');
  const docker = await startDocker('iced');
  const podman = await startPodman('icep');
  for (const [engine, { name, cgroup }] of [
    ['docker', docker],
    ['podman', podman],
  ] as const) {
    if (!existsSync(`/run/${engine === 'docker' ? 'docker.sock' : 'podman/podman.sock'}`)) continue;
    const frozen = tscg('freeze', name);
    assert.is(frozen.status, 0, `${engine}: ${frozen.stderr}`);
    assert.match(frozen.stdout, new RegExp(`through ${engine} .*: pause`));
    assert.ok(isFrozen(cgroup), engine);
    assert.is(run(engine, 'inspect', '-f', '{{.State.Status}}', name), 'paused');
    assert.is(tscgJson('thaw', name).frozen, false);
    assert.is(run(engine, 'inspect', '-f', '{{.State.Status}}', name), 'running');
    assert.is(tscg('kill', name).status, 0);
  }
});

test.run();

/** `tscg run` in a scope of systemd: what ends the command ends nothing else, and the summary is told all the same. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MOUNT, TSCG, tscg } from '../../boxes.ts';
import { startScope } from './workloads.mjs';

const cgroupOf = (name: string): string => join(MOUNT, 'system.slice', `${name}.scope`);

/** Ended by `end` once its command runs; what was said and the exit code. */
async function ended(name: string, end: (pid: number) => void): Promise<{ code: unknown; stderr: string }> {
  const command = ['--', 'sh', '-c', 'echo ready; exec sleep 1000'];
  const child = spawn(process.execPath, [TSCG, 'run', '--name', name, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  await once(child.stdout, 'data');
  end(child.pid ?? 0);
  const [code] = await once(child, 'close');
  return { code, stderr };
}

test('Ctrl-C, which goes to all of the terminal, and systemctl stop: the summary is told, and the scope gone', async () => {
  const interrupted = await ended('interrupted', (pid) => process.kill(-pid, 'SIGINT'));
  assert.is(interrupted.code, 130, interrupted.stderr);
  assert.match(interrupted.stderr, /^tscg: interrupted: ended by signal 2; CPU \d.* peak memory \d/);
  assert.not(existsSync(cgroupOf('interrupted')));
  const stopped = await ended('stopped', () => execFileSync('systemctl', ['stop', 'stopped.scope']));
  assert.is(stopped.code, 143, stopped.stderr);
  assert.match(stopped.stderr, /^tscg: stopped: ended by signal 15; CPU \d.* peak memory \d/);
  assert.not(existsSync(cgroupOf('stopped')));
});

// The kernel may count the one that it had chosen once more with its group.
test('out of memory, with the whole cgroup killed: the summary is told', () => {
  const limits = ['--memory', '32M', '--oom-group', '1'];
  const { status, stderr } = tscg('run', '--name', 'greedy', ...limits, '--', 'sh', '-c', 'exec tail /dev/zero');
  assert.is(status, 137, stderr);
  assert.match(stderr, /greedy: ended by signal 9; .*peak memory 3\d(\.\d+)? MiB.*OOM kills [12]/, stderr);
  assert.not(existsSync(cgroupOf('greedy')));
});

test('out of memory twice, of its children: systemd does not end the command for it', () => {
  const script = 'tail /dev/zero; tail /dev/zero; echo goes on; exit 3';
  const { status, stdout, stderr } = tscg('run', '--name', 'spared', '--memory', '32M', '--', 'sh', '-c', script);
  assert.is(status, 3, stderr);
  assert.is(stdout, 'goes on\n');
  assert.match(stderr, /spared: exit code 3; .*peak memory 3\d(\.\d+)? MiB.*OOM kills 2/, stderr);
});

test("--pids: as many tasks as asked are the command's, and the plan tells of ours", () => {
  const forks = ['--', 'sh', '-c', 'x=$(echo two); echo "$x"'];
  assert.is(tscg('run', '-q', '--pids', '2', ...forks).stdout, 'two\n');
  const { status, stderr } = tscg('run', '-q', '--pids', '1', ...forks);
  assert.ok(status, stderr);
  assert.match(stderr, /fork/i);
  const { stdout } = tscg('run', '--dry-run', '--pids', '2', 'true');
  assert.match(stdout, /pids\.max: max → 3 .*\n.*TasksMax=3\n +one more than asked: /);
});

test('a name that is taken, or none for a scope: one line with the remedy', async () => {
  await startScope('taken');
  // Without a cgroup: systemd remembers that it failed.
  const fail = 'systemd-run --scope -q --unit=known -p RuntimeMaxSec=1 sleep 1000';
  execFileSync('sh', ['-c', `${fail}; until systemctl -q is-failed known.scope; do sleep 0.1; done`]);
  for (const name of ['taken', 'known']) {
    const { status, stderr } = tscg('run', '--name', name, 'true');
    assert.is(status, 1);
    assert.match(stderr, new RegExp(`^tscg: ${name}\\.scope exists already: give another --name [^\\n]*\\n$`));
  }
  for (const flags of [[], ['--dry-run']]) {
    const { status, stderr } = tscg('run', ...flags, '--name', 'a@b', 'true');
    assert.is(status, 2);
    assert.match(stderr, /^tscg: --name: "a@b": [^\n]*; give one without\n$/);
  }
});

test.run();

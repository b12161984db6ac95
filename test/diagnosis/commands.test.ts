/** tscg why and tscg check as a user runs them, on this machine. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { at, listOf } from '../../src/inventory/names/json.ts';
import { waitsUnavailable } from '../../src/kernel/waits-bpf.ts';
import { BUSY, MOUNT, onMount, TSCG, tscg, withBox } from '../boxes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('bad input: one clear line and exit code 2', () => {
  for (const [args, says] of [
    [['why', 'no-such-workload'], /no container, unit or cgroup/],
    [['why', '/'], /whole machine/],
    [['why', '--for', '1ms'], /--for: 1ms is not from/],
    [['why', '--for', 'soon'], /--for/],
    [['whatif', 'no-such-workload', '--cpu', '50%'], /no container, unit or cgroup/],
    [['whatif', '/', '--cpu', '50%'], /the root cgroup has no cpu\.max; name a cgroup below it/],
    [['whatif', '/', '--cpu', 'max'], /root cgroup/],
    [['prove', 'no-such-workload', '--victim', '/', '--cpu-weight', '1'], /no container, unit or cgroup/],
  ] as const) {
    const { status, stdout, stderr } = tscg(...args);
    assert.is(status, 2, args.join(' '));
    assert.is(stdout, '');
    assert.match(stderr, says);
    assert.is(stderr.trim().split('\n').length, 1, stderr);
  }
});

test('check answers on one line, and with 3 what it cannot know', () => {
  for (const condition of ['no-such-workload.cpu_wait > 1', 'nothing', '/.cpu_wait > 1', 'web.no_such_figure > 1']) {
    const { status, stdout, stderr } = tscg('check', condition, '--for', '1s');
    assert.is(status, 3, condition);
    assert.match(stdout, /^UNKNOWN - .+\n$/);
    assert.is(stderr, '');
  }
  for (const args of [[], ['web.pids > 1', 'web.pids > 2'], ['--nothing']]) {
    const { status, stdout, stderr } = tscg('check', ...args);
    assert.is(status, 3, args.join(' '));
    assert.match(stdout, /^UNKNOWN - tscg: .+; see tscg check --help\n$/);
    assert.is(stderr, '');
  }
  assert.is(tscg('check', '--help').status, 0);
});

test('doctor says from which source why will answer', () => {
  const { stdout } = tscg('doctor');
  const reason = waitsUnavailable();
  if (reason === undefined) assert.match(stdout, /^(ok +eBPF +tscg why measures|note +eBPF +.*the kernel refused)/m);
  else assert.ok(stdout.includes(`kernel files alone: ${reason}`), stdout);
});

onMount(test)('why tells the figures and what is missing, in text and as JSON', () =>
  withBox('/tscg-why/box', async (box) => {
    await box.run(BUSY);
    const { status, stdout } = tscg('why', box.path, '--for', '2s', '--json');
    assert.is(status, 0);
    const [finding] = listOf(JSON.parse(stdout));
    assert.is(at(finding, 'path'), box.path);
    assert.ok(Number(at(finding, 'window')) >= 2);
    assert.ok(listOf(at(finding, 'verdicts')).length > 0);
    const text = tscg('why', box.path, '--for', '2s', '--no-ebpf');
    assert.is(text.status, 0);
    assert.match(text.stdout, /from kernel files/);
    assert.match(text.stdout, /the machine: \d+ CPUs/);
  }),
);

onMount(test)('check says of a cause that is not known what would help', () =>
  withBox('/tscg-why/unknown', async (box) => {
    box.write('cgroup.pressure', '0');
    const { status, stdout } = tscg('check', `${box.path}.cpu_wait > 10`, '--for', '1s');
    assert.is(status, 3);
    assert.match(stdout, /^UNKNOWN - .*cannot be read; no cpu\.pressure.*psi=1/);
  }),
);

onMount(test)('check measures a metric: it holds, or it does not', () =>
  withBox('/tscg-why/check', async (box) => {
    await box.run(BUSY);
    const over = tscg('check', `${box.path}.cpu_percent >= 0`, '--for', '1s');
    assert.is(over.status, 1);
    assert.match(over.stdout, /^WARNING - .* \| '.*'=[\d.]+%;0;;0\n$/);
    assert.is(tscg('check', `${box.path}.cpu_percent < 0`, '--for', '1s').status, 0);
  }),
);

/** A machine without cgroup v2: its table of mounts says so, for this command alone. */
function onV1(...args: readonly string[]) {
  const table = join(temporaryFolder(), 'mountinfo');
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const v1 = '32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n';
  writeFileSync(table, lines.filter((line) => !line.includes(' - cgroup')).join('\n') + v1);
  const script = 'mount --bind "$0" /proc/$$/mountinfo && exec "$@"';
  const command = ['unshare', '-m', 'sh', '-c', script, table, process.execPath, TSCG, ...args] as const;
  return spawnSync(command[0], command.slice(1), { encoding: 'utf8' });
}

onMount(test)('with cgroup v1 alone: what the machine does, why no more is known, and the remedy', () => {
  const remedy = /cgroup v1 alone.*; boot with systemd\.unified_cgroup_hierarchy=1/;
  for (const args of [['why'], ['why', 'web', '--prove'], ['why', '--watch']]) {
    const { status, stdout, stderr } = onV1(...args);
    assert.is(status, 1, stderr);
    assert.match(stdout, /^the machine: \d+ CPUs.*\n$/);
    assert.match(stderr, remedy);
  }
  for (const args of [
    ['why', '--json'],
    ['prove', 'a', '--victim', 'b', '--cpu-weight', '1'],
  ]) {
    const { status, stdout, stderr } = onV1(...args);
    assert.equal([status, stdout], [1, '']);
    assert.match(stderr, remedy);
  }
  const { status, stdout } = onV1('check', 'web.cpu_wait > 10');
  assert.is(status, 3);
  assert.match(stdout, remedy);
  return Promise.resolve();
});

onMount(test)('--watch says whose trouble would not show, and ends when nobody is left to watch', () =>
  withBox('/tscg-why/watched', async (box) => {
    box.write('cgroup.pressure', '0');
    const child = spawn(process.execPath, [TSCG, 'why', '--watch', box.path], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(child, 'exit');
    const directory = join(MOUNT, box.path);
    let told = '';
    for await (const part of child.stderr.setEncoding('utf8')) {
      told += part;
      if (told.includes('\n') && existsSync(directory)) rmdirSync(directory);
    }
    mkdirSync(directory);
    assert.match(told, /the trouble of watched may not show: no cpu\.pressure: PSI is off/);
    assert.match(told, /watched ended: nobody is left to watch/);
    assert.equal(await ended, [1, null]);
  }),
);

test.run();

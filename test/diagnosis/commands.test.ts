/** tscg why and tscg check as a user runs them, on this machine. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { at, listOf } from '../../src/inventory/names/json.ts';
import { waitsUnavailable } from '../../src/kernel/waits-bpf.ts';
import { BUSY, onMount, tscg, withBox } from '../boxes.ts';

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

onMount(test)('check measures a metric: it holds, or it does not', () =>
  withBox('/tscg-why/check', async (box) => {
    await box.run(BUSY);
    const over = tscg('check', `${box.path}.cpu_percent >= 0`, '--for', '1s');
    assert.is(over.status, 1);
    assert.match(over.stdout, /^WARNING - .* \| '.*'=[\d.]+%;0;;0\n$/);
    assert.is(tscg('check', `${box.path}.cpu_percent < 0`, '--for', '1s').status, 0);
  }),
);

test.run();

/** What `tscg run` and `tscg try` work out beforehand and afterwards, by table. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NAMESPACES, type Namespace, prepare } from '../../../src/limits/launch/namespaces.ts';
import { readSummary, summaryText } from '../../../src/limits/launch/summary.ts';
import { comparePressure, readPressure } from '../../../src/limits/revert/pressure.ts';
import { fakeFiles } from '../fake-files.ts';

const steps = (namespaces: readonly Namespace[], more: { rootfs?: string } = {}) =>
  prepare({ namespaces: new Set(namespaces), hostname: 'box', mount: '/sys/fs/cgroup', ...more });

test('namespaces: the flags for clone3, and the steps in the child', () => {
  assert.equal([steps([]).flags, steps([]).steps.length], [0, 0]);
  const { flags, steps: made } = steps(['pid', 'mount', 'uts', 'net']);
  assert.is(flags, NAMESPACES.pid + NAMESPACES.mount + NAMESPACES.uts + NAMESPACES.net);
  assert.equal(
    made.map(({ call, target }) => `${call} ${target ?? ''}`),
    ['mount /', 'mount /proc', 'hostname box', 'loopback '],
  );
  // Made in the child: clone3 would take the cgroup of its parent for the root.
  assert.equal([steps(['cgroup']).flags, steps(['cgroup']).steps[0]?.call], [0, 'unshare']);
});

test('a root of its own brings a mount namespace, and is entered last', () => {
  const { flags, steps: made } = steps([], { rootfs: '/tmp' });
  assert.is(flags, NAMESPACES.mount);
  assert.equal(made.at(-1), { call: 'pivot', target: '/tmp' });
  assert.throws(() => steps([], { rootfs: '/nowhere' }), /is no folder/);
});

test('the summary tells what there is, and -- for the rest', () => {
  const files = fakeFiles({
    '/a/cpu.stat': 'usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\nnr_throttled 4\nthrottled_usec 250000',
    '/a/memory.peak': '33554432',
    '/a/memory.events': 'oom 3\noom_kill 1',
    '/a/io.stat': '8:0 rbytes=1048576 wbytes=0\n8:16 rbytes=1048576 wbytes=4096',
  });
  assert.is(
    summaryText(readSummary('/a', files, 2000)),
    'CPU 1.50 s (user 1.00 s, system 0.50 s) in 2.00 s, peak memory 32 MiB, io read 2 MiB, written 4 KiB, throttled 0.25 s, OOM kills 1',
  );
  assert.is(
    summaryText(readSummary('/a', fakeFiles({}), 0)),
    'CPU -- (user --, system --) in 0.00 s, peak memory --, io read --, written --, throttled --',
  );
});

test('pressure: the minute before against the time between, the greatest change first', () => {
  const psi = (avg60: number, total: number): string => `some avg10=0.00 avg60=${avg60} avg300=0.00 total=${total}`;
  const before = fakeFiles({
    '/a/cpu.pressure': psi(40, 1_000_000),
    '/b/cpu.pressure': psi(0, 0),
    '/b/io.pressure': psi(2, 0),
  });
  const after = fakeFiles({
    '/a/cpu.pressure': psi(0, 2_000_000),
    '/b/cpu.pressure': psi(0, 10),
    '/b/io.pressure': psi(0, 0),
  });
  const paths = ['/a', '/b', '/gone'];
  const start = { ...readPressure(paths, before), at: 0 };
  const end = { ...readPressure(paths, after), at: 10_000 };
  assert.equal(comparePressure(paths, start, end), [
    { path: '/a', resource: 'cpu', before: 40, during: 10 },
    { path: '/b', resource: 'io', before: 2, during: 0 },
  ]);
});

test.run();
